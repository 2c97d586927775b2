// Goal: whole conversations stay as they were read and understood once. Each file of tests/data/raft is a
// list of cases:
//
//   # comment
//   commands, a line each (scenario.h lists them)
//   ----
//   the trace, up to an empty line
//
// STATOR_REWRITE=1 writes the traces anew. Only for those who then read the difference and can say why it is
// right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "scenario.h"

namespace stator::raft {
namespace {

std::vector<std::string> scenario_files() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(STATOR_TEST_DATA "/raft")) {
    names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct ScenarioFile : testing::TestWithParam<std::string> {};

TEST_P(ScenarioFile, HasItsTrace) {
  const std::string path = STATOR_TEST_DATA "/raft/" + GetParam() + ".txt";
  std::ifstream in(path);
  ASSERT_TRUE(in.good()) << path;
  Scenario scenario;
  std::string rewritten;
  std::string commands;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line != "----") {
      rewritten += line + "\n";
      if (!line.starts_with("#")) commands += line + "\n";
      continue;
    }
    const int at = number;
    std::string expected;
    while (std::getline(in, line) && !line.empty()) {
      ++number;
      expected += line + "\n";
    }
    ++number;
    const std::string actual = scenario.run(commands);
    rewritten += "----\n" + actual + "\n";
    if (std::getenv("STATOR_REWRITE") == nullptr) {
      ASSERT_EQ(actual, expected) << path << ":" << at << ", after\n" << commands;
    }
    commands.clear();
  }
  if (std::getenv("STATOR_REWRITE") != nullptr) std::ofstream(path) << rewritten;
}

INSTANTIATE_TEST_SUITE_P(Raft, ScenarioFile, testing::ValuesIn(scenario_files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace stator::raft
