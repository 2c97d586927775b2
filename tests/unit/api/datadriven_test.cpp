// Goal: operations as users see them, request and response in full, one file of tests/data/api a theme.
//
// A file is a sequence of blocks, each against the state that the blocks before left:
//     # comments
//     PutItem
//     {"TableName": "t", "Item": {...}}
//     ----
//     {"Attributes": {...}}                 or    ValidationException: text
// A line "partitions N" splits the hash space for Query and Scan; "settle" ends the making and the deletion of indexes, as
// group 0 does; "later N" lets N seconds pass. JSON is compared by content. To accept what
// the code says now, having understood why it differs: STATOR_REWRITE=1.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/api/harness.h"

namespace stator::api::testing {
namespace {

struct Block {
  std::string before;     // comments and empty lines, kept when rewritten
  std::string operation;  // "PutItem", or a command: "partitions 4"
  std::string request;
  std::string expected;
  size_t line = 0;
};

bool is_command(const std::string& line) {
  return line.starts_with("partitions ") || line.starts_with("later ") || line == "settle";
}

void run_command(const std::string& line, Harness& harness) {
  if (line.starts_with("partitions ")) harness.partitions = static_cast<uint32_t>(std::stoul(line.substr(11)));
  if (line.starts_with("later ")) harness.now.micros += std::stoull(line.substr(6)) * 1'000'000;
  if (line == "settle") harness.tables.settle();
}

std::vector<Block> read_blocks(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Block> blocks;
  std::string line;
  size_t number = 0;
  Block block;
  enum { kBefore, kRequest, kExpected } state = kBefore;
  const auto finish = [&] {
    if (!block.operation.empty()) blocks.push_back(block);
    block = {};
    state = kBefore;
  };
  while (std::getline(file, line)) {
    ++number;
    if (state == kBefore) {
      if (line.empty() || line.starts_with("#")) {
        block.before += line + "\n";
        continue;
      }
      block.operation = line;
      block.line = number;
      if (is_command(line))
        finish();
      else
        state = kRequest;
    } else if (state == kRequest) {
      if (line == "----")
        state = kExpected;
      else
        block.request += line + "\n";
    } else if (line.empty()) {
      finish();
      block.before = "\n";
    } else {
      block.expected += block.expected.empty() ? line : "\n" + line;
    }
  }
  finish();
  return blocks;
}

// The item of a failed condition stands on a line of its own.
std::string comparable(const std::string& text) {
  const size_t line_end = text.find('\n');
  if (line_end == std::string::npos || text.starts_with("{")) return canonical(text);
  return text.substr(0, line_end) + "\n" + canonical(std::string_view(text).substr(line_end + 1));
}

class DataDriven : public ::testing::TestWithParam<std::string> {};

TEST_P(DataDriven, RequestsAndResponses) {
  const auto path = std::filesystem::path(STATOR_TEST_DATA) / "api" / GetParam();
  auto blocks = read_blocks(path);
  ASSERT_FALSE(blocks.empty()) << path;
  Harness harness;
  std::string rewritten;
  for (Block& block : blocks) {
    rewritten += block.before + block.operation + "\n";
    if (is_command(block.operation)) {
      run_command(block.operation, harness);
      continue;
    }
    const std::string actual = harness.text(block.operation, block.request);
    EXPECT_EQ(comparable(actual), comparable(block.expected)) << path.filename() << ":" << block.line;
    rewritten += block.request + "----\n" + actual + "\n";
  }
  if (std::getenv("STATOR_REWRITE") != nullptr) std::ofstream(path) << rewritten;
}

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(STATOR_TEST_DATA) / "api")) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param.substr(0, info.param.find('.'));
}

INSTANTIATE_TEST_SUITE_P(Api, DataDriven, ::testing::ValuesIn(files()), test_name);

}  // namespace
}  // namespace stator::api::testing
