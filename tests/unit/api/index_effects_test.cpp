// Goal: a write tells what it does to each index, and only where an entry changes; index keys that cannot be are refused
// in the service's words; entries in local indexes count toward the size of the item; every entry that changes is paid.
#include "api/registry.h"
#include "model/limits.h"
#include "model/size.h"
#include "tests/unit/api/indexed_table.h"

namespace stator::api::testing {
namespace {

class IndexEffects : public ::testing::Test {
 protected:
  void SetUp() override { harness.tables.tables["tab"].table = indexed_table(); }

  Evaluation evaluate(std::string_view operation, std::string_view body) {
    json::Parser parser;
    auto document = parser.parse(body);
    auto request = find_operation(operation)->parse(*document);
    EXPECT_TRUE(request.ok()) << request.error().message;
    const auto& entry = harness.tables.tables.at("tab");
    return static_cast<const ItemOperation&>(*(*request)->operation)
        .evaluate(entry.table, entry.items, **request, harness.now);
  }

  // The one change of a write that is then applied.
  ItemChange write(std::string_view operation, std::string_view body) {
    Evaluation evaluation = evaluate(operation, body);
    auto* effects = std::get_if<Effects>(&evaluation);
    if (effects == nullptr) {
      ADD_FAILURE() << body;
      return {};
    }
    units = std::get<ItemAnswer>(effects->answer).capacity.write_units;
    harness.tables.tables.at("tab").items.apply(effects->items[0]);
    return std::move(effects->items[0]);
  }
  ItemChange put(std::string_view attributes) { return write("PutItem", put_body(attributes)); }
  ItemChange update(std::string_view expression, std::string_view values) {
    return write("UpdateItem",
                 R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":")" +
                     std::string(expression) + R"(","ExpressionAttributeValues":)" + std::string(values) + "}");
  }
  std::string refused_put(std::string_view attributes) { return harness.text("PutItem", put_body(attributes)); }
  std::string refused_update(std::string_view value) {
    return harness.text("UpdateItem",
                        R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"SET g = :g",
                        "ExpressionAttributeValues":{":g":)" +
                            std::string(value) + "}}");
  }
  static std::string put_body(std::string_view attributes) {
    return R"({"TableName":"tab","Item":{"pk":{"S":"p"},"sk":{"N":"1"})" +
           (attributes.empty() ? "" : "," + std::string(attributes)) + "}}";
  }
  static std::vector<std::pair<bool, int>> touched(const ItemChange& change) {
    std::vector<std::pair<bool, int>> out;
    for (const IndexChange& index : change.indexes) out.emplace_back(index.local, index.number);
    return out;
  }
  using Touched = std::vector<std::pair<bool, int>>;

  Harness harness;
  double units = 0;
};

TEST_F(IndexEffects, AnItemWithoutIndexKeysTouchesNoIndex) {
  EXPECT_TRUE(put("").indexes.empty());
  EXPECT_EQ(units, 1);
}

TEST_F(IndexEffects, PutsAndDeletesCarryTheEntries) {
  const ItemChange made = put(R"("l":{"S":"x"},"g":{"S":"G"},"z":{"S":"z"})");
  EXPECT_EQ(touched(made), (Touched{{true, 1}, {false, 3}}));
  EXPECT_FALSE(made.indexes[0].before);
  EXPECT_EQ(made.indexes[0].after->item, *made.item);
  EXPECT_FALSE(made.indexes[1].after->item.contains("z"));
  EXPECT_EQ(units, 3);  // the item, and two entries
  EXPECT_EQ(harness.tables.tables.at("tab").items.local.size(), 1u);

  const ItemChange gone =
      write("DeleteItem", R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}}})");
  EXPECT_EQ(touched(gone), (Touched{{true, 1}, {false, 3}}));
  EXPECT_EQ(gone.indexes[0].before, made.indexes[0].after);
  EXPECT_FALSE(gone.indexes[0].after);
  EXPECT_EQ(units, 3);
  EXPECT_TRUE(harness.tables.tables.at("tab").items.local.empty());
}

