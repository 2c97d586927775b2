// Goal: a node counts as silent only where neither this one nor any that it hears reaches it; and what a peer reported goes
// with its connection.
#include "cluster/node_watch.h"

#include <gtest/gtest.h>

namespace stator::cluster {
namespace {

constexpr model::NodeId kSelf{1}, kTwo{2}, kThree{3};

ClusterState three_nodes() {
  ClusterState state;
  for (model::NodeId id : {kSelf, kTwo, kThree}) state.nodes[id].id = id;
  return state;
}

TEST(NodeWatch, SilenceIsWhatNobodyHears) {
  NodeWatch watch;
  const ClusterState state = three_nodes();
  watch.up(kTwo, 100);
  watch.look(state, kSelf, 200);
  EXPECT_EQ(watch.silent_for(kSelf, 900), 0);
  EXPECT_EQ(watch.silent_for(kTwo, 900), 0);
  EXPECT_EQ(watch.silent_for(kThree, 900), 700);
  watch.reported(kTwo, false, {kSelf, kThree});  // a link that is cut on one side only
  watch.look(state, kSelf, 1'000);
  EXPECT_EQ(watch.silent_for(kThree, 1'500), 0);
  watch.lost(kTwo);  // and its word with it
  watch.look(state, kSelf, 2'000);
  EXPECT_EQ(watch.silent_for(kThree, 2'500), 500);
  EXPECT_EQ(watch.silent_for(kTwo, 2'500), 500);
  watch.look(ClusterState{}, kSelf, 3'000);  // they are out
  EXPECT_EQ(watch.silent_for(kThree, 3'500), 0);
}

TEST(NodeWatch, WhoMayLeadIsUpAndHasTheTime) {
  NodeWatch watch;
  EXPECT_FALSE(watch.may_lead(kTwo));
  watch.up(kTwo, 100);
  EXPECT_TRUE(watch.may_lead(kTwo));
  EXPECT_EQ(watch.up_for(kTwo, 350), 250);
  EXPECT_EQ(watch.up_for(kThree, 350), 0);
  watch.reported(kTwo, true, {});
  watch.reported(kThree, true, {});  // late: its connection is gone
  EXPECT_FALSE(watch.may_lead(kTwo));
  EXPECT_FALSE(watch.clock_astray(kThree));
  watch.lost(kTwo);
  watch.up(kTwo, 400);
  EXPECT_TRUE(watch.may_lead(kTwo));  // until it says otherwise again
}

}  // namespace
}  // namespace stator::cluster
