// Goal: the log entries that docs/storage_format.md shows are the ones that the code writes. Its fenced
// blocks marked "golden-log NAME" are compared with the golden bytes of that name.
#include "tests/unit/cluster/cluster_testing.h"

namespace stator::cluster {
namespace {

TEST(StorageFormatPage, LogEntriesAreTheGoldenBytes) {
  std::ifstream page(std::string(STATOR_TEST_DATA) + "/../../docs/storage_format.md");
  ASSERT_TRUE(page.is_open());
  int compared = 0;
  std::string name, bytes;
  for (std::string line; std::getline(page, line);) {
    if (!name.empty() && line == "```") {
      EXPECT_EQ(model::hex(bytes), model::hex(read_golden(name))) << name;
      ++compared;
      name.clear();
    } else if (!name.empty()) {
      bytes += model::unhex(line.substr(0, line.find('#')));
    } else if (line.starts_with("```golden-log ")) {
      name = line.substr(14);
      bytes.clear();
    }
  }
  EXPECT_EQ(compared, 3);
}

}  // namespace
}  // namespace stator::cluster