TEST_F(IndexEffects, AnUnchangedEntryIsNotTouched) {
  put(R"("l":{"S":"x"},"g":{"S":"G"},"n":{"N":"5"},"tags":{"SS":["a","b"]})");
  EXPECT_TRUE(put(R"("l":{"S":"x"},"g":{"S":"G"},"n":{"N":"5.0"},"tags":{"SS":["b","a"]})").indexes.empty());
  EXPECT_EQ(units, 1);
  // y is in "one" and in the two that project all; z is not in "one", nor are both in "local-keys".
  EXPECT_EQ(touched(update("SET y = :v", R"({":v":{"S":"1"}})")), (Touched{{true, 1}, {false, 3}, {false, 4}}));
  EXPECT_EQ(touched(update("SET z = :v", R"({":v":{"S":"1"}})")), (Touched{{true, 1}, {false, 4}}));
  EXPECT_EQ(units, 3);
}

TEST_F(IndexEffects, AnEntryThatMovesIsPaidTwice) {
  put(R"("n":{"N":"5"})");
  const ItemChange moved = update("SET n = :n", R"({":n":{"N":"6"}})");
  EXPECT_EQ(touched(moved), (Touched{{true, 2}}));
  EXPECT_NE(moved.indexes[0].before->key, moved.indexes[0].after->key);
  EXPECT_EQ(units, 3);
}

TEST_F(IndexEffects, AnEntryThatChangesCostsTheGreaterOfBoth) {
  const std::string big(2000, 'x');
  put(R"("g":{"S":"G"},"x":{"S":")" + big + "\"}");
  EXPECT_EQ(units, 4);  // two units each
  update("SET x = :x", R"({":x":{"S":"small"}})");
  EXPECT_EQ(units, 4);
  update("SET x = :x", R"({":x":{"S":"tiny"}})");
  EXPECT_EQ(units, 2);
}

TEST_F(IndexEffects, ASeveralAttributeIndexNeedsThemAll) {
  put(R"("a":{"S":"A"},"b":{"N":"1"},"c":{"B":"AA=="})");
  EXPECT_EQ(units, 1);
  EXPECT_EQ(touched(update("SET d = :d", R"({":d":{"S":"D"}})")), (Touched{{false, 5}}));
  EXPECT_EQ(touched(update("REMOVE a SET z = :z", R"({":z":{"S":"D"}})")), (Touched{{false, 5}}));
}

TEST_F(IndexEffects, AnIndexThatGoesIsLeftAlone) {
  harness.tables.tables["tab"].table.global_indexes[0].status = model::TableStatus::kDeleting;
  EXPECT_TRUE(put(R"("g":{"S":"G"})").indexes.empty());
  EXPECT_EQ(refused_put(R"("g":{"N":"1"})"),
            "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g "
            "Expected: S Actual: N IndexName: sorted");
}

TEST_F(IndexEffects, PutsRefuseWhatCannotBeAnIndexKey) {
  EXPECT_EQ(refused_put(R"("g":{"N":"1"})"),
            "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g "
            "Expected: S Actual: N IndexName: sorted");
  EXPECT_EQ(refused_put(R"("l":{"NULL":true})"),
            "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key l "
            "Expected: S Actual: NULL IndexName: local-all");
  EXPECT_EQ(refused_put(R"("g":{"S":""})"),
            "ValidationException: One or more parameter values are not valid. A value specified for a secondary "
            "index key is not supported. The AttributeValue for a key attribute cannot contain an empty string "
            "value. IndexName: sorted, IndexKey: g");
  EXPECT_EQ(refused_put(R"("c":{"B":""})"),
            "ValidationException: One or more parameter values are not valid. A value specified for a secondary "
            "index key is not supported. The AttributeValue for a key attribute cannot contain an empty binary "
            "value. IndexName: many, IndexKey: c");
  EXPECT_EQ(refused_put(R"("g":{"S":")" + std::string(2049, 'g') + "\"}"),
            "ValidationException: One or more parameter values were invalid: Size limit exceeded for Index Key g "
            "Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: sorted");
  EXPECT_EQ(refused_put(R"("g":{"S":")" + std::string(2048, 'g') + "\"}"), "{}");
}

