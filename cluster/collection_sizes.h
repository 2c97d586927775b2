// CollectionSizes: the sizes of the item collections that a leader is writing to, as of the newest proposal: what items/
// says, and what is proposed and not applied yet. The overlay's (overlay.h) other half, for tables with local indexes: the
// items of one partition key and their entries in local indexes must not outgrow the service's limit.
//
//   absent --hold--> not known --loaded--> known --nobody holds it, and applied--> absent
//
// A command holds its collection from its admission to the end of its evaluation; the load of its row brings the size along.
// The first load that comes back says what the size is: none that is held can have been asked for before the collection was,
// and until then nothing of it can be evaluated, hence changed. Later loads may be older than what was proposed since and
// are not looked at. Whoever finds a row in the overlay finds the size here: what keeps a row there, a command or a
// proposal, keeps its collection too. Pure; belongs to the leader.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/row_kind.h"
#include "raft/entry.h"

namespace stator::cluster {

// A collection is named by what the keys of its items begin with (model::partition_prefix).
class CollectionSizes {
 public:
  // A command for one of its items was admitted, or waits for its row.
  void hold(std::string_view collection);
  // A command is done with it. One that is not held here (any more) is passed over.
  void release(std::string_view collection);
  // A load of a holder brought what items/ says.
  void loaded(std::string_view collection, uint64_t bytes);
  // As of the newest proposal. REQUIRES: known.
  uint64_t bytes(std::string_view collection) const;
  // The newest proposal that wrote to the collection; 0: none that is not applied.
  raft::Index index(std::string_view collection) const;
  // A proposal at `index` changes one of its items. Called for each, also where the size stays: the collection stays here
  // until the proposal is applied. Returns what this adds to the entry's rows, in bytes. REQUIRES: known.
  size_t grow(std::string_view collection, int64_t growth, raft::Index index);
  // Appends the rows of those whose size changed since the last call, each once: kCollectionSize, deleted where nothing is
  // left.
  void take_rows(std::vector<model::RowWrite>& rows);
  // Everything up to `index` is in items/.
  void applied(raft::Index index);
  // The leadership is lost: everything goes.
  void clear();

  size_t size() const { return collections_.size(); }

 private:
  struct Collection {
    std::optional<uint64_t> bytes;  // nullopt: not known yet
    raft::Index index = 0;          // the newest proposal that wrote to it; 0: none that is not applied
    size_t holders = 0;
    bool taken = false;  // it is in taken_
  };
  struct Hash {
    using is_transparent = void;
    // Memory only: nothing stored depends on it.
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  using Collections = std::unordered_map<std::string, Collection, Hash, std::equal_to<>>;

  const Collection& known(std::string_view collection) const;

  Collections collections_;
  std::deque<std::pair<raft::Index, std::string>> written_;  // in order of their proposals
  std::vector<std::string> taken_;                           // changed since the last take_rows()
};

}  // namespace stator::cluster
