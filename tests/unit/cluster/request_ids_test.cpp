// Goal: a remembered request is found for 60 s, memory stays within its bound, and the log is kept as far
// back as a restart needs it.
#include "cluster/request_ids.h"

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

model::Stamp at(uint64_t seconds) { return {kNow + seconds * kSecond}; }

api::Answer answer(size_t bytes = 0) {
  api::ItemAnswer answer;
  if (bytes > 0)
    answer.item =
        std::make_shared<model::Item>(model::Item{{"b", model::AttributeValue::b(std::string(bytes, 'x'))}});
  return answer;
}

RequestId wide_id(uint32_t number) {
  RequestId id{};
  std::memcpy(id.data(), &number, sizeof number);
  return id;
}

TEST(RequestIds, RemembersIndexAndOutcome) {
  RequestIds ids;
  EXPECT_EQ(ids.find(request_id(1)), nullptr);
  EXPECT_EQ(ids.oldest_index(), std::nullopt);
  ids.remember(request_id(1), at(0), 10, answer(5));
  const RequestIds::Remembered* found = ids.find(request_id(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->index, 10u);
  EXPECT_NE(std::get<api::ItemAnswer>(found->outcome).item, nullptr);
  EXPECT_EQ(ids.oldest_index(), 10u);
}

TEST(RequestIds, ForgetsAfterItsRetention) {
  RequestIds ids;
  ids.remember(request_id(1), at(0), 10, answer());
  ids.remember(request_id(2), at(1), 11, answer());
  ids.forget_before(at(60));
  EXPECT_NE(ids.find(request_id(1)), nullptr);
  ids.forget_before({at(60).micros + 1});
  EXPECT_EQ(ids.find(request_id(1)), nullptr);
  EXPECT_NE(ids.find(request_id(2)), nullptr);
  EXPECT_EQ(ids.oldest_index(), 11u);
  ids.forget_before(at(100));
  EXPECT_EQ(ids.size(), 0u);
  EXPECT_EQ(ids.bytes(), 0u);
  EXPECT_EQ(ids.oldest_index(), std::nullopt);
}

// All replicas apply the same entries, so all forget the same requests, whatever their clocks say.
TEST(RequestIds, AgeComesFromTheStampsOfEntries) {
  RequestIds ids;
  ids.remember(request_id(1), at(0), 10, answer());
  ids.remember(request_id(2), at(61), 11, answer());
  EXPECT_EQ(ids.find(request_id(1)), nullptr);
  // A retry that came too late was carried out again: that is the one to be remembered now.
  ids.remember(request_id(1), at(62), 12, answer());
  EXPECT_EQ(ids.find(request_id(1))->index, 12u);
}

TEST(RequestIds, TheFirstOutcomeOfAnIdCounts) {
  RequestIds ids;
  ids.remember(request_id(1), at(0), 10, answer(5));
  size_t bytes = ids.bytes();
  ids.remember(request_id(1), at(1), 11, answer(50));
  EXPECT_EQ(ids.find(request_id(1))->index, 10u);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(ids.bytes(), bytes);
}

TEST(RequestIds, TheOldestGoWhereBytesRunOut) {
  RequestIds ids(10'000);
  for (uint32_t i = 0; i < 1000; ++i) {
    ids.remember(wide_id(i), at(0), 10 + i, answer());
    EXPECT_LE(ids.bytes(), 10'000u);
  }
  EXPECT_GT(ids.size(), 10u);
  EXPECT_EQ(ids.find(wide_id(0)), nullptr);
  EXPECT_NE(ids.find(wide_id(999)), nullptr);
  EXPECT_EQ(ids.oldest_index(), 10u + 1000 - ids.size());
}

TEST(RequestIds, ReturnedAttributesCount) {
  RequestIds ids(100'000);
  for (uint32_t i = 0; i < 20; ++i) ids.remember(wide_id(i), at(0), 10 + i, answer(30'000));
  EXPECT_LE(ids.size(), 3u);
  // One that is larger than the bound is remembered alone: its client may still retry.
  ids.remember(wide_id(20), at(0), 30, answer(400'000));
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_NE(ids.find(wide_id(20)), nullptr);
}

}  // namespace
}  // namespace stator::cluster
