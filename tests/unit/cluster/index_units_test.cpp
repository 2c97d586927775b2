// Goal: the indexes' parts of a request's capacity, and the item collection that it asked for, come back as they were from
// another node's answer.
#include "cluster/request_wire.h"

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

api::ItemAnswer item_answer() {
  api::ItemAnswer answer;
  answer.capacity = {0, 4.0, {{"by-year", true, 1.0}, {"by-artist", false, 2.0}}};
  answer.collection = std::make_shared<const api::ItemCollection>(
      api::ItemCollection{{{"pk", model::AttributeValue::s("a")}}, 5'000'000'000});
  return answer;
}

TEST(IndexUnits, ComeBackFromAnotherNode) {
  const auto decoded = decode_answer(encode_answer(api::Answer(item_answer()), 7));
  ASSERT_TRUE(decoded.result.ok());
  const auto& item = std::get<api::ItemAnswer>(*decoded.result);
  EXPECT_EQ(item.capacity, item_answer().capacity);
  ASSERT_NE(item.collection, nullptr);
  EXPECT_EQ(*item.collection, *item_answer().collection);
}

TEST(IndexUnits, OfAPageComeBackFromAnotherNode) {
  api::PageAnswer page;
  page.capacity = {1.5, 0, {{"by-year", true, 0.5}}};
  const auto decoded = decode_answer(encode_answer(api::Answer(page), 7));
  ASSERT_TRUE(decoded.result.ok());
  EXPECT_EQ(std::get<api::PageAnswer>(*decoded.result).capacity, page.capacity);
}

TEST(IndexUnits, AreThereOnlyWhereTheyWereAskedFor) {
  api::ItemAnswer answer;
  answer.capacity.read_units = 0.5;
  const auto decoded = decode_answer(encode_answer(api::Answer(answer), 7));
  ASSERT_TRUE(decoded.result.ok());
  const auto& item = std::get<api::ItemAnswer>(*decoded.result);
  EXPECT_EQ(item.capacity, answer.capacity);
  EXPECT_EQ(item.collection, nullptr);
}

}  // namespace
}  // namespace stator::cluster
