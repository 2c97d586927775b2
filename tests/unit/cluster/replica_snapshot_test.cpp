// Goal: a member whose entries are cut everywhere gets a snapshot and goes on as if nothing had been: with
// the same rows, the same memory of requests, the same chain. Whatever is lost on the way costs time, never
// data.
#include "tests/unit/cluster/snapshot_group.h"

namespace stator::cluster {
namespace {

TEST_F(ReplicaSnapshotTest, BringsAMemberUpToDate) {
  leave_behind();
  come_back();
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
  write(3);  // it goes on with the log
  group.tick(3);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
  EXPECT_TRUE(replica(1).node().status().peers[1].match == group[1].log_end());
}

TEST_F(ReplicaSnapshotTest, TheMemberCanLeadAfterwards) {
  leave_behind();
  come_back();
  group.elect(3);
  Token token = group[3].submit("UpdateItem", add_one("n1"));
  group.settle();
  group.tick(3);
  EXPECT_EQ(group[3].answer(token),
            R"(ok k={"S":"n1"} n={"N":"6"})");  // entries 1, 8, 15, 22, 29 were before
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, ARestartFindsWhatItBrought) {
  leave_behind();
  come_back();
  group[3].start();
  group.tick(3);
  expect_equal(1, 3);
  write(2);
  group.tick(3);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, WritesGoOnMeanwhile) {
  leave_behind();
  group.cut_off = {};
  int written = 0;
  for (int round = 0; round < 300 && group[3].installs == 0; ++round) {
    if (round % 4 == 0) {
      group[1].submit("UpdateItem", add_one("during"));
      ++written;
    }
    for (uint64_t id : {1, 2}) {
      Carrier& member = group[id];
      member.take(), member.sync(), member.apply();
      while (!member.loads.empty()) member.load_one();
    }
    if (round % 3 == 0 && !group[1].snapshot_requests.empty()) group[1].send_piece();
    Carrier& third = group[3];
    third.take(), third.sync(), third.apply();
    if (!third.pieces.empty()) third.store_piece();
    third.sync();
    for (auto& member : group.members) group.deliver(*member);
    if (round % 5 == 0) group[1].tick_heartbeat();
  }
  EXPECT_EQ(group[3].installs, 1);
  EXPECT_GT(written, 3);
  group.settle();
  group.tick(5);
  expect_equal(1, 3);
  EXPECT_EQ(group[3].item("during"), group[1].item("during"));
}

// --- remembered requests
// ---------------------------------------------------------------------------------------------

TEST_F(ReplicaSnapshotTest, BringsTheMemoryOfRequests) {
  leave_behind();
  Token write_once = group[1].submit("UpdateItem", add_one("once"), request_id(7));
  group.settle();
  ASSERT_EQ(group[1].answer(write_once), R"(ok k={"S":"once"} n={"N":"1"})");
  come_back();
  ASSERT_EQ(group[3].installs, 1);
  for (bool restarted : {false, true}) {
    if (restarted) group[3].start();
    group.elect(3);
    Token retry = group[3].submit("UpdateItem", add_one("once"), request_id(7));
    group.settle();
    EXPECT_EQ(group[3].answer(retry), R"(ok k={"S":"once"} n={"N":"1"})") << restarted;
    group.elect(1);
  }
  expect_equal(1, 3);
}

// The rows that it lies in go once nobody can ask for it any more.
TEST_F(ReplicaSnapshotTest, TheMemoryFades) {
  leave_behind();
  for (uint8_t i = 1; i <= 5; ++i) group[1].submit("UpdateItem", add_one("once"), request_id(i));
  group.settle();
  come_back();
  ASSERT_EQ(group[3].installs, 1);
  const auto kept = [&] { return group[3].rows.size() - replicated(group[3].rows).size(); };
  EXPECT_EQ(kept(), 5u);
  write(1);
  group.tick(3);
  EXPECT_EQ(kept(), 5u);
  for (auto& member : group.members) member->now += 61 * kSecond;
  write(1);
  group.tick(3);
  EXPECT_EQ(kept(), 0u);
  // And what came since is in the log, so that this one may be cut up to there.
  cut(3);
  EXPECT_TRUE(group[3].cut_log.has_value() || group[3].log.size() < 5);
}

// Requests from before an install are rows, not log: they do not keep the log from being cut.
TEST_F(ReplicaSnapshotTest, WhatIsInRowsKeepsNoLog) {
  leave_behind();
  group[1].submit("UpdateItem", add_one("once"), request_id(7));
  group.settle();
  come_back();
  ASSERT_EQ(group[3].installs, 1);
  write(10);
  group.tick(3);
  cut(3);
  EXPECT_EQ(group[3].cut_log, group[3].state.index);
}

// --- what is lost on the way
// -----------------------------------------------------------------------------------------

TEST_F(ReplicaSnapshotTest, ALostPieceIsSentAgain) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  group[3].store_piece();
  group[3].messages.clear();  // the acknowledgement
  group.tick(20);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, ADamagedOneBeginsAnew) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  group[3].store_piece();
  group[3].received[20] = static_cast<char>(group[3].received[20] ^ 1);
  group.tick(30);
  EXPECT_EQ(group[3].abandoned, 1);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

// Its checksum is right, its content is none: a bug of the sender's must not be installed.
TEST_F(ReplicaSnapshotTest, OneThatMakesNoSenseIsRefused) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  const raft::SnapshotChunk first = group[3].pieces.front().chunk;
  SnapshotState whole{{}, {}};
  whole.state.index = first.meta.index;
  whole.state.term = first.meta.term;
  const auto expect_refused = [&](SnapshotState state) {
    group[3].replica->snapshot_stored(first.stream, first.offset, std::move(state), group[3].now);
    ReplicaOutputs out = group[3].replica->take_outputs(group[3].now);
    EXPECT_TRUE(out.snapshot_abandoned);
    EXPECT_TRUE(out.persist.empty());
    group[3].pieces.clear();
    group[3].received.clear();
    until_a_piece_waits();
    ASSERT_EQ(group[3].pieces.front().chunk.offset, 0u);
  };
  SnapshotState no_table = whole;
  no_table.rows.push_back({model::RowKind::kSchema, "", "no table"});
  expect_refused(no_table);
  SnapshotState no_request = whole;
  no_request.rows.push_back({model::RowKind::kRequest, "key", "value"});
  expect_refused(no_request);
  SnapshotState from_the_future = whole;
  from_the_future.rows.push_back(
      encode_request_row({request_id(1), model::Stamp{kNow}, first.meta.index + 1, api::ItemAnswer{}}));
  expect_refused(from_the_future);
  SnapshotState another = whole;
  another.state.term += 1;
  expect_refused(another);
  group.tick(30);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, TheReceiverRestarts) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  group[3].store_piece();
  group.deliver(group[3]);
  group[3].start();
  group.tick(30);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, TheLeaderChangesMidStream) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  group[3].store_piece();
  EXPECT_EQ(group[1].outgoing.size(), 1u);
  group.elect(2);
  group.tick(30);
  EXPECT_TRUE(group[1].outgoing.empty());  // closed
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(2, 3);
}

