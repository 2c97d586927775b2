// PassedEntries: what a Scan of a local index comes across and does not want. The entries of all local indexes of a table lie
// together, collection after collection (docs/storage_format.md), so that a page of a sparse index could read on without end.
// It does not: a few entries of other indexes are passed over one by one, more by going to where entries of its own can be
// next, and after so many the page ends, with a LastEvaluatedKey as a filter's empty pages have it.
//
// That key need not be an entry's: it is a place in the index behind all that the page has seen. In a collection where the
// index has nothing it has the keys of an item there and the least value that we name for the index's own sort key. Pure; of
// one page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/view.h"
#include "model/attribute_value.h"
#include "model/key.h"
#include "model/table.h"

namespace stator::api {

// Entries of other indexes, and their bytes, that a page reads of one partition. A collection has at most kPassedInARowMax of
// them on each side of the index's own, so that several collections are always gone through.
inline constexpr size_t kPassedEntriesMax = 10'000;
inline constexpr uint64_t kPassedBytesMax = 16 * 1024 * 1024;
inline constexpr size_t kPassedInARowMax = 8;

class PassedEntries {
 public:
  // `range`: what the page is to read, forwards. Both outlive this.
  PassedEntries(const model::Table& table, const model::LocalIndex& index, const model::KeyRange& range)
      : table_(table), index_(index), begin_(range.from) {}

  // An entry of the index itself comes next.
  void own(std::string_view key, const StoredItemPtr& entry);
  // One of another index: where to go on instead; nullopt: with what follows.
  std::optional<std::string> pass(std::string_view key, const StoredItemPtr& entry);
  // The page ends here, at place().
  bool enough() const { return place_ && (passed_ >= kPassedEntriesMax || passed_bytes_ >= kPassedBytesMax); }
  // Attributes of LastEvaluatedKey. REQUIRES: enough().
  model::Item place() const;

 private:
  // The entries of one collection, seen last.
  struct Seen {
    std::string collection;
    StoredItemPtr entry;
  };
  void enter(const std::string& collection);

  const model::Table& table_;
  const model::LocalIndex& index_;
  const std::string begin_;
  std::optional<Seen> place_;   // nothing of the index is left in its collection, nor before it
  std::optional<Seen> before_;  // of a collection where the index's own may still come
  size_t passed_ = 0;
  size_t in_a_row_ = 0;
  uint64_t passed_bytes_ = 0;
};

}  // namespace stator::api
