// Goal: the estimate is near what answers really allocate, as malloc tells it, for the smallest values and
// the largest.
#include "net/answer_cost.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>

namespace stator::net {
namespace {

using model::AttributeValue;

// Bytes that copying the answer allocates, as malloc rounds them.
uint64_t allocated_by_copy(const api::PageAnswer& page) {
  const auto before = mallinfo2();
  const auto copy = std::make_unique<api::PageAnswer>(page);
  const auto after = mallinfo2();
  return (after.uordblks + after.hblkhd) - (before.uordblks + before.hblkhd);
}

api::PageAnswer page_of(const AttributeValue& value, int items) {
  api::PageAnswer page;
  for (int i = 0; i < items; ++i) {
    page.items.push_back({{"key", AttributeValue::s("k" + std::to_string(i))}, {"value", value}});
  }
  return page;
}

#ifndef __SANITIZE_ADDRESS__  // whose malloc counts nothing
TEST(AnswerCost, IsNearWhatIsAllocated) {
  model::AttributeList numbers(20'000, AttributeValue::n(7));
  model::AttributeList texts(5'000, AttributeValue::s("a text that does not fit inside"));
  model::AttributeList maps(5'000, AttributeValue::m({{"a", AttributeValue::n(1)}}));
  for (const AttributeValue& value :
       {AttributeValue::l(numbers), AttributeValue::l(texts), AttributeValue::l(maps),
        AttributeValue::b(std::string(100'000, 'b')), AttributeValue::s(std::string(100'000, 's'))}) {
    const api::PageAnswer page = page_of(value, 10);
    const auto allocated = static_cast<double>(allocated_by_copy(page));
    const auto estimated = static_cast<double>(answer_cost(api::Answer(page)));
    EXPECT_GT(estimated, allocated * 0.7) << model::type_name(value.type());
    EXPECT_LT(estimated, allocated * 1.3) << model::type_name(value.type());
  }
}
#endif

TEST(AnswerCost, OfSmallAnswersIsSmall) {
  EXPECT_EQ(answer_cost(api::Answer(api::ItemAnswer{})), 0u);
  EXPECT_LT(answer_cost(api::Answer(page_of(AttributeValue::n(1), 1))), 1000u);
  EXPECT_EQ(answer_cost(api::Answer(api::TableListAnswer{})), 0u);
}

TEST(AnswerCost, OfABatchIsThatOfItsParts) {
  const auto item = std::make_shared<model::Item>();
  item->set("v", AttributeValue::s(std::string(10'000, 'v')));
  api::BatchAnswer batch;
  batch.parts.emplace_back(api::ItemAnswer{item, {}});
  batch.parts.emplace_back(api::Error{});
  batch.parts.emplace_back(api::ItemAnswer{item, {}});
  EXPECT_GT(answer_cost(api::Answer(batch)), 20'000u);
}

}  // namespace
}  // namespace stator::net
