// ReplicaSnapshotTest: three replicas, one of which is so far behind that its entries are cut everywhere.
#pragma once

#include "tests/unit/cluster/group.h"

namespace stator::cluster {

class ReplicaSnapshotTest : public ::testing::Test {
 protected:
  ReplicaSnapshotTest() {
    for (auto& member : group.members) {
      member->config.log_cut_entries_min = 5;
      member->config.log_bytes_max = 1000;
      member->config.raft.snapshot_resend_ticks = 5;
      member->start();
    }
    group.begin(1);
  }
  Replica& replica(uint64_t id) { return *group[id].replica; }
  void write(int count, uint64_t at = 1) {
    for (int i = 0; i < count; ++i) {
      Token token = group[at].submit("UpdateItem", add_one("n" + std::to_string(i % 7)));
      group.settle();
      EXPECT_EQ(group[at].answer(token).substr(0, 2), "ok");
    }
  }
  // The log of `id` is as long as it may be: it is cut wherever its own restart does not need it.
  void cut(uint64_t id, uint64_t log_bytes = 1'000'000) {
    group[id].cut_log.reset();
    group[id].replica->items_synced(group[id].state.index, group[id].now, log_bytes);
    group.settle();
  }
  // Member 3 misses so much that no log has it any more.
  void leave_behind() {
    group.cut_off = {3};
    write(30);
    for (uint64_t id : {1, 2}) cut(id);
    EXPECT_GT(replica(1).node().first_index(), group[3].state.index + 1);
  }
  void come_back() {
    group.cut_off = {};
    group.tick(10);
  }
  void expect_equal(uint64_t a, uint64_t b) {
    EXPECT_TRUE(replicated(group[a].rows) == replicated(group[b].rows));
    EXPECT_EQ(group[a].state.index, group[b].state.index);
    EXPECT_EQ(group[a].state.checksum, group[b].state.checksum);
    EXPECT_EQ(group[a].state.items, group[b].state.items);
    EXPECT_EQ(group[a].state.bytes, group[b].state.bytes);
    EXPECT_EQ(group[a].state.schema_version, group[b].state.schema_version);
  }
  // Goes on by messages alone until a piece lies at member 3, not written yet.
  void until_a_piece_waits() {
    for (int i = 0; i < 200 && group[3].pieces.empty(); ++i) {
      for (uint64_t id : {1, 2}) group[id].settle(), group.deliver(group[id]);
      group[3].take(), group[3].sync(), group[3].apply(), group.deliver(group[3]);
      if (i % 10 == 9) group[1].tick_heartbeat();
    }
    ASSERT_FALSE(group[3].pieces.empty());
  }

  Group group{3};
};

}  // namespace stator::cluster
