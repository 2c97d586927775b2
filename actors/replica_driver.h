// ReplicaDriver: carries a cluster::Replica: hands it what the mailbox holds and carries out what it asks
// for: the committer syncs, the applier writes, readers load, clients are answered. No decisions: those are
// the replica's. Belongs to one actor and runs on its thread; never blocks.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/mailbox.h"
#include "actors/replica_input.h"
#include "actors/replica_snapshots.h"
#include "cluster/replica.h"
#include "storage/applier.h"
#include "storage/committer.h"
#include "storage/reader_pool.h"
#include "storage/store.h"

namespace stator::actors {

// Answers an input that came after the end: calls hear that they may be tried again.
void refuse(ReplicaInput&& input);

// Takes messages to the replicas of other nodes, or loses them. Any thread.
class MessageSender {
 public:
  virtual ~MessageSender() = default;
  virtual void send(model::PartitionId partition, uint32_t range_epoch,
                    std::vector<raft::Message> messages) = 0;
};

// The node's parts that a replica works with. All outlive it.
struct ReplicaServices {
  storage::Store& store;
  storage::Committer& committer;
  storage::Applier& applier;
  storage::ReaderPool& readers;
  MessageSender* sender = nullptr;  // null in a cluster of one, as is the next
  SnapshotService* snapshots = nullptr;
  uint64_t collection_bytes_max = model::kItemCollectionSizeMax;  // cluster::ItemMachine's
  uint32_t formats_max = cluster::kLogFormatVersion;  // cluster::ReplicaConfig's
};

// What a follower knows of its leader, beside what the replica itself says.
struct ReplicaContact {
  bool heard = false;         // the leader spoke in this turn
  bool ticked = false;        // time passed in this turn
  raft::Index committed = 0;  // the highest commit index that a leader told
};

// How far a leader's members are behind.
struct ReplicationLag {
  raft::Index entries = 0;  // that the slowest one misses
  std::vector<std::pair<model::ReplicaId, raft::Index>> members;  // what each one misses
  bool complete =
      false;  // the members are those that are wished, and none misses more than a moment's entries
};
inline constexpr raft::Index kCompleteLagMax = 64;
inline ReplicationLag replication_lag(const cluster::Replica& leader) {
  const raft::Status status = leader.node().status();
  ReplicationLag lag;
  for (const raft::PeerStatus& peer : status.peers) {
    lag.members.emplace_back(peer.replica, status.commit - std::min(status.commit, peer.match));
    lag.entries = std::max(lag.entries, lag.members.back().second);
  }
  lag.complete = !leader.reconfiguring() && lag.entries <= kCompleteLagMax;
  return lag;
}

// What the owner is told, on the actor's thread.
struct ReplicaEvents {
  std::function<void(const cluster::Replica&)> serving_changed;  // and whether it serves alone
  std::function<void(const cluster::Replica&)> applied;  // rows are in items/: counts may have changed
  std::function<void(cluster::Replica&)> state_changed;  // the state machine publishes something new
  std::function<void(const raft::SoftState&)> role_changed;
  std::function<void(const cluster::Replica&, const ReplicaContact&)> turned;  // after each turn of the actor
  // A snapshot took the place of the rows: they lie in another space now.
  std::function<void(const storage::PartitionState&)> installed;
  std::function<void(const std::string&)> failed;  // for good: why
  std::function<void(const storage::PartitionState&)>
      closed;  // the last word: nothing of this replica comes after it
};

// Requests that came before the only voter serves wait here; more are refused (docs/bounds.md). In a group of
// several it may be another one that will lead: there requests wait at the router.
inline constexpr size_t kParkedCallsMax = 10'000;

class ReplicaDriver {
 public:
  // `state` is the partition's state row as of the replica's applied index.
  ReplicaDriver(ReplicaServices services, storage::PartitionState state,
                std::shared_ptr<ReplicaMailbox> mailbox, std::unique_ptr<cluster::Replica> replica,
                ReplicaEvents events);
  // Answers everything that still waits.
  ~ReplicaDriver();

  // Takes what the mailbox holds and carries out what follows from it.
  void drain();

  cluster::Replica& replica() { return *replica_; }

 private:
  // A call that the replica holds, by its token.
  using Client = std::variant<net::Done, ReadJob>;

  void handle(WriteCall& call, uint64_t now);
  void handle(ReadCall& call, uint64_t now);
  void handle(MetadataCall& call, uint64_t now);
  void handle(RowsLoaded& loaded, uint64_t now);
  void handle(Persisted& persisted, uint64_t now);
  void handle(Applied& applied, uint64_t now);
  void handle(LogLoaded& loaded, uint64_t now);
  void handle(ItemsSynced& synced, uint64_t now);
  void handle(Configure& configure, uint64_t now);
  void handle(Campaign&, uint64_t now);
  void handle(Tick&, uint64_t now);
  void handle(Step& step, uint64_t now);
  void handle(PeerLost& lost, uint64_t now);
  void handle(Reconfigure& wish, uint64_t now);
  void handle(BeReluctant& wish, uint64_t now);
  void handle(Transfer& transfer, uint64_t now);
  void handle(Room&, uint64_t now);
  void handle(Run& run, uint64_t now);

  void refuse_or_park(ReplicaInput input);
  void unpark(uint64_t now);
  void carry_out(cluster::ReplicaOutputs out);
  void persist(std::vector<cluster::PersistWork> works);
  void apply(std::vector<cluster::ApplyWork> works);
  void load(std::vector<cluster::RowLoad> loads);
  void read_log(const raft::LogRead& read);
  void start_read(cluster::Token token);
  void cut_log(raft::Index index);
  void cut_log(const storage::LogBase& base);
  ReplicaSnapshots::Hooks snapshot_hooks();
  void submit_stalled();
  void answer(cluster::Answered answered);
  void abandon_clients();
  void fail(const std::string& why);

  const ReplicaServices services_;
  storage::PartitionState state_;
  const storage::ReplicaAddress address_;
  const std::shared_ptr<ReplicaMailbox> mailbox_;
  const std::unique_ptr<cluster::Replica> replica_;
  const ReplicaEvents events_;

  std::vector<ReplicaInput> inputs_;
  std::unordered_map<cluster::Token, Client> clients_;
  cluster::Token next_token_ = 1;
  std::deque<ReplicaInput> parked_;
  std::deque<storage::Submission> stalled_log_;  // the committer's queue was full
  std::deque<std::pair<storage::ApplyBatch, storage::Applied>> stalled_apply_;
  std::vector<cluster::PersistWork> held_;  // behind an install
  ReplicaSnapshots snapshots_;
  uint64_t submitted_id_ = 0;  // the newest persist id that went to the committer's queue
  raft::Index items_synced_ = 0;
  raft::Index applied_ = 0;  // as the replica was told
  ReplicaContact contact_;
  bool failed_ = false;
};

}  // namespace stator::actors
