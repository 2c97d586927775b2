// Log: what the core knows of its log. Of every index its term; of the newest entries the entries themselves.
// The rest lies on disk, written and read by the owner. Pure.
//
//      compacted          cached_first      handed          last
//   ······│────────── on disk ─────│────────────│──────────────│
//         │                        │ in memory and handed out  │ in memory, for the next Ready's `entries`
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "raft/node.h"

namespace stator::raft {

class Log {
 public:
  // Takes the log's part of `initial`.
  explicit Log(InitialState& initial);

  Index compacted_index() const { return compacted_index_; }
  Term compacted_term() const { return compacted_term_; }
  Index first() const { return compacted_index_ + 1; }
  Index last() const { return last_; }
  Term last_term() const { return terms_.empty() ? compacted_term_ : terms_.back().term; }

  // The term of the entry at index; nullopt outside [compacted_index, last].
  std::optional<Term> term_at(Index index) const;
  bool matches(Index index, Term term) const { return term_at(index) == std::optional<Term>(term); }
  // Raft §5.4.1: a log that ends in (index, term) is at least as up to date as this one.
  bool is_up_to_date(Index index, Term term) const {
    return term > last_term() || (term == last_term() && index >= last());
  }
  // The highest index in [compacted_index, min(index, last)] with a term <= `term`; compacted_index where all
  // are higher.
  Index last_not_above(Index index, Term term) const;

  // REQUIRES: entry.index == last + 1, entry.term >= last_term.
  void append(Entry entry);
  // Entries at and after `index` go. REQUIRES: compacted_index < index <= last.
  void truncate(Index index);
  // The log becomes empty and continues after (index, term).
  void reset(Index index, Term term);
  // Entries up to `index` go. REQUIRES: index <= last.
  void compact(Index index);

  // Whether the entry at `index` is in memory. Entries are from cached_first on.
  bool cached(Index index) const { return index >= cached_first() && index <= last_; }
  Index cached_first() const { return last_ + 1 - cache_.size(); }
  // REQUIRES: cached(index).
  const Entry& at(Index index) const;
  // Appends [first, last] to out, stopping before bytes_max would be exceeded, but never before the first
  // one. Their bytes. REQUIRES: cached(first), last <= last().
  size_t copy(Index first, Index last, size_t bytes_max, std::vector<Entry>& out) const;
  size_t cached_bytes() const { return cached_bytes_; }
  // Forgets the oldest entries, none above `limit` and none not handed out, until bytes_max are left.
  void evict(Index limit, size_t bytes_max);

  // The entries that no Ready has held yet; from now on they count as handed out.
  std::vector<Entry> hand_out();
  bool has_unhanded() const { return handed_ < last_; }

 private:
  void pop_cached_front();

  Index compacted_index_;
  Term compacted_term_;
  Index last_;
  Index handed_;  // entries up to here were in some Ready, or on disk from the start
  std::vector<TermStart>
      terms_;                // of (compacted_index, last], ascending; an element a leadership, not an entry
  std::deque<Entry> cache_;  // the newest entries, ending at last_
  size_t cached_bytes_ = 0;
};

inline size_t entry_bytes(const Entry& entry) { return entry.data ? entry.data->size() : 0; }

}  // namespace stator::raft