TEST_F(ReplicaSnapshotTest, AMemberThatGoesAwayKeepsNoneOpen) {
  leave_behind();
  group.cut_off = {};
  until_a_piece_waits();
  EXPECT_EQ(group[1].outgoing.size(), 1u);
  group.cut_off = {3};
  group.tick(2 * group[1].config.raft.election_ticks_max);
  EXPECT_TRUE(group[1].outgoing.empty());
  come_back();
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

TEST_F(ReplicaSnapshotTest, ASnapshotThatCannotBeHadIsTriedAgain) {
  leave_behind();
  group.cut_off = {};
  for (int i = 0; i < 50 && group[1].snapshot_requests.empty(); ++i) {
    group[1].tick_heartbeat();
    for (auto& member : group.members) member->take(), member->sync(), group.deliver(*member);
  }
  ASSERT_FALSE(group[1].snapshot_requests.empty());
  const raft::SnapshotRequest request = group[1].snapshot_requests.front();
  group[1].snapshot_requests.clear();
  replica(1).snapshot_failed(request.to, request.stream, group[1].now);
  group.tick(10);
  EXPECT_EQ(group[3].installs, 1);
  expect_equal(1, 3);
}

// --- crashes
// ---------------------------------------------------------------------------------------------------------

TEST_F(ReplicaSnapshotTest, ACrashBetweenTheTwoDatabases) {
  leave_behind();
  group.cut_off = {};
  for (int i = 0; i < 2000 && (group[3].persists.empty() || !group[3].persists.back().install); ++i) {
    for (uint64_t id : {1, 2}) group[id].settle(), group.deliver(group[id]);
    Carrier& third = group[3];
    if (!third.pieces.empty()) third.store_piece();
    third.take();
    while (!third.persists.empty() && !third.persists.front().install) third.sync_one();
    group.deliver(third);
    if (i % 5 == 4) group[1].tick_heartbeat();
  }
  ASSERT_FALSE(group[3].persists.empty());
  ASSERT_TRUE(group[3].persists.front().install.has_value());
  const raft::HardState vote = group[3].hard_state;
  group[3].install_items(*group[3].persists.front().install);  // and no more
  group[3].start();
  EXPECT_EQ(group[3].log_end(), group[3].state.index);
  EXPECT_GE(group[3].hard_state.term, vote.term);
  EXPECT_EQ(group[3].replica->node().last_index(), group[3].state.index);
  group.tick(5);
  expect_equal(1, 3);
  write(2);
  group.tick(3);
  expect_equal(1, 3);
  EXPECT_EQ(group[3].installs, 1);
}

TEST_F(ReplicaSnapshotTest, NothingIsAcknowledgedBeforeItIsDurable) {
  leave_behind();
  group.cut_off = {};
  for (int i = 0; i < 2000 && (group[3].persists.empty() || !group[3].persists.back().install); ++i) {
    for (uint64_t id : {1, 2}) group[id].settle(), group.deliver(group[id]);
    Carrier& third = group[3];
    if (!third.pieces.empty()) third.store_piece();
    third.take();
    while (!third.persists.empty() && !third.persists.front().install) third.sync_one();
    group.deliver(third);
    if (i % 5 == 4) group[1].tick_heartbeat();
  }
  const raft::Index index = group[3].persists.front().install->index;
  for (int i = 0; i < 10; ++i) {
    for (uint64_t id : {1, 2}) group[id].settle(), group.deliver(group[id]);
    group[3].take();
    group.deliver(group[3]);
    group[1].tick_heartbeat();
  }
  for (const raft::PeerStatus& peer : replica(1).node().status().peers) {
    EXPECT_TRUE(peer.replica.value != 3 || peer.match < index);
  }
  EXPECT_TRUE(group[3].applies.empty());
  EXPECT_EQ(group[3].replica->node().first_index(), index + 1);
  group[3].replica->items_synced(index, group[3].now, 1'000'000);  // the applier's sync tells at once
  group[3].take();
  EXPECT_EQ(group[3].cut_log, std::nullopt);
  group.settle();
  group.tick(3);
  expect_equal(1, 3);
}

// --- promises of an earlier leadership
// -----------------------------------------------------------------------------

// Leader 1 is cut off with writes in its log, so long that it gets a snapshot: what became of them the
// snapshot says where it remembers them, and else nobody.
TEST_F(ReplicaSnapshotTest, PromisesThatASnapshotOvertakes) {
  write(3);
  Token committed = group[1].submit("UpdateItem", add_one("once"), request_id(7));
  for (int i = 0; i < 3; ++i) {
    group[1].take(), group[1].sync();
    while (!group[1].loads.empty()) group[1].load_one();
  }
  group.deliver(group[1]);  // 2 and 3 have it, and their answers are lost
  for (uint64_t id : {2, 3}) group[id].settle(), group[id].messages.clear();
  group.cut_off = {1};
  Token alone = group[1].submit("UpdateItem", add_one("alone"), request_id(8));
  Token nameless = group[1].submit("UpdateItem", add_one("nameless"));
  for (int i = 0; i < 3; ++i) {
    group[1].take(), group[1].sync();
    while (!group[1].loads.empty()) group[1].load_one();
  }
  Token retried = group[1].submit("UpdateItem", add_one("once"), request_id(7));
  Token retried_alone = group[1].submit("UpdateItem", add_one("alone"), request_id(8));
  group[1].take();
  EXPECT_FALSE(group[1].answered(committed));
  group.elect(2);
  write(30, 2);
  // The remembered request would keep the logs: theirs are cut by force, as if it were in rows.
  for (uint64_t id : {2, 3}) {
    group[id].now += 1;
    replica(id).items_synced(group[id].state.index, group[id].now, 1'000'000);
    group[id].take();
  }
  come_back();
  group.tick(20);
  EXPECT_EQ(group[1].answer(committed), R"(ok k={"S":"once"} n={"N":"1"})");
  EXPECT_EQ(group[1].answer(retried), R"(ok k={"S":"once"} n={"N":"1"})");
  for (Token unknown : {alone, nameless, retried_alone}) {
    EXPECT_TRUE(group[1].answered(unknown));
    EXPECT_NE(group[1].answer(unknown).substr(0, 2), "ok");
  }
  EXPECT_EQ(replica(1).waiting(), 0u);
  expect_equal(2, 1);
}

// --- the log's retention
// -------------------------------------------------------------------------------------------------

}  // namespace
}  // namespace stator::cluster
