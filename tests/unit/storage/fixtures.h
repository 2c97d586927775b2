// What the storage tests share: a store in a faulty file system, short ways to write updates, temporary
// folders.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/env_faulty.h"
#include "storage/env_memory.h"
#include "storage/store.h"

namespace stator::storage {

inline const std::string kFolder = "/data";

// A folder on the real disk, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stator-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline ReplicaAddress address(uint64_t partition, uint64_t replica) {
  return {PartitionId(partition), ReplicaId(replica)};
}

inline Entry entry(Index index, Term term, std::string data,
                   raft::EntryKind kind = raft::EntryKind::kNormal) {
  return {index, term, kind, std::make_shared<const std::string>(std::move(data))};
}

// A new replica with one voter, itself.
inline LogUpdate birth(ReplicaAddress replica) {
  LogUpdate update;
  update.replica = replica;
  update.reset = LogBase{0, 0, {{replica.replica}, {}}};
  update.hard_state = HardState{1, replica.replica};
  return update;
}

inline LogUpdate append(ReplicaAddress replica, std::vector<Entry> entries) {
  LogUpdate update;
  update.replica = replica;
  update.entries = std::move(entries);
  return update;
}

inline std::vector<Entry> numbered(Index from, Index to, Term term) {
  std::vector<Entry> entries;
  for (Index index = from; index <= to; ++index)
    entries.push_back(entry(index, term, "entry " + std::to_string(index)));
  return entries;
}

inline PartitionState state_of(ReplicaAddress replica, SpaceId space, Index applied) {
  PartitionState state;
  state.partition = replica.partition;
  state.replica = replica.replica;
  state.space = space;
  state.applied = {applied, 1};
  return state;
}

template <class T>
std::string why(const Result<T>& result) {
  return result ? "ok" : std::string(error_code_name(result.error().code)) + ": " + result.error().text();
}

// For a Result: ok, or the error's text as the failure.
#define ASSERT_OK(expression)                  \
  do {                                         \
    const auto& result_ = (expression);        \
    ASSERT_TRUE(result_.ok()) << why(result_); \
  } while (false)

template <class T>
void expect_code(ErrorCode expected, const Result<T>& result, int line) {
  EXPECT_FALSE(result.ok()) << "line " << line;
  if (result.ok()) return;
  EXPECT_EQ(error_code_name(expected), error_code_name(result.error().code))
      << "line " << line << ": " << why(result);
}
#define EXPECT_CODE(expected, expression) expect_code(expected, expression, __LINE__)

}  // namespace stator::storage
