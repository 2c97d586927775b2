// Remembered requests as rows: a snapshot takes them along (docs/architecture.md, protocol 9), since the
// replica that installs it has no log to rebuild them from. They lie in its space like other rows, so that a
// restart finds them, and go once they are forgotten. Pure; any thread.
//
//   key:   index u64, big-endian | request id 16 B          so that they sort as they were remembered
//   value: checksum u64 (XXH3 over key and body) | body     schemas/request_rows.capnp
#pragma once

#include <optional>
#include <string>

#include "cluster/request_ids.h"
#include "cluster/state_machine.h"

namespace stator::cluster {

struct RememberedRequest {
  RequestId id{};
  model::Stamp stamp;  // of the entry at `index`
  raft::Index index = 0;
  api::Answer outcome;  // an ItemAnswer or a TableAnswer
};

std::string request_row_key(raft::Index index, const RequestId& id);
StoredRow encode_request_row(const RememberedRequest& request);
// nullopt where it is none, or damaged.
std::optional<RememberedRequest> decode_request_row(const StoredRow& row);

}  // namespace stator::cluster
