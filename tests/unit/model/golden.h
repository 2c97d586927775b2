// Golden bytes: tests/data/model/NAME.hex holds a record as hex, 16 bytes a line, # begins a comment. Bytes
// that reach a disk never change by accident: on a mismatch the test prints what it got, to be pasted only by
// someone who knows why.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/model/model_testing.h"

namespace stator::model {

inline std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(STATOR_TEST_DATA) + "/model/" + name + ".hex");
  EXPECT_TRUE(file.is_open()) << name;
  std::string bytes;
  for (std::string line; std::getline(file, line);) bytes += unhex(line.substr(0, line.find('#')));
  return bytes;
}

inline void expect_golden(const std::string& name, const std::string& actual) {
  if (read_golden(name) == actual) return;
  std::string lines;
  for (size_t at = 0; at < actual.size(); at += 16) {
    for (size_t word = at; word < std::min(at + 16, actual.size()); word += 4) {
      lines += hex(std::string_view(actual).substr(word, 4)) + " ";
    }
    lines.back() = '\n';
  }
  ADD_FAILURE() << "not the bytes of " << name << ".hex; these are:\n" << lines;
}

}  // namespace stator::model
