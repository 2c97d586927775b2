// The checkers. After every step of every replica they verify, against a record of the whole run:
//
//   election safety        at most one leader a term (Raft figure 3)
//   one vote a term        a replica never promises two candidates a vote, over restarts too
//   promises are durable   a vote or an acknowledgement that leaves is covered by the disk
//   log matching           index and term name one entry and one entry before it
//   commit is durable      what is committed lies synced on a majority of the voters
//   leader completeness    a new leader's log holds what was committed in the terms before
//   state machine safety   all apply the same entry at the same index, and snapshots hold the same state
//   applied is durable     nothing is applied that is not synced here
//   linearizable reads     a confirmed read's index covers all that was committed anywhere when it was asked
//
// They do not verify progress (the cluster does, after it has healed), nor what clients of a whole Stator
// would see.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "disk.h"
#include "seeds.h"

namespace stator::simulation {

// What a checker may see of a replica.
struct View {
  ReplicaId id;
  const raft::Node* node = nullptr;
  const StoredLog* log = nullptr;  // as handed out, synced or not
  const Disk* disk = nullptr;      // what is synced
};

class Checker {
 public:
  void appended(const View& replica, const Entry& entry, std::string_view sealed_header);
  void leads(const View& replica);
  void sends(const View& replica, const Message& message);
  // The replica's commit index may have risen. `disks`: of all replicas.
  void commits(const View& replica, const std::map<ReplicaId, const Disk*>& disks);
  void hands_out(const View& replica, const std::vector<Entry>& entries);
  void holds(ReplicaId replica, const Machine& machine);
  void read_asked(uint64_t context) { read_floor_[context] = committed_.size(); }
  void read_confirmed(ReplicaId replica, const raft::ReadState& read);
  bool is_open(uint64_t context) const { return read_floor_.contains(context); }
  void read_dropped(uint64_t context) { read_floor_.erase(context); }

  Index highest_commit() const { return committed_.size(); }

 private:
  struct Committed {
    Term term;           // of the entry
    Term observed_term;  // of the replica that first knew it committed
    size_t data_hash;
  };
  struct Known {
    size_t data_hash;
    Term prev_term;
  };
  std::map<Term, ReplicaId> leaders_;
  std::map<std::pair<ReplicaId, Term>, ReplicaId> votes_;
  std::map<std::pair<Index, Term>, Known> entries_;
  std::vector<Committed> committed_;  // committed_[i]: index i + 1
  std::map<Index, uint64_t> state_hashes_;
  std::map<uint64_t, Index> read_floor_;  // context: highest commit when it was asked
};

}  // namespace stator::simulation
