// Goal: docs/storage_format.md shows the bytes that the code writes. Its fenced blocks marked "golden NAME"
// are compared with the golden bytes of that name, its table of numbers with Number's key bytes.
#include <fstream>
#include <map>

#include "model/collection_size.h"
#include "model/index.h"
#include "model/key.h"
#include "model/number.h"
#include "tests/unit/model/golden.h"

namespace stator::model {
namespace {

std::vector<std::string> page() {
  std::ifstream file(std::string(STATOR_TEST_DATA) + "/../../docs/storage_format.md");
  EXPECT_TRUE(file.is_open());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The bytes of each fenced block, by what stands behind its opening fence. In a block # begins a comment.
std::map<std::string, std::string> blocks() {
  std::map<std::string, std::string> out;
  std::string name;
  for (const std::string& line : page()) {
    if (line.starts_with("```")) {
      name = line.substr(3);
    } else if (!name.empty()) {
      out[name] += unhex(line.substr(0, line.find('#')));
    }
  }
  return out;
}

TEST(StorageFormatPage, RecordsAreTheGoldenBytes) {
  const auto shown = blocks();
  int compared = 0;
  for (const auto& [name, bytes] : shown) {
    if (!name.starts_with("golden ")) continue;
    EXPECT_EQ(hex(bytes), hex(read_golden(name.substr(7)))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

TEST(StorageFormatPage, TheKeyIsTheOneOfTheRecord) {
  const auto shown = blocks();
  ASSERT_TRUE(shown.contains("golden-key"));
  const auto key = item_key({{"pk", AttributeType::kS}, std::nullopt}, {{"pk", AttributeValue::s("user#1")}});
  EXPECT_EQ(hex(shown.at("golden-key")), hex(*key));
}

TEST(StorageFormatPage, TheKeysOfIndexEntries) {
  const auto shown = blocks();
  const Item item = {{"pk", AttributeValue::s("user#1")},
                     {"n", AttributeValue::n(1)},
                     {"colour", AttributeValue::s("red")}};
  Table table;
  table.key = {{"pk", AttributeType::kS}, std::nullopt};
  const LocalIndex local{2, "by-n", {"n", AttributeType::kN}, {}};
  GlobalIndex global;
  global.partition_key = {{"colour", AttributeType::kS}};
  EXPECT_EQ(hex(shown.at("golden-key-local")), hex(*index_key(table, local, item)));
  EXPECT_EQ(hex(shown.at("golden-key-global")), hex(*index_key(table, global, item)));
  global.partition_key.push_back({"n", AttributeType::kN});
  EXPECT_EQ(hex(shown.at("golden-key-global-several")), hex(*index_key(table, global, item)));
}

TEST(StorageFormatPage, TheSizeOfAnItemCollection) {
  const auto shown = blocks();
  ASSERT_TRUE(shown.contains("golden-collection-size"));
  const std::string key = partition_prefix(AttributeValue::s("user#1"));
  EXPECT_EQ(hex(shown.at("golden-collection-size")), hex(encode_collection_size(key, 36)));
}

TEST(StorageFormatPage, NumbersHaveTheirKeyBytes) {
  int compared = 0;
  bool in_table = false;
  for (const std::string& line : page()) {
    if (line == "| number | bytes |") in_table = true;
    if (line.empty()) in_table = false;
    if (!in_table || line.starts_with("| number") || line.starts_with("|---")) continue;
    const size_t middle = line.find(" | ");
    ASSERT_NE(middle, std::string::npos) << line;
    const auto number = Number::parse(std::string_view(line).substr(2, middle - 2));
    ASSERT_TRUE(number.ok()) << line;
    EXPECT_EQ(hex(number->key_bytes()), line.substr(middle + 3, line.size() - middle - 5)) << line;
    ++compared;
  }
  EXPECT_GE(compared, 14);
}

}  // namespace
}  // namespace stator::model
