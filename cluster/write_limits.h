// WriteLimits: asked by the leader of a partition before and after it evaluates a write, where its table's throughput is
// limited (item_machine.h). Given by the carrier, which knows the time and the table's other partitions on its node. Called
// on the replica's thread.
#pragma once

#include <optional>

#include "api/error.h"
#include "api/operation.h"
#include "api/write_cost.h"
#include "model/table.h"

namespace stator::cluster {

class WriteLimits {
 public:
  virtual ~WriteLimits() = default;
  // Whether the table is throttled now. Cheap: it is asked for each write.
  virtual bool on(const model::Table& table) const = 0;
  // Why the write is not even evaluated; nothing: admitted.
  virtual std::optional<api::Error> refuse(const model::Table& table, const api::Request& request) = 0;
  // Takes what an evaluated write costs; or the reason why it must not be done, and nothing is taken.
  virtual std::optional<api::Error> take(const model::Table& table, const api::Request& request,
                                         const api::WriteCost& cost) = 0;
};

}  // namespace stator::cluster
