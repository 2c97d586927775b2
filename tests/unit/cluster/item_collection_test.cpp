// Goal: whatever writes overlap, fail, are retried or crash, the row of an item collection says what a recount of its items
// and of their entries in local indexes says, and so do the counts of the indexes; beyond the limit nothing grows.
#include "model/index.h"
#include "tests/unit/cluster/carrier.h"

namespace stator::cluster {
namespace {

constexpr uint64_t kLimit = 2000;

// Items are {k: S, s: S, ...}; "by-l" (1) projects everything of those with an l, "by-m" (2) the keys of those with an m.
model::Table collection_table() {
  model::Table table = test_table();
  table.key.sort_key = model::KeyAttribute{"s", model::AttributeType::kS};
  for (const char* name : {"s", "l", "m"}) table.attribute_definitions.push_back({name, model::AttributeType::kS});
  table.local_indexes = {{1, "by-l", {"l", model::AttributeType::kS}, {model::ProjectionType::kAll, {}}},
                         {2, "by-m", {"m", model::AttributeType::kS}, {model::ProjectionType::kKeysOnly, {}}}};
  table.next_index_number = 3;
  return table;
}

Command command_of(std::string_view operation, const std::string& json) {
  Command command;
  command.request = request_of(operation, json);
  command.key = *static_cast<const api::ItemOperation&>(*command.request->operation).key(collection_table(), *command.request);
  return command;
}

std::string attribute(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + R"(":{"S":")" + std::string(value) + "\"}";
}
std::string put_item(std::string_view k, std::string_view s, const std::string& more = "") {
  return R"({"TableName":"Tab","ReturnItemCollectionMetrics":"SIZE","Item":{)" + attribute("k", k) + "," +
         attribute("s", s) + (more.empty() ? "" : "," + more) + "}}";
}
std::string delete_item(std::string_view k, std::string_view s) {
  return R"({"TableName":"Tab","ReturnItemCollectionMetrics":"SIZE","Key":{)" + attribute("k", k) + "," +
         attribute("s", s) + "}}";
}
std::string collection(std::string_view k) {
  return model::partition_prefix(model::AttributeValue::s(std::string(k)));
}

std::unique_ptr<StateMachine> machine_of(const Rows& rows) {
  auto row = rows.find({model::RowKind::kSchema, ""});
  std::optional<model::Table> table;
  if (row != rows.end()) table = *model::decode_table_record(row->second);
  return std::make_unique<ItemMachine>(std::move(table), kLimit);
}

class ItemCollections : public ::testing::Test {
 protected:
  void SetUp() override { c.lead(collection_table()); }

  Token submit(std::string_view operation, const std::string& json) { return c.submit(command_of(operation, json)); }
  std::string run(std::string_view operation, const std::string& json) {
    const Token token = submit(operation, json);
    c.settle();
    return c.answer(token);
  }
  // What the answer's ItemCollectionMetrics are made of.
  uint64_t told(Token token) { return std::get<api::ItemAnswer>(*c.answers.at(token)).collection->bytes; }

  void expect_rows_are_a_recount() {
    std::map<std::string, uint64_t> recount;
    std::vector<model::IndexCounts> indexes;
    for (const auto& [key, value] : c.rows) {
      if (key.first != model::RowKind::kItem && key.first != model::RowKind::kLocalIndex) continue;
      std::string_view rest = std::string_view(key.second).substr(model::kHashSize);
      std::string k;
      ASSERT_TRUE(model::take_key_part(rest, k));
      const uint64_t bytes = model::decode_item_record_header(key.second, value)->item_bytes;
      recount[collection(k)] += bytes;
      if (key.first == model::RowKind::kLocalIndex)
        model::add_counts(indexes, *model::local_index_number(key.second), 1, static_cast<int64_t>(bytes));
    }
    std::map<std::string, uint64_t> stored;
    for (const auto& [key, value] : c.rows) {
      if (key.first == model::RowKind::kCollectionSize)
        stored[key.second] = model::decode_collection_size(key.second, value).value();
    }
    EXPECT_EQ(stored, recount);
    for (uint16_t number : {1, 2}) {
      EXPECT_EQ(model::find_counts(c.state.local_indexes, number).items, model::find_counts(indexes, number).items);
      EXPECT_EQ(model::find_counts(c.state.local_indexes, number).bytes, model::find_counts(indexes, number).bytes);
    }
  }

  Carrier c{1, {1}, machine_of};
};

TEST_F(ItemCollections, HoldItemsAndTheirEntries) {
  EXPECT_EQ(run("PutItem", put_item("a", "1", attribute("l", "x"))), "ok");
  const uint64_t item = 2 + 2 + 2;  // k, s, l, each with a value of one byte
  EXPECT_EQ(c.collection_bytes(collection("a")), 2 * item);
  run("PutItem", put_item("a", "2", attribute("m", "y")));
  EXPECT_EQ(c.collection_bytes(collection("a")), 4 * item);
  run("PutItem", put_item("b", "1"));
  EXPECT_EQ(c.collection_bytes(collection("b")), 4u);
  expect_rows_are_a_recount();
  run("DeleteItem", delete_item("a", "1"));
  run("DeleteItem", delete_item("a", "2"));
  EXPECT_FALSE(c.rows.contains({model::RowKind::kCollectionSize, collection("a")}));
  expect_rows_are_a_recount();
}

// Each sees the ones before it, though none is applied.
TEST_F(ItemCollections, WritesToSeveralItemsThatOverlapAddUp) {
  const Token first = submit("PutItem", put_item("a", "1"));
  const Token second = submit("PutItem", put_item("a", "2"));
  c.take();
  c.load_one();  // the first is evaluated, and proposed
  c.sync();
  c.load_one();  // the second's load says what items/ had: nothing
  c.settle();
  EXPECT_EQ(told(first), 4u);
  EXPECT_EQ(told(second), 8u);
  expect_rows_are_a_recount();
}

TEST_F(ItemCollections, ASlowLoadDoesNotBringBackAnOldSize) {
  const Token first = submit("PutItem", put_item("a", "1"));
  submit("PutItem", put_item("a", "2"));
  c.take();
  ASSERT_EQ(c.loads.size(), 2u);
  RowLoad slow = c.loads.back();  // read before the first is applied
  c.loads.pop_back();
  c.settle();
  ASSERT_TRUE(c.answered(first));
  c.replica->row_loaded(slow.key, slow.load, nullptr, c.now, 0);
  c.settle();
  EXPECT_EQ(c.collection_bytes(collection("a")), 8u);
  expect_rows_are_a_recount();
}

TEST_F(ItemCollections, AFailedLoadLetsGoOfTheCollection) {
  const Token token = submit("PutItem", put_item("a", "1"));
  c.take();
  RowLoad load = c.loads.front();
  c.loads.pop_front();
  c.replica->row_load_failed(load.key, load.load, api::internal_error("damaged").error);
  c.settle();
  EXPECT_EQ(c.answer(token), "InternalServerError");
  EXPECT_EQ(static_cast<ItemMachine&>(c.replica->machine()).collections().size(), 0u);
}

TEST_F(ItemCollections, BeyondTheLimitOnlyWhatGrowsIsRefused) {
  const std::string filler(800, 'x');
  EXPECT_EQ(run("PutItem", put_item("a", "1", attribute("l", filler))), "ok");  // twice 800 with its entry
  EXPECT_EQ(run("PutItem", put_item("a", "2", attribute("v", filler))), "ItemCollectionSizeLimitExceededException");
  EXPECT_EQ(run("PutItem", put_item("b", "2", attribute("v", filler))), "ok");
  EXPECT_EQ(run("PutItem", put_item("a", "2", attribute("v", "small"))), "ok");
  EXPECT_EQ(run("PutItem", put_item("a", "1", attribute("v", filler))), "ok");  // it shrinks: no entry any more
  EXPECT_EQ(run("PutItem", put_item("a", "3", attribute("v", filler))), "ok");
  EXPECT_EQ(run("DeleteItem", delete_item("a", "3")), "ok");
  expect_rows_are_a_recount();
}

// What was refused because of a write that is not committed waits for it (docs/architecture.md, protocol 7).
TEST_F(ItemCollections, ARefusalWaitsForTheWritesThatItSaw) {
  const std::string filler(900, 'x');
  submit("PutItem", put_item("a", "1", attribute("l", filler)));
  const Token refused = submit("PutItem", put_item("a", "2", attribute("v", filler)));
  c.take();
  while (!c.loads.empty()) c.load_one();
  EXPECT_FALSE(c.answered(refused));
  c.settle();
  EXPECT_EQ(c.answer(refused), "ItemCollectionSizeLimitExceededException");
}

TEST_F(ItemCollections, WithoutARowTheyAreCounted) {
  run("PutItem", put_item("a", "1", attribute("l", "x")));
  c.rows.erase({model::RowKind::kCollectionSize, collection("a")});  // as an older version left it
  run("PutItem", put_item("a", "2"));
  EXPECT_EQ(c.collection_bytes(collection("a")), 12u + 4u);
  expect_rows_are_a_recount();
}

// Puts, updates and deletes of few items in few collections, loads, syncs, applies and crashes in any order.
TEST_F(ItemCollections, AreARecountWhateverComesInBetween) {
  model::SeededRandom random;
  const auto below = [&](uint64_t bound) { return random.below(bound); };
  for (int round = 0; round < 3000; ++round) {
    const std::string k(1, static_cast<char>('a' + below(3)));
    const std::string s = std::to_string(below(6));
    std::string more;
    for (const char* name : {"l", "m", "v"}) {
      if (below(2) == 0) more += (more.empty() ? "" : ",") + attribute(name, std::string(1 + below(90), 'x'));
    }
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        submit("PutItem", put_item(k, s, more));
        break;
      case 3:
        submit("DeleteItem", delete_item(k, s));
        break;
      case 4:
        if (!c.loads.empty()) c.load_one();
        break;
      case 5:
        if (!c.persists.empty()) c.sync_one();
        break;
      case 6:
        if (!c.applies.empty()) c.apply_one();
        break;
      default:
        if (below(40) == 0) {
          c.start();
          c.replica->campaign(c.now);
          c.settle();
        }
        break;
    }
    c.take();
  }
  c.settle();
  expect_rows_are_a_recount();
  EXPECT_EQ(static_cast<ItemMachine&>(c.replica->machine()).collections().size(), 0u);
}

}  // namespace
}  // namespace stator::cluster
