// Goal: writes are limited where they are evaluated: refused ones change nothing and are answered with the throttle, done
// ones are charged what they cost, of a batch as many are done as there is throughput for, and what the server does by itself
// is not limited.
#include <gtest/gtest.h>

#include "api/internal/expire_item.h"
#include "cluster/item_machine.h"
#include "cluster/throughput_limiter.h"
#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

// One bucket of one unit a second, as a node has it, but with a clock of the test's.
class Limits final : public WriteLimits {
 public:
  explicit Limits(const model::Table& table) : limiter(table, {}, kNow) {}
  bool on(const model::Table&) const override { return enabled; }
  std::optional<api::Error> refuse(const model::Table&, const api::Request& request) override {
    return error(limiter.refuse_write(model::PartitionId(1), now), request);
  }
  std::optional<api::Error> take(const model::Table&, const api::Request& request, const api::WriteCost& cost) override {
    taken.push_back(cost.table);
    return error(limiter.take_write(model::PartitionId(1), cost, now), request);
  }
  std::optional<api::Error> error(const ThroughputLimiter::Refusal& refused, const api::Request& request) {
    if (!refused) return std::nullopt;
    return api::throttled(*refused, request.region).error;
  }

  bool enabled = true;
  uint64_t now = kNow;
  ThroughputLimiter limiter;
  std::vector<uint64_t> taken;  // in halves
};

model::Table small_table() {
  model::Table table = test_table(1);
  table.billing_mode = model::BillingMode::kProvisioned;
  table.throughput.read_units = table.throughput.write_units = 1;
  return table;
}

class WriteLimitsTest : public ::testing::Test {
 protected:
  WriteLimitsTest()
      : carrier(1, {1}, [this](const Rows&) {
          auto machine = std::make_unique<ItemMachine>(small_table());
          machine->limit_writes(limits);
          return machine;
        }) {
    carrier.start();
    carrier.replica->campaign(carrier.now);
    carrier.settle();
    EXPECT_TRUE(carrier.replica->serving());
  }
  std::string run(std::string_view operation, const std::string& json) {
    Token token = carrier.submit(item_command(0, operation, json));
    carrier.settle();
    return carrier.answer(token);
  }
  void use_up() { ASSERT_FALSE(limits->limiter.take_write(model::PartitionId(1), {2 * kBurstSeconds, {}}, limits->now)); }

  std::shared_ptr<Limits> limits = std::make_shared<Limits>(small_table());
  Carrier carrier;
};

TEST_F(WriteLimitsTest, AWriteOverTheLimitChangesNothing) {
  EXPECT_EQ(run("PutItem", put("a", "1")), "ok");
  use_up();
  const raft::Index before = carrier.replica->node().last_index();
  EXPECT_EQ(run("PutItem", put("a", "2")), "ProvisionedThroughputExceededException");
  EXPECT_EQ(run("DeleteItem", remove("a")), "ProvisionedThroughputExceededException");
  EXPECT_EQ(carrier.replica->node().last_index(), before);
  limits->now += 2 * kSecond;  // two units less the one of the first write
  EXPECT_EQ(run("DeleteItem", remove("a", kReturnOld)), R"(ok k={"S":"a"} v={"S":"1"})");
}

TEST_F(WriteLimitsTest, EachIsChargedWhatItCosts) {
  EXPECT_EQ(run("PutItem", put("a", std::string(3000, 'x'))), "ok");                  // 3 KB
  EXPECT_EQ(run("PutItem", put("a", "short")), "ok");                                 // the larger of both
  EXPECT_EQ(run("DeleteItem", remove("none")), "ok");                                 // at least one
  EXPECT_EQ(run("PutItem", put("a", std::string(2000, 'y'))), "ok");                  // 2 KB
  EXPECT_EQ(run("PutItem", put("a", "z", kIfAbsent)), "ConditionalCheckFailedException");  // what it looked at
  EXPECT_EQ(limits->taken, (std::vector<uint64_t>{6, 6, 2, 4, 4}));
}

// In one turn, as the parts of a BatchWriteItem come.
TEST_F(WriteLimitsTest, OfManyAtOnceThoseAreDoneThatThereIsThroughputFor) {
  ASSERT_FALSE(limits->limiter.take_write(model::PartitionId(1), {2 * (kBurstSeconds - 10), {}}, limits->now));
  std::vector<Token> tokens;
  for (int i = 0; i < 25; ++i) tokens.push_back(carrier.submit(item_command(0, "PutItem", put(std::to_string(i), "v"))));
  carrier.settle();
  for (int i = 0; i < 25; ++i)
    EXPECT_EQ(carrier.answer(tokens[i]), i < 10 ? "ok" : "ProvisionedThroughputExceededException") << i;
}

TEST_F(WriteLimitsTest, WhatIsOffIsNeverAskedFor) {
  use_up();
  limits->enabled = false;
  EXPECT_EQ(run("PutItem", put("a", "1")), "ok");
  EXPECT_TRUE(limits->taken.empty());
}

TEST_F(WriteLimitsTest, ExpiredItemsGoWhateverIsLeft) {
  EXPECT_EQ(run("PutItem", put("a", "1")), "ok");
  use_up();
  limits->taken.clear();
  auto request = std::make_shared<api::ExpireItemRequest>();
  request->operation = &api::kExpireItem;
  request->key = key_of("a");
  Command command;
  command.key = request->key;
  command.request = std::move(request);
  Token token = carrier.submit(std::move(command));
  carrier.settle();
  EXPECT_EQ(carrier.answer(token), "ok");
  EXPECT_TRUE(limits->taken.empty());
}

}  // namespace
}  // namespace stator::cluster
