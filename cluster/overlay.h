// Overlay: the rows that a leader has proposed and items/ does not hold yet, and the rows being loaded.
// Evaluation reads the overlay before items/, so that writes to one hot key pipeline (docs/architecture.md,
// protocol 8). Reads of clients never see it.
//
//   absent --admit--> loading --loaded--> row at index --applied(index), nobody evaluates--> absent
//
// A key is loading while its row is read from items/; commands for it wait in order of arrival. A command
// that was let through holds the row until release(), so that the first of several that waited does not take
// it from the others. No write to a key can be proposed while it loads, and what was proposed before is
// either in the overlay (then there is no load) or applied, so a load always sees the newest applied row.
// Pure; belongs to the leader.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/view.h"
#include "cluster/command.h"
#include "raft/entry.h"

namespace stator::cluster {

class Overlay {
 public:
  // What a command that wants to be evaluated meets.
  enum class Admission : uint8_t {
    kReady,    // the row is here: evaluate now
    kLoad,     // the command was parked; the caller must load the row, under the id of load_id()
    kWaiting,  // the command was parked behind a load that is under way
  };
  // Takes the command only where the answer is not kReady; where it is, the command holds the row.
  Admission admit(Command& command);
  // Names the load that the last kLoad asked for. A load that was asked for before a clear() must not answer
  // for a later one of the same key: another leader may have written the row between them.
  uint64_t load_id() const { return last_load_; }

  // The row of `key` arrived. The commands parked for it, in order of arrival: each holds the row. Empty
  // where the overlay was cleared since (a stale load).
  std::vector<Command> loaded(const std::string& key, uint64_t load, api::StoredItemPtr row);
  // The load failed: the parked commands, to be answered with the error; the key is forgotten.
  std::vector<Command> load_failed(const std::string& key, uint64_t load);

  // The row as of the newest proposal. Requires that the key is here and not loading.
  const api::StoredItemPtr& row(std::string_view key) const;
  // The index that wrote it; 0 where it was only loaded.
  raft::Index index(std::string_view key) const;
  // A proposal at `index` writes the row.
  void put(std::string_view key, api::StoredItemPtr row, raft::Index index);
  // A command that held the row is done with it. The row goes where nothing holds it: no command, and no
  // proposal.
  void release(std::string_view key);
  // Everything up to `index` is in items/.
  void applied(raft::Index index);
  // The leadership is lost: everything goes. The commands that were parked, to be answered.
  std::vector<Command> clear();

  size_t size() const { return rows_.size(); }
  size_t parked() const { return parked_; }

 private:
  struct Row {
    bool loading = true;
    uint64_t load = 0;
    raft::Index index = 0;  // the newest proposal that wrote it; 0: none that is not applied
    size_t holders = 0;     // commands between admission and release()
    api::StoredItemPtr item;
    std::vector<Command> waiting;
  };
  struct Hash {
    using is_transparent = void;
    // Memory only: nothing stored depends on it.
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  using Rows = std::unordered_map<std::string, Row, Hash, std::equal_to<>>;

  Rows rows_;
  std::deque<std::pair<raft::Index, std::string>> written_;  // keys in order of their proposals
  size_t parked_ = 0;
  uint64_t last_load_ = 0;
};

}  // namespace stator::cluster
