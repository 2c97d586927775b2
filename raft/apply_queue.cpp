// Handing out committed entries.
#include "raft/apply_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/assert.h"

namespace stator::raft {

bool ApplyQueue::collect(const Log& log, Index limit, const Config& config, uint64_t read_id, Ready& ready) {
  if (!loaded_.empty()) {
    size_t bytes = 0;
    for (const Entry& entry : loaded_) bytes += entry_bytes(entry);
    std::vector<Entry> entries = std::exchange(loaded_, {});
    hand_out(entries, bytes, ready);
  }
  if (handed_ >= limit || bytes_ >= config.applying_bytes_max) return false;
  const size_t bytes_max = config.applying_bytes_max - bytes_;
  if (log.cached(handed_ + 1)) {
    if (!under_way_.empty() && entry_bytes(log.at(handed_ + 1)) > bytes_max) return false;
    std::vector<Entry> entries;
    const size_t bytes = log.copy(handed_ + 1, limit, bytes_max, entries);
    hand_out(entries, bytes, ready);
    return false;
  }
  if (read_id_ != 0 || read_failed_) return false;
  read_id_ = read_id;
  ready.log_reads.push_back({read_id, handed_ + 1, std::min(limit, log.cached_first() - 1), bytes_max});
  return true;
}

bool ApplyQueue::loaded(uint64_t id, std::vector<Entry>& entries, const Log& log) {
  if (read_id_ == 0 || id != read_id_) return false;
  read_id_ = 0;
  Index index = handed_;
  const bool good = std::all_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.index == ++index && log.matches(index, entry.term);
  });
  if (good && !entries.empty()) {
    loaded_ = std::move(entries);
  } else {
    read_failed_ = true;
  }
  return true;
}

void ApplyQueue::hand_out(std::vector<Entry>& entries, size_t bytes, Ready& ready) {
  STATOR_ASSERT(entries.front().index == handed_ + 1, "each entry is applied once, in order");
  handed_ = entries.back().index;
  bytes_ += bytes;
  under_way_.push_back({handed_, bytes});
  if (ready.committed.empty()) {
    ready.committed = std::move(entries);
  } else {
    std::move(entries.begin(), entries.end(), std::back_inserter(ready.committed));
  }
}

void ApplyQueue::applied(Index index) {
  STATOR_ASSERT(index >= applied_ && index <= handed_, "only what was handed out is applied");
  applied_ = index;
  while (!under_way_.empty() && under_way_.front().last <= index) {
    bytes_ -= under_way_.front().bytes;
    under_way_.pop_front();
  }
  read_failed_ = false;
}

void ApplyQueue::install(Index index) {
  STATOR_ASSERT(idle(), "a snapshot never overtakes an entry that is being applied");
  STATOR_ASSERT(index > applied_, "a snapshot never takes the state back");
  applied_ = handed_ = index;
  read_id_ = 0;
  loaded_.clear();
}

}  // namespace stator::raft