TEST_F(IndexEffects, TheTablesKeysComeFirstAndTheConditionLast) {
  EXPECT_EQ(harness.text("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"p"},"g":{"N":"1"}}})"),
            "ValidationException: One or more parameter values were invalid: Missing the key sk in the item");
  EXPECT_TRUE(harness
                  .text("PutItem", R"-({"TableName":"tab","Item":{"pk":{"S":"p"},"sk":{"N":"1"},"g":{"N":"1"}},
                       "ConditionExpression":"attribute_exists(nothing)"})-")
                  .starts_with("ValidationException: One or more parameter values were invalid: Type mismatch"));
}

TEST_F(IndexEffects, UpdatesRefuseWhatTheyMakeOfIndexKeys) {
  put(R"("x":{"N":"1"})");
  // A type that the update itself names is told before any item is read.
  EXPECT_EQ(refused_update(R"({"N":"1"})"),
            "ValidationException: One or more parameter values were invalid: Type mismatch for Index Key g "
            "Expected: S Actual: N IndexName: sorted");
  EXPECT_EQ(harness.text("UpdateItem",
                         R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"SET g = x"})"),
            "ValidationException: The update expression attempted to update the secondary index key to "
            "unsupported type");
  EXPECT_EQ(harness.text("UpdateItem", R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},
                         "AttributeUpdates":{"g":{"Value":{"S":""}}}})"),
            "ValidationException: One or more parameter values are not valid. A value specified for a secondary "
            "index key is not supported. The AttributeValue for a key attribute cannot contain an empty string "
            "value. IndexName: sorted, IndexKey: g");
  EXPECT_EQ(refused_update(R"({"S":")" + std::string(2049, 'g') + "\"}"),
            "ValidationException: The update expression attempted to update the secondary index key beyond "
            "allowed size limits");
  EXPECT_EQ(refused_update(R"({"S":""})"),
            "ValidationException: One or more parameter values are not valid. The update expression attempted to "
            "update a secondary index key to a value that is not supported. The AttributeValue for a key attribute "
            "cannot contain an empty string value.");
}

TEST_F(IndexEffects, UpdatesLeaveAloneWhatWasThereBeforeTheIndex) {
  auto& entry = harness.tables.tables.at("tab");
  const auto indexes = entry.table.global_indexes;
  entry.table.global_indexes.clear();
  put(R"("g":{"N":"1"})");
  entry.table.global_indexes = indexes;
  EXPECT_TRUE(update("SET z = :z", R"({":z":{"S":"1"}})").indexes.empty());
  EXPECT_TRUE(refused_update(R"({"N":"2"})").find("Type mismatch for Index Key g") != std::string::npos);
  EXPECT_EQ(touched(update("SET g = :g", R"({":g":{"S":"now"}})")), (Touched{{false, 3}}));
}

TEST_F(IndexEffects, LocalEntriesCountTowardTheItemsSize) {
  // pk 2+1, sk 2+2, l 1+1, v 1+filler; the entry of local-all is the same again.
  const size_t filler = model::kItemSizeMax / 2 - 10;
  EXPECT_EQ(refused_put(R"("l":{"S":"x"},"v":{"S":")" + std::string(filler, 'v') + "\"}"), "{}");
  EXPECT_EQ(refused_put(R"("l":{"S":"x"},"v":{"S":")" + std::string(filler + 1, 'v') + "\"}"),
            "ValidationException: Item size has exceeded the maximum allowed size");
  EXPECT_EQ(refused_put(R"("v":{"S":")" + std::string(filler + 1, 'v') + "\"}"), "{}");
  EXPECT_EQ(harness.text("UpdateItem",
                         R"({"TableName":"tab","Key":{"pk":{"S":"p"},"sk":{"N":"1"}},"UpdateExpression":"SET l = :l",
                         "ExpressionAttributeValues":{":l":{"S":"x"}}})"),
            "ValidationException: Item size to update has exceeded the maximum allowed size");
}

}  // namespace
}  // namespace stator::api::testing
