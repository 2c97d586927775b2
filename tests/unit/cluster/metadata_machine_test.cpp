// Goal: group 0 creates, changes and drops tables by real operations, gives each its ids once, and its rows
// in items/ are its whole state.
#include "cluster/metadata_machine.h"

#include <set>

#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

constexpr uint32_t kPartitions = 3;

std::unique_ptr<StateMachine> metadata_machine(const Rows& rows) {
  std::vector<MetadataMachine::StoredRow> stored;
  for (const auto& [key, value] : rows) stored.push_back({key.first, key.second, value});
  auto state = MetadataMachine::restore(stored);
  EXPECT_TRUE(state.ok());
  Placement placement;
  placement.cluster_id = "0123456789abcdef";
  placement.nodes = {model::NodeId(1), model::NodeId(2)};
  placement.partitions_per_table = kPartitions;
  return std::make_unique<MetadataMachine>(std::move(*state), placement, [](model::PartitionId partition) {
    return model::PartitionTotals{{partition.value, 100 * partition.value}, {{1, {partition.value, 10}}, {2, {0, 0}}}};
  });
}

std::string create(const std::string& name) {
  return R"({"TableName":")" + name + R"(","BillingMode":"PAY_PER_REQUEST",)" +
         R"("AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],)" +
         R"("KeySchema":[{"AttributeName":"k","KeyType":"HASH"}]})";
}
std::string named(const std::string& name, const std::string& more = "") {
  return R"({"TableName":")" + name + "\"" + more + "}";
}

class MetadataMachineTest : public ::testing::Test {
 protected:
  MetadataMachineTest() : carrier(1, {1}, metadata_machine) {
    carrier.config.partition = {};
    carrier.config.table = {};
    carrier.start();
    carrier.replica->campaign(carrier.now);
    carrier.settle();
    EXPECT_TRUE(carrier.replica->serving());
  }
  MetadataMachine& machine() { return static_cast<MetadataMachine&>(carrier.replica->machine()); }
  Token submit(std::string_view operation, const std::string& json,
               std::optional<RequestId> id = std::nullopt) {
    Command command;
    command.request = request_of(operation, json);
    command.id = id;
    return carrier.submit(std::move(command));
  }
  model::Table answered_table(Token token) {
    EXPECT_TRUE(carrier.answered(token));
    EXPECT_TRUE(carrier.answers.at(token).ok()) << carrier.answer(token);
    return std::get<api::TableAnswer>(*carrier.answers.at(token)).table;
  }
  model::Table run(std::string_view operation, const std::string& json,
                   std::optional<RequestId> id = std::nullopt) {
    Token token = submit(operation, json, id);
    carrier.settle();
    return answered_table(token);
  }
  // What the rows on disk hold is what the machine holds.
  void expect_rows_are_the_state() {
    auto restored = metadata_machine(carrier.rows);
    auto stored = static_cast<MetadataMachine&>(*restored).state();
    EXPECT_EQ(stored->tables, machine().state()->tables);
    EXPECT_EQ(stored->partitions, machine().state()->partitions);
    EXPECT_EQ(stored->allocated, machine().state()->allocated);
  }

  Carrier carrier;
};

TEST_F(MetadataMachineTest, CreateTableAllocatesIdsAndPlacesReplicas) {
  model::Table created = run("CreateTable", create("Music"));
  EXPECT_EQ(created.status, model::TableStatus::kCreating);
  EXPECT_EQ(created.id, model::TableId(1));
  EXPECT_EQ(created.uuid.size(), 36u);
  EXPECT_EQ(created.uuid[14], '4');  // version 4
  EXPECT_NE(std::string("89ab").find(created.uuid[19]), std::string::npos);
  EXPECT_GE(created.created.micros, kNow);

  const model::Table* table = machine().state()->find("Music");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->status, model::TableStatus::kActive);
  EXPECT_EQ(table->uuid, created.uuid);
  EXPECT_EQ(machine().state()->find(model::TableId(1)), table);
  auto partitions = machine().state()->partitions_of(table->id);
  ASSERT_EQ(partitions.size(), kPartitions);
  std::set<uint64_t> replicas, leaders;
  for (uint32_t i = 0; i < kPartitions; ++i) {
    EXPECT_EQ(partitions[i]->range, model::segment_range(i, kPartitions));
    EXPECT_EQ(partitions[i]->id, model::PartitionId(1 + i));
    ASSERT_EQ(partitions[i]->replicas.size(), 2u);
    for (const ReplicaPlace& place : partitions[i]->replicas) replicas.insert(place.id.value);
    leaders.insert(partitions[i]->first_leader.value);
  }
  EXPECT_EQ(replicas.size(), 2 * kPartitions);
  EXPECT_EQ(*replicas.begin(), kFirstReplica);
  EXPECT_EQ(leaders.size(), kPartitions);
  EXPECT_EQ(machine().state()->allocated, (Allocated{2, 1 + kPartitions, kFirstReplica + 2 * kPartitions}));
  expect_rows_are_the_state();
}

