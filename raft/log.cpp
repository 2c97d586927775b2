// The log's terms and its newest entries.
#include "raft/log.h"

#include <algorithm>
#include <utility>

#include "model/assert.h"

namespace stator::raft {
namespace {

constexpr size_t kCopyReserve = 64;  // entries; above it the vector grows as it fills

// The first TermStart above `index`.
template <class Terms>
auto start_above(Terms& terms, Index index) {
  return std::upper_bound(terms.begin(), terms.end(), index,
                          [](Index i, const TermStart& start) { return i < start.first; });
}

void check_terms(const std::vector<TermStart>& terms, Index compacted_index, Term compacted_term,
                 Index last) {
  STATOR_ASSERT(terms.empty() == (compacted_index == last), "terms for exactly the entries of the log");
  Index index = compacted_index;
  Term term = compacted_term;
  for (const TermStart& start : terms) {
    STATOR_ASSERT(start.first > index && start.first <= last, "terms ascend within the log");
    STATOR_ASSERT(start.term > term || (&start == &terms.front() && start.term >= term), "terms rise");
    index = start.first;
    term = start.term;
  }
  STATOR_ASSERT(terms.empty() || terms.front().first == compacted_index + 1, "the first entry has a term");
}

}  // namespace

Log::Log(InitialState& initial)
    : compacted_index_(initial.compacted_index),
      compacted_term_(initial.compacted_term),
      last_(initial.last_index),
      handed_(initial.last_index),
      terms_(std::move(initial.terms)) {
  STATOR_ASSERT(last_ >= compacted_index_, "the log ends where it begins, or later");
  check_terms(terms_, compacted_index_, compacted_term_, last_);
  Index index = last_ - initial.tail.size();
  STATOR_ASSERT(initial.tail.size() <= last_ - compacted_index_, "the tail is part of the log");
  for (Entry& entry : initial.tail) {
    STATOR_ASSERT(entry.index == ++index && matches(index, entry.term), "the tail agrees with the terms");
    cached_bytes_ += entry_bytes(entry);
    cache_.push_back(std::move(entry));
  }
}

std::optional<Term> Log::term_at(Index index) const {
  if (index < compacted_index_ || index > last_) return std::nullopt;
  if (index == compacted_index_) return compacted_term_;
  if (index >= terms_.back().first) return terms_.back().term;  // nearly always
  return std::prev(start_above(terms_, index))->term;
}

Index Log::last_not_above(Index index, Term term) const {
  index = std::min(index, last_);
  if (index <= compacted_index_) return compacted_index_;
  for (auto start = start_above(terms_, index); start != terms_.begin();) {
    --start;
    if (start->term <= term) return index;
    index = start->first - 1;
  }
  return compacted_index_;
}

void Log::append(Entry entry) {
  STATOR_ASSERT(entry.index == last_ + 1, "the log has no holes");
  STATOR_ASSERT(entry.term >= last_term(), "terms never fall along the log");
  if (terms_.empty() || entry.term != terms_.back().term) terms_.push_back({entry.index, entry.term});
  cached_bytes_ += entry_bytes(entry);
  last_ = entry.index;
  cache_.push_back(std::move(entry));
}

void Log::truncate(Index index) {
  STATOR_ASSERT(index > compacted_index_ && index <= last_, "only what the log holds is taken back");
  while (!cache_.empty() && cache_.back().index >= index) {
    cached_bytes_ -= entry_bytes(cache_.back());
    cache_.pop_back();
  }
  last_ = index - 1;
  handed_ = std::min(handed_, last_);
  while (!terms_.empty() && terms_.back().first >= index) terms_.pop_back();
}

void Log::reset(Index index, Term term) {
  cache_.clear();
  terms_.clear();
  cached_bytes_ = 0;
  compacted_index_ = last_ = handed_ = index;
  compacted_term_ = term;
}

void Log::compact(Index index) {
  if (index <= compacted_index_) return;
  STATOR_ASSERT(index <= handed_, "only what is stored is cut");
  const Term term = *term_at(index);
  while (!cache_.empty() && cache_.front().index <= index) pop_cached_front();
  auto keep = start_above(terms_, index);
  if (index < last_ && (keep == terms_.end() || keep->first > index + 1)) {
    --keep;  // the run that index lies in goes on after it
    keep->first = index + 1;
  }
  terms_.erase(terms_.begin(), keep);
  compacted_index_ = index;
  compacted_term_ = term;
}

const Entry& Log::at(Index index) const {
  STATOR_ASSERT(cached(index), "an entry that is in memory");
  return cache_[index - cached_first()];
}

size_t Log::copy(Index first, Index last, size_t bytes_max, std::vector<Entry>& out) const {
  STATOR_ASSERT(cached(first) && last <= last_, "entries that are in memory");
  size_t bytes = 0;
  out.reserve(out.size() + std::min<size_t>(last - first + 1, kCopyReserve));
  auto entry = cache_.begin() + static_cast<std::ptrdiff_t>(first - cached_first());
  for (Index index = first; index <= last; ++index, ++entry) {
    const size_t size = entry_bytes(*entry);
    if (index != first && bytes + size > bytes_max) break;
    bytes += size;
    out.push_back(*entry);
  }
  return bytes;
}

void Log::evict(Index limit, size_t bytes_max) {
  limit = std::min(limit, handed_);
  while (cached_bytes_ > bytes_max && !cache_.empty() && cache_.front().index <= limit) pop_cached_front();
}

std::vector<Entry> Log::hand_out() {
  std::vector<Entry> entries;
  if (!has_unhanded()) return entries;
  copy(handed_ + 1, last_, SIZE_MAX, entries);
  handed_ = last_;
  return entries;
}

void Log::pop_cached_front() {
  cached_bytes_ -= entry_bytes(cache_.front());
  cache_.pop_front();
}

}  // namespace stator::raft
