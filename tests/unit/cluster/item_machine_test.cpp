// Goal: item operations become entries whose effects, applied anywhere, are the rows and counts that the
// leader evaluated.
#include "cluster/item_machine.h"

#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

class ItemMachineTest : public ::testing::Test {
 protected:
  // Evaluates and takes, the row being `stored` where it is not in the overlay.
  api::Answer run(Command command, raft::Index index, api::StoredItemPtr stored = nullptr) {
    std::vector<RowLoad> loads;
    if (!machine.admit(command, loads)) {
      std::vector<Command> back = machine.row_loaded(loads.at(0).key, loads.at(0).load, std::move(stored), 0);
      command = std::move(back.at(0));
    }
    api::Evaluation evaluation = machine.evaluate(command, model::Stamp{kNow + index});
    auto& effects = std::get<api::Effects>(evaluation);
    machine.take(command, effects, index, model::Stamp{kNow + index});
    machine.evaluated(command);
    return effects.answer;
  }
  // The proposal as an entry, applied.
  ApplyResult apply(ItemMachine& to, const Proposal& proposal, raft::Index index) {
    LogHeader header;
    header.kind = proposal.kind;
    header.index = index;
    entries.push_back(seal_log_entry(header, proposal.body));
    ApplyResult result;
    auto applied = to.apply(header, log_body(*entries.back()), result);
    EXPECT_TRUE(applied.ok());
    requests = *applied;
    auto recalled = to.recall(header, log_body(*entries.back()));
    EXPECT_TRUE(recalled.ok());
    EXPECT_EQ(recalled->size(), requests.size());
    return result;
  }
  api::StoredItemPtr stored(const std::string& key, const std::string& record) {
    auto decoded = model::decode_item_record(key, record);
    EXPECT_TRUE(decoded.ok());
    return std::make_shared<api::StoredItem>(api::StoredItem{decoded->item, decoded->header.item_bytes});
  }

  ItemMachine machine{test_table(4)};
  ItemMachine follower{test_table(4)};
  std::vector<std::shared_ptr<const std::string>> entries;
  std::vector<AppliedRequest> requests;
};

TEST_F(ItemMachineTest, AnEntryHoldsRowsVersionsAndDeltas) {
  run(item_command(1, "PutItem", put("a", "1")), 10);
  run(item_command(2, "PutItem", put("b", "two"), request_id(1)), 10);
  auto proposal = machine.take_body();
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->kind, LogKind::kWrite);
  EXPECT_FALSE(machine.take_body().has_value());
  ApplyResult result = apply(follower, *proposal, 10);
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.count_delta, 2);
  EXPECT_EQ(result.bytes_delta, 4 + 6);  // k + a + v + 1; k + b + v + two
  for (uint16_t i = 0; i < 2; ++i) {
    const RowWrite& row = result.rows[i];
    EXPECT_EQ(row.kind, model::RowKind::kItem);
    EXPECT_EQ(row.key, key_of(i == 0 ? "a" : "b"));
    auto record = model::decode_item_record(row.key, *row.value);
    ASSERT_TRUE(record.ok());
    EXPECT_EQ(record->header.version_index, 10u);
    EXPECT_EQ(record->header.version_ordinal, i);
    EXPECT_EQ(record->header.stamp, (model::Stamp{kNow + 10}));
    EXPECT_EQ(record->header.schema_version, 4u);
    EXPECT_EQ(record->header.item_bytes, i == 0 ? 4u : 6u);
  }
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].id, request_id(1));
}

TEST_F(ItemMachineTest, EachWriteIsEvaluatedAgainstTheOneBefore) {
  EXPECT_EQ(text_of(run(item_command(1, "UpdateItem", add_one("a")), 10)), R"(ok k={"S":"a"} n={"N":"1"})");
  EXPECT_EQ(text_of(run(item_command(2, "UpdateItem", add_one("a")), 10)), R"(ok k={"S":"a"} n={"N":"2"})");
  machine.take_body();
  EXPECT_EQ(text_of(run(item_command(3, "UpdateItem", add_one("a")), 11)), R"(ok k={"S":"a"} n={"N":"3"})");
  EXPECT_EQ(text_of(run(item_command(4, "DeleteItem", remove("a", kReturnOld)), 11)),
            R"(ok k={"S":"a"} n={"N":"3"})");
  ApplyResult result = apply(follower, *machine.take_body(), 11);
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_FALSE(result.rows[1].value.has_value());
  EXPECT_EQ(result.count_delta, -1);  // of this entry: there was one, now there is none
}