TEST_F(MetadataMachineTest, IdsAreNeverUsedAgain) {
  model::Table first = run("CreateTable", create("Music"));
  run("DeleteTable", named("Music"));
  EXPECT_TRUE(machine().state()->tables.empty());
  EXPECT_TRUE(machine().state()->partitions.empty());
  expect_rows_are_the_state();
  model::Table second = run("CreateTable", create("Music"));
  EXPECT_EQ(second.id, model::TableId(2));
  EXPECT_NE(second.uuid, first.uuid);
  EXPECT_EQ(machine().state()->partitions_of(second.id).front()->id, model::PartitionId(1 + kPartitions));
}

TEST_F(MetadataMachineTest, UpdateTableChangesTheRecordAndKeepsItsIdentity) {
  model::Table created = run("CreateTable", create("Music"));
  run("UpdateTable", named("Music", R"(,"DeletionProtectionEnabled":true)"));
  const model::Table* table = machine().state()->find("Music");
  EXPECT_TRUE(table->deletion_protection);
  EXPECT_EQ(table->id, created.id);
  EXPECT_EQ(table->uuid, created.uuid);
  EXPECT_EQ(table->created, created.created);
  EXPECT_EQ(machine().state()->partitions_of(table->id).size(), kPartitions);
  expect_rows_are_the_state();
}

TEST_F(MetadataMachineTest, TheSecondOfTwoSeesTheFirstBeforeItIsCommitted) {
  Token first = submit("CreateTable", create("Music"));
  Token second = submit("CreateTable", create("Music"));
  Token other = submit("CreateTable", create("Books"));
  carrier.take();
  EXPECT_FALSE(carrier.answered(second));  // what it saw is not committed
  carrier.settle();
  EXPECT_EQ(carrier.answer(first), "ok");
  EXPECT_EQ(carrier.answer(second), "ResourceInUseException");
  EXPECT_EQ(answered_table(other).id, model::TableId(2));
  expect_rows_are_the_state();
}

TEST_F(MetadataMachineTest, CountsAreWhatTheLeadersReported) {
  run("CreateTable", create("Music"));
  auto request = request_of("DescribeTable", named("Music"));
  auto evaluation = machine().read(*request, model::Stamp{kNow});
  const auto& answer = std::get<api::TableAnswer>(std::get<api::Answer>(evaluation));
  EXPECT_EQ(answer.counts.items, 1u + 2 + 3);
  EXPECT_EQ(answer.counts.bytes, 600u);
}

// Days are UTC's: at midnight a table and its indexes have all their decreases again, and say so.
TEST_F(MetadataMachineTest, DecreasesOfAnotherDayAreNotShown) {
  run("CreateTable", R"({"TableName":"Music","AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"}],)"
                     R"("KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],)"
                     R"("ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":9},)"
                     R"("GlobalSecondaryIndexes":[{"IndexName":"idx","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],)"
                     R"("Projection":{"ProjectionType":"ALL"},)"
                     R"("ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":9}}]})");
  const std::string less = R"({"ReadCapacityUnits":5,"WriteCapacityUnits":5})";
  const model::Table changed =
      run("UpdateTable", named("Music", R"(,"ProvisionedThroughput":)" + less +
                                            R"(,"GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":"idx",)" +
                                            R"("ProvisionedThroughput":)" + less + "}}]"));
  const model::Stamp decreased = changed.throughput.last_decrease;
  const auto shown = [&](model::Stamp now) {
    auto evaluation = machine().read(*request_of("DescribeTable", named("Music")), now);
    const model::Table table = std::get<api::TableAnswer>(std::get<api::Answer>(evaluation)).table;
    EXPECT_EQ(table.throughput.last_decrease, decreased);
    return std::pair(table.throughput.decreases_today, table.global_indexes.at(0).throughput.decreases_today);
  };
  const uint64_t midnight = (decreased.micros / (86'400 * kSecond) + 1) * 86'400 * kSecond;
  EXPECT_EQ(shown(decreased), std::pair(1u, 1u));
  EXPECT_EQ(shown(model::Stamp{midnight - 1}), std::pair(1u, 1u));
  EXPECT_EQ(shown(model::Stamp{midnight}), std::pair(0u, 0u));
}

TEST_F(MetadataMachineTest, CountsOfLocalIndexesAreSummedOverThePartitions) {
  run("CreateTable", R"({"TableName":"Music","BillingMode":"PAY_PER_REQUEST",)"
                     R"("AttributeDefinitions":[{"AttributeName":"k","AttributeType":"S"},{"AttributeName":"s","AttributeType":"S"},)"
                     R"({"AttributeName":"l","AttributeType":"S"}],)"
                     R"("KeySchema":[{"AttributeName":"k","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],)"
                     R"("LocalSecondaryIndexes":[{"IndexName":"by-l","KeySchema":[{"AttributeName":"k","KeyType":"HASH"},)"
                     R"({"AttributeName":"l","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]})");
  auto evaluation = machine().read(*request_of("DescribeTable", named("Music")), model::Stamp{kNow});
  const auto& answer = std::get<api::TableAnswer>(std::get<api::Answer>(evaluation));
  ASSERT_EQ(answer.index_counts.size(), 1u);
  EXPECT_EQ(answer.index_counts[0].items, 1u + 2 + 3);
  EXPECT_EQ(answer.index_counts[0].bytes, 30u);
}

