// Requests and answers between nodes (schemas/request.capnp): a client's request goes on to the leader of its partition
// as the JSON that the client sent, which the leader's node parses again, and the typed answer comes back. Bytes that come
// in may be anything: what cannot be read is a value, never an assertion. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/answer.h"
#include "api/operation.h"
#include "cluster/request_ids.h"
#include "model/ids.h"
#include "model/index_counts.h"
#include "model/key.h"
#include "model/result.h"
#include "raft/entry.h"

namespace stator::cluster {

// Frame kinds of the link (net/link.h). On the wire: never reuse a number. 32 and above: init_messages.h.
enum class FrameKind : uint16_t {
  kRaft = 1,      // one-way: raft_messages.h
  kReport = 2,    // one-way: Report
  kForward = 16,  // request: Forward; response: Answered
  kBarrier = 17,  // request: nothing; response: an index
};

struct PagePart {
  model::KeyRange range;
  api::PageProgress before;
  bool consistent = false;
};
struct WholeRequest {};
struct BatchParts {
  std::vector<uint32_t> parts;  // indexes into BatchOperation::parts()
};

// Views are valid as long as what they point into: the sender's request, or the decoded body.
struct Forward {
  model::PartitionId partition;
  std::string_view operation;
  std::string_view body;
  RequestId request_id{};
  std::string_view region;
  std::variant<WholeRequest, PagePart, BatchParts> part;
};

struct Report {
  struct Leadership {
    model::PartitionId partition;
    raft::Term term = 0;
    bool serving = false;
    model::PartitionTotals totals;
    raft::Membership members;  // committed
    bool whole = false;        // they are as wished, and none lags far behind
  };
  bool complete = false;
  std::vector<Leadership> partitions;
  // Of a complete report:
  bool clock_astray = false;           // the sender leads nothing for now
  std::vector<model::NodeId> reaches;  // whom it is connected with; at most kNodesMax
};

// Why bytes of a peer could not be read.
struct WireError {};

std::string encode_forward(const Forward& forward);
// Requires a body that is aligned to 8 bytes, as the link gives them: the views point into it.
model::Result<Forward, WireError> decode_forward(std::string_view body);

struct ForwardAnswer {
  // Of Owner::kItem, kPage (before merging), kTables, or the parts of a batch.
  api::Result<api::Answer> result;
  raft::Index applied = 0;  // on the leader, when it answered
};
std::string encode_answer(const api::Result<api::Answer>& result, raft::Index applied);
// Bytes that are no answer are an InternalServerError.
ForwardAnswer decode_answer(std::string_view body);

std::string encode_barrier(raft::Index index);
model::Result<raft::Index, WireError> decode_barrier(std::string_view body);

std::string encode_report(const Report& report);
model::Result<Report, WireError> decode_report(std::string_view body);

}  // namespace stator::cluster