TEST_F(ItemMachineTest, DeltasOfAReplacedItem) {
  run(item_command(1, "PutItem", put("a", "longer")), 10);
  std::string record = *apply(follower, *machine.take_body(), 10).rows[0].value;
  machine.applied(10);
  EXPECT_EQ(machine.overlay().size(), 0u);
  run(item_command(2, "PutItem", put("a", "1")), 11, stored(key_of("a"), record));
  ApplyResult result = apply(follower, *machine.take_body(), 11);
  EXPECT_EQ(result.count_delta, 0);
  EXPECT_EQ(result.bytes_delta, -5);
}

TEST_F(ItemMachineTest, TheNewestReadIsTheProposalThatWroteTheRow) {
  Command command = item_command(1, "PutItem", put("a", "1"));
  EXPECT_EQ(machine.newest_read(command), 0u);
  run(item_command(1, "PutItem", put("a", "1")), 10);
  EXPECT_EQ(machine.newest_read(command), 10u);
  machine.applied(10);
  EXPECT_EQ(machine.newest_read(command), 0u);
}

TEST_F(ItemMachineTest, ABodyIsFullByOperationsAndByBytes) {
  for (size_t i = 0; i < kWriteBodyOperations; ++i) {
    EXPECT_FALSE(machine.body_full()) << i;
    run(item_command(1, "PutItem", put("a" + std::to_string(i), "1")), 10);
  }
  EXPECT_TRUE(machine.body_full());
  EXPECT_LT(machine.take_body()->body.size(), kWriteBodyBytes);
  EXPECT_FALSE(machine.body_full());
  // Returned attributes are in the entry too.
  std::string big(200'000, 'x');
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(machine.body_full());
    run(item_command(1, "UpdateItem",
                     R"({"TableName":"Tab","Key":{"k":{"S":"b)" + std::to_string(i) +
                         R"("}},"UpdateExpression":"SET v = :v","ExpressionAttributeValues":{":v":{"S":")" +
                         big + R"("}},"ReturnValues":"ALL_NEW"})",
                     request_id(2)),
        11);
  }
  EXPECT_TRUE(machine.body_full());
}

TEST_F(ItemMachineTest, ALostLeadershipTakesOverlayAndBody) {
  run(item_command(1, "PutItem", put("a", "1")), 10);
  std::vector<RowLoad> loads;
  Command parked = item_command(2, "PutItem", put("b", "1"));
  EXPECT_FALSE(machine.admit(parked, loads));
  std::vector<Command> back = machine.step_down();
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].token, 2u);
  EXPECT_EQ(machine.overlay().size(), 0u);
  EXPECT_FALSE(machine.take_body().has_value());
}

TEST_F(ItemMachineTest, ASchemaEntryIsTheTableFromThereOn) {
  ItemMachine fresh{std::nullopt};
  EXPECT_FALSE(fresh.ready());
  EXPECT_EQ(fresh.schema_version(), 0u);
  ApplyResult result = apply(fresh, {LogKind::kSchema, encode_schema_body(test_table(2))}, 5);
  EXPECT_TRUE(fresh.ready());
  EXPECT_EQ(fresh.schema_version(), 2u);
  EXPECT_EQ(*fresh.table(), test_table(2));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].kind, model::RowKind::kSchema);
  EXPECT_EQ(result.rows[0].key, "");
}

TEST_F(ItemMachineTest, WhatItCannotReadIsAnError) {
  ApplyResult result;
  LogHeader header;
  header.kind = LogKind::kWrite;
  EXPECT_EQ(machine.apply(header, "", result).error(), LogEntryError::kMalformed);
  header.kind = LogKind::kSchema;
  EXPECT_EQ(machine.apply(header, "", result).error(), LogEntryError::kMalformed);
  header.kind = LogKind::kMetadata;  // group 0's
  EXPECT_EQ(machine.apply(header, "", result).error(), LogEntryError::kMalformed);
  header.kind = LogKind::kNoop;
  EXPECT_TRUE(machine.apply(header, "", result).ok());
  EXPECT_TRUE(result.rows.empty());
}

}  // namespace
}  // namespace stator::cluster
