// Who and what waits inside a replica (replica.h): for a commit, an apply, a confirmation, the end of a snapshot. Private to
// it; plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "api/answer.h"
#include "cluster/command.h"
#include "cluster/replica_outputs.h"
#include "cluster/request_ids.h"
#include "cluster/request_rows.h"
#include "cluster/state_machine.h"
#include "raft/ready.h"

namespace stator::cluster::waiting {

// A client whose command is in the log, or in the body being filled.
struct Proposed {
  raft::Index index = 0;
  raft::Term term = 0;
  Token token = 0;
  std::optional<RequestId> id;
  api::Answer answer;
};
// A ReadIndex under way: a client's read, or an answer that changed nothing and waits for the confirmation.
struct Confirming {
  Token token = 0;
  std::optional<api::Result<api::Answer>> result;  // nullopt: a read
  raft::Index newest_read = 0;                     // with result: the newest proposal that it saw
  raft::Term term = 0;                             // of the leadership that made that proposal
};
// An own proposal that may be in the log still.
struct Unapplied {
  raft::Index index = 0;
  raft::Term term = 0;
  size_t bytes = 0;
};
struct Unanswered {
  Token token = 0;
  api::Result<api::Answer> result;
};
// A snapshot that was received whole, ready to be taken over.
struct Received {
  AppliedState state;
  StateMachine::Install install;
  std::vector<RememberedRequest> requests;
};
struct Incoming {
  uint64_t stream = 0;
  raft::SnapshotMeta meta;
};
// A snapshot that goes out: the log is kept from its index on.
struct Outgoing {
  uint64_t stream = 0;
  raft::Index index = 0;
};

}  // namespace stator::cluster::waiting
