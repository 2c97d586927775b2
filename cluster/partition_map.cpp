// Lookups in the partition map.
#include "cluster/partition_map.h"

#include <algorithm>

#include "model/assert.h"

namespace stator::cluster {

PartitionMap::PartitionMap(const ClusterState& state) {
  std::unordered_map<model::TableId, TableRoute*> by_id;
  for (const auto& [name, table] : state.tables) {
    TableRoute& route = tables_[name];
    route.table = std::make_shared<const model::Table>(table);
    by_id[table.id] = &route;
  }
  for (const auto& [id, partition] : state.partitions) {
    auto it = by_id.find(partition.table);
    STATOR_ASSERT(it != by_id.end(), "a partition belongs to a table");
    auto shared = std::make_shared<const Partition>(partition);
    it->second->partitions.push_back(shared);
    partitions_.emplace(id, std::move(shared));
  }
  for (auto& [name, route] : tables_) {
    std::sort(route.partitions.begin(), route.partitions.end(),
              [](const auto& a, const auto& b) { return a->range.from < b->range.from; });
    STATOR_ASSERT(!route.partitions.empty(), "a table has partitions");
  }
}

const TableRoute* PartitionMap::find(std::string_view table) const {
  auto it = tables_.find(table);
  return it == tables_.end() ? nullptr : &it->second;
}

std::shared_ptr<const Partition> PartitionMap::find(model::PartitionId partition) const {
  auto it = partitions_.find(partition);
  return it == partitions_.end() ? nullptr : it->second;
}

const Partition& TableRoute::at(std::string_view key) const {
  auto it =
      std::upper_bound(partitions.begin(), partitions.end(), key,
                       [](std::string_view k, const auto& partition) { return k < partition->range.from; });
  STATOR_ASSERT(it != partitions.begin(), "the first partition begins at the first key");
  const Partition& partition = **std::prev(it);
  STATOR_ASSERT(partition.range.contains(key), "ranges leave no gap");
  return partition;
}

std::vector<std::shared_ptr<const Partition>> TableRoute::within(const model::KeyRange& range,
                                                                 bool forward) const {
  std::vector<std::shared_ptr<const Partition>> found;
  for (const auto& partition : partitions) {
    if (model::intersect(partition->range, range)) found.push_back(partition);
  }
  if (!forward) std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace stator::cluster
