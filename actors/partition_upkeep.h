// PartitionUpkeep: what the leader of a partition does for it beside answering requests, one step at a time:
//
//   feed    marks of changed items to the partitions of the table's global indexes (cluster/index_feed.h)
//   build   the items of before a new index, or of before the time to live, are read and marked
//   sweep   items whose time to live has ended are deleted; in an index, tombstones that are old enough
//
// A step reads applied rows on a reader's thread and ends in a write to the partition's own log, so that its successor on
// another node goes on where it stood: nothing is kept here that would be missed. Each step waits for the one before; bounds
// are a step's (kUpkeepRows). Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/build_pace.h"
#include "actors/replica_input.h"
#include "cluster/build_place.h"
#include "cluster/index_feed.h"
#include "cluster/replica.h"
#include "model/table.h"
#include "net/dispatcher.h"
#include "storage/item_store.h"
#include "storage/reader_pool.h"

namespace stator::actors {

inline constexpr size_t kUpkeepRows = 256;  // of marks, or of what expires; of builds: cluster/build_budget.h
inline constexpr std::chrono::milliseconds kUpkeepInterval{100};  // between two looks at what is to be done
inline constexpr size_t kUpkeepBytes = 1024 * 1024;
// Marks that no index has seen yet; a table's writes are refused while there are more (docs/bounds.md).
inline constexpr uint64_t kMarksMax = 100'000;
// In a cluster of one a write is answered once its indexes show it, or after this.
inline constexpr std::chrono::milliseconds kIndexWaitMax{1000};
// How exactly the age of the oldest mark is known, and how many moments are remembered for it.
inline constexpr std::chrono::milliseconds kMarkTimeStep{100};
inline constexpr size_t kMarkTimesMax = 1024;
// Between two tries of a step that failed.
inline constexpr std::chrono::milliseconds kUpkeepPause{100};

// The node's parts that it works with. All outlive it.
struct UpkeepServices {
  storage::ItemStore& items;
  storage::ReaderPool& readers;
  // Takes entries to the partitions of indexes, and what was found out to group 0.
  std::function<void(api::RequestPtr, net::Done)> write_indexes;
  std::function<void(std::shared_ptr<api::Request>, net::Done)> tell_tables;
  // How fast builds go, over all partitions of the node.
  std::shared_ptr<BuildPace> pace;
  // Items that a build of an index has read, and those of them that it skipped: an attribute cannot be the index's key.
  std::function<void(uint64_t read, uint64_t skipped)> build_read;
  // Whether this node's clock is good enough to say that an item's time has come.
  std::function<bool()> trusts_clock;
  std::chrono::milliseconds sweep_interval{1000};
};

class PartitionUpkeep : public std::enable_shared_from_this<PartitionUpkeep> {
 public:
  using Clock = std::chrono::steady_clock;

  PartitionUpkeep(UpkeepServices services, model::PartitionId partition, std::shared_ptr<ReplicaMailbox> mailbox)
      : services_(std::move(services)), partition_(partition), mailbox_(std::move(mailbox)) {}

  // What the replica is now. On its actor's thread, whenever rows were applied or its role changed.
  void observe(const cluster::Replica& replica, model::SpaceId space);
  // Time has passed.
  void tick();
  // The partition is closed on this node: nothing begins any more.
  void stop();

  // A write's `done` that waits for the table's indexes; `done` itself where there are none.
  net::Done after_indexes(net::Done done);
  // Too much is waiting for the indexes: no more writes now.
  bool behind() const;
  // A client asks for something: builds take less.
  void client_called() { services_.pace->client_called(); }

  // --- for metrics; nothing where this node does not lead the partition ---

  // Changes that an index has not seen yet, roughly.
  uint64_t marks() const;
  // For how long the oldest of them has waited; since this node leads, where it is older.
  std::chrono::duration<double> lag() const;
  // Items that are still to be read for indexes that are being made, roughly.
  uint64_t build_remaining() const;

 private:
  struct Waiting {
    raft::Index index = 0;
    Clock::time_point deadline;
    net::Done done;
    api::Result<api::Answer> result;
  };
  enum class Step : uint8_t { kNone, kFeed, kBuild, kSweep };
  // What a step works with, as of when it began.
  struct View {
    std::shared_ptr<const model::Table> table;
    model::SpaceId space;
  };
  // A place in a build: an index (its number), or the time to live (0), of one enabling.
  struct Build {
    uint16_t number = 0;
    uint64_t generation = 0;
  };

  Step next_step(Clock::time_point now);  // by mutex_
  void run_if_needed();
  void run(Step step);
  void step_done(bool ok);
  std::vector<Waiting> released(Clock::time_point now);  // by mutex_
  static void answer(std::vector<Waiting> waiting);

  void feed(const View& view);
  void fed(std::vector<cluster::MarkGroup> groups, std::vector<size_t> group_of, api::Result<api::Answer> result);
  void forget_marks(std::vector<std::string> keys, bool ok);
  void build(const View& view);
  bool read_for_build(const View& view, const Build& build, size_t items_max, cluster::BuildPlace& place,
                      std::vector<model::RowWrite>& rows);
  void tell(const View& view, uint16_t number, const cluster::BuildPlace& place);
  void sweep(const View& view);
  void write_rows(std::vector<model::RowWrite> rows, std::function<void(bool)> then);
  std::optional<Build> unbuilt() const;  // by mutex_
  bool may_build(Clock::time_point now);  // by mutex_
  bool shows_writes() const;              // by mutex_
  void marked(raft::Index index);         // by mutex_
  void settled_through(raft::Index index);  // by mutex_

  const UpkeepServices services_;
  const model::PartitionId partition_;
  const std::shared_ptr<ReplicaMailbox> mailbox_;

  mutable std::mutex mutex_;
  bool stopped_ = false;
  bool serving_ = false;
  bool alone_ = false;  // the group's only voter
  bool running_ = false;
  std::shared_ptr<const model::Table> table_;
  model::SpaceId space_;
  raft::Index applied_ = 0;
  uint64_t items_ = 0;  // of the partition, as applied
  raft::Index newest_mark_ = 0;    // the newest entry that left marks
  raft::Index clean_through_ = 0;  // the indexes have seen every mark up to here
  raft::Index captured_ = 0;       // writes after this one were evaluated with `table_`
  uint64_t marks_seen_ = 0;        // the replica's count, as of the last look
  uint64_t marks_waiting_ = 0;     // roughly: counted by applied entries and settled marks
  std::string cursor_;             // where in the marks the cycle goes on; empty: it begins
  raft::Index cycle_applied_ = 0;  // as of the cycle's first step
  bool cycle_clean_ = true;
  // When marks were left, the oldest first: of each moment the newest entry. None up to clean_through_.
  std::deque<std::pair<raft::Index, Clock::time_point>> mark_times_;
  bool builds_turn_ = false;        // a cycle is over
  std::optional<Clock::time_point> build_began_;  // of a piece whose marks are not settled yet
  size_t build_items_ = 0;                        // that the next piece may read
  std::map<uint16_t, cluster::BuildPlace> builds_;  // of indexes, as known here
  raft::Index build_written_ = 0;  // what builds marked is not above this
  std::set<std::pair<uint16_t, uint64_t>> built_;  // nothing is left to do for these
  Clock::time_point next_sweep_{};
  Clock::time_point pause_until_{};
  std::deque<Waiting> waiting_;  // in order of index
};

}  // namespace stator::actors
