// PartitionMap: where a key goes: tables by name, and of each its partitions in order of their ranges.
// Immutable once built; made from what group 0 holds. Routing is a lookup in it, on the thread that has the
// request (docs/architecture.md, protocol 24). Pure; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/cluster_state.h"
#include "cluster/partition.h"
#include "model/table.h"

namespace stator::cluster {

struct TableRoute {
  std::shared_ptr<const model::Table> table;
  std::vector<std::shared_ptr<const Partition>> partitions;  // in order of their ranges, which cover all keys

  // The partition that holds the key.
  const Partition& at(std::string_view key) const;
  // The partitions that hold some of `range`, in the order in which a page reads them.
  std::vector<std::shared_ptr<const Partition>> within(const model::KeyRange& range, bool forward) const;
};

class PartitionMap {
 public:
  explicit PartitionMap(const ClusterState& state);
  // Null where there is no such table.
  const TableRoute* find(std::string_view table) const;
  // Null where there is no such partition (any more).
  std::shared_ptr<const Partition> find(model::PartitionId partition) const;

 private:
  struct Hash {
    using is_transparent = void;
    // Memory only: nothing stored depends on it.
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  std::unordered_map<std::string, TableRoute, Hash, std::equal_to<>> tables_;
  std::unordered_map<model::PartitionId, std::shared_ptr<const Partition>> partitions_;
};

}  // namespace stator::cluster
