// Goal: what a retry is answered with comes back from the log entry as it was: the indexes' parts of the capacity, and the
// item collection that was asked for.
#include "cluster/outcome_codec.h"

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

TEST(Outcome, HasTheIndexesPartsAndTheCollection) {
  capnp::MallocMessageBuilder message;
  write_outcome(message.initRoot<schemas::Outcome>(), item_answer());
  const auto outcome = read_outcome(message.getRoot<schemas::Outcome>().asReader());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->capacity, item_answer().capacity);
  ASSERT_NE(outcome->collection, nullptr);
  EXPECT_EQ(*outcome->collection, *item_answer().collection);
}

TEST(Outcome, HasNoDetailsWhereNoneWereAskedFor) {
  api::ItemAnswer answer;
  answer.capacity.write_units = 2;
  capnp::MallocMessageBuilder message;
  write_outcome(message.initRoot<schemas::Outcome>(), answer);
  EXPECT_FALSE(message.getRoot<schemas::Outcome>().asReader().hasDetails());
  const auto outcome = read_outcome(message.getRoot<schemas::Outcome>().asReader());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->capacity, answer.capacity);
  EXPECT_EQ(outcome->collection, nullptr);
}

}  // namespace
}  // namespace stator::cluster
