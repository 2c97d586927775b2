// Command: a client's write on its way through a replica. A plain value; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/operation.h"
#include "cluster/request_ids.h"

namespace stator::cluster {

// Names a waiting client to whoever carries the replica (an actor, the simulator). Unique within a replica's
// life.
using Token = uint64_t;

struct Command {
  Token token = 0;
  api::RequestPtr request;
  std::string key;              // item operations: model::item_key; empty in group 0
  std::optional<RequestId> id;  // where a retry would carry the same
};

}  // namespace stator::cluster
