// Goal: every key finds its partition, and a range its partitions in the order in which a page reads them.
#include "cluster/partition_map.h"

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

// A table of `count` partitions with the ids 10, 11, ..., entered out of order.
ClusterState state_of(uint32_t count) {
  ClusterState state;
  model::Table table = test_table();
  state.tables[table.name] = table;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t segment = (i * 3 + 1) % count;
    Partition partition;
    partition.id = model::PartitionId(10 + i);
    partition.table = table.id;
    partition.range = model::segment_range(segment, count);
    state.partitions[partition.id] = partition;
  }
  return state;
}

TEST(PartitionMap, KnowsItsTables) {
  PartitionMap map(state_of(1));
  EXPECT_EQ(map.find("tab"), nullptr);
  ASSERT_NE(map.find("Tab"), nullptr);
  EXPECT_EQ(*map.find("Tab")->table, test_table());
  EXPECT_EQ(PartitionMap(ClusterState{}).find("Tab"), nullptr);
}

TEST(PartitionMap, EveryKeyHasItsPartition) {
  for (uint32_t count : {1u, 2u, 5u, 16u}) {
    PartitionMap map(state_of(count));
    const TableRoute& route = *map.find("Tab");
    ASSERT_EQ(route.partitions.size(), count);
    for (int i = 0; i < 500; ++i) {
      std::string key = key_of("item" + std::to_string(i));
      EXPECT_TRUE(route.at(key).range.contains(key));
    }
    EXPECT_EQ(&route.at(std::string()), route.partitions.front().get());
    EXPECT_EQ(&route.at(std::string(40, '\xff')), route.partitions.back().get());
    for (const auto& partition : route.partitions) {
      EXPECT_EQ(&route.at(partition->range.from), partition.get());  // a bound belongs to the right
    }
  }
}

TEST(PartitionMap, APartitionIsFoundByItsId) {
  ClusterState state = state_of(4);
  state.partitions[model::PartitionId(11)].replicas = {{model::ReplicaId(1000), model::NodeId(2)}};
  PartitionMap map(state);
  ASSERT_NE(map.find(model::PartitionId(11)), nullptr);
  EXPECT_EQ(*map.find(model::PartitionId(11)), state.partitions.at(model::PartitionId(11)));
  EXPECT_EQ(map.find(model::PartitionId(9)), nullptr);
  const TableRoute& route = *map.find("Tab");
  for (const auto& partition : route.partitions) EXPECT_EQ(map.find(partition->id), partition);
}

TEST(PartitionMap, ARangeIsReadInItsOrder) {
  PartitionMap map(state_of(4));
  const TableRoute& route = *map.find("Tab");
  EXPECT_EQ(route.within({}, true), route.partitions);
  auto backwards = route.within({}, false);
  EXPECT_EQ(backwards.front(), route.partitions.back());
  EXPECT_EQ(backwards.size(), 4u);
  auto one = route.within({route.partitions[1]->range.from, route.partitions[1]->range.to}, true);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0], route.partitions[1]);
  auto two = route.within({route.partitions[1]->range.from, route.partitions[1]->range.to + '\0'}, true);
  EXPECT_EQ(two.size(), 2u);
}

}  // namespace
}  // namespace stator::cluster
