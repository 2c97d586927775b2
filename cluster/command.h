// Command: a write on its way through a replica: a client's request, what a node asks of group 0, or what a leader does for
// its own partition. A plain value; pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/operation.h"
#include "cluster/metadata_command.h"
#include "cluster/request_ids.h"
#include "model/row_kind.h"

namespace stator::cluster {

// Names a waiting client to whoever carries the replica (an actor, the simulator). Unique within a replica's
// life.
using Token = uint64_t;

struct Command {
  Token token = 0;
  api::RequestPtr request;      // null where `metadata` or `rows` is set
  std::string key;              // item operations: model::item_key; empty in group 0
  std::optional<RequestId> id;  // where a retry would carry the same; none where `metadata` is set
  std::shared_ptr<const MetadataCommand> metadata = nullptr;  // in group 0 only
  // In a table's partition only, and then there is no request: rows beside the items, written as they are. What is found out
  // from applied rows, and would be found again if it were lost.
  std::shared_ptr<const std::vector<model::RowWrite>> rows = nullptr;
};

}  // namespace stator::cluster