TEST_F(MetadataMachineTest, AStateThatWasHandedOutDoesNotChange) {
  auto before = machine().state();
  run("CreateTable", create("Music"));
  EXPECT_TRUE(before->tables.empty());
  EXPECT_NE(machine().state(), before);
}

// --- retries
// ----------------------------------------------------------------------------------------------------------

TEST_F(MetadataMachineTest, ARetryOfCreateTableGetsTheFirstAnswer) {
  model::Table first = run("CreateTable", create("Music"), request_id(1));
  EXPECT_EQ(run("CreateTable", create("Music"), request_id(1)), first);
  EXPECT_EQ(machine().state()->allocated.table, 2u);
  Token other = submit("CreateTable", create("Music"), request_id(2));
  carrier.settle();
  EXPECT_EQ(carrier.answer(other), "ResourceInUseException");
}

TEST_F(MetadataMachineTest, ARetryOfDeleteTableGetsTheFirstAnswer) {
  run("CreateTable", create("Music"));
  model::Table first = run("DeleteTable", named("Music"), request_id(1));
  EXPECT_EQ(first.status, model::TableStatus::kDeleting);
  EXPECT_EQ(run("DeleteTable", named("Music"), request_id(1)), first);
}

// The regression: group 0's requests were forgotten in a restart.
TEST_F(MetadataMachineTest, ARetryAfterARestartGetsTheFirstAnswer) {
  model::Table first = run("CreateTable", create("Music"), request_id(1));
  model::Table updated =
      run("UpdateTable", named("Music", R"(,"DeletionProtectionEnabled":true)"), request_id(2));
  carrier.start();
  carrier.replica->campaign(carrier.now);
  carrier.settle();
  EXPECT_EQ(run("CreateTable", create("Music"), request_id(1)), first);
  EXPECT_EQ(run("UpdateTable", named("Music", R"(,"DeletionProtectionEnabled":true)"), request_id(2)),
            updated);
  EXPECT_EQ(machine().state()->tables.size(), 1u);
}

TEST_F(MetadataMachineTest, ARestartFindsTheState) {
  run("CreateTable", create("Music"));
  run("CreateTable", create("Books"));
  run("DeleteTable", named("Music"));
  ClusterState before = *machine().state();
  carrier.start();
  EXPECT_EQ(machine().state()->tables, before.tables);
  EXPECT_EQ(machine().state()->partitions, before.partitions);
  EXPECT_EQ(machine().state()->allocated, before.allocated);
}

// --- damage
// -----------------------------------------------------------------------------------------------------------

TEST(MetadataRows, DamageIsAnError) {
  EXPECT_FALSE(MetadataMachine::restore({{model::RowKind::kTable, "x", "no record"}}).ok());
  EXPECT_FALSE(MetadataMachine::restore({{model::RowKind::kPartition, "x", "short"}}).ok());
  EXPECT_FALSE(MetadataMachine::restore({{model::RowKind::kAllocated, "", ""}}).ok());
  EXPECT_FALSE(MetadataMachine::restore({{model::RowKind::kNode, "x", "short"}}).ok());
  EXPECT_FALSE(MetadataMachine::restore({{model::RowKind::kCluster, "", "short"}}).ok());
  EXPECT_EQ(MetadataMachine::restore({{model::RowKind::kItem, "x", ""}}).error(),
            LogEntryError::kUnknownFormat);
  EXPECT_TRUE(MetadataMachine::restore({}).ok());
}

TEST_F(MetadataMachineTest, AnEntryThatIsNotItsOwnIsAnError) {
  ApplyResult result;
  LogHeader header;
  header.kind = LogKind::kWrite;
  EXPECT_FALSE(machine().apply(header, "", result).ok());
  header.kind = LogKind::kSchema;
  EXPECT_FALSE(machine().apply(header, "", result).ok());
  header.kind = LogKind::kMetadata;
  EXPECT_FALSE(machine().apply(header, "", result).ok());
}

}  // namespace
}  // namespace stator::cluster
