// ReplicaSnapshots: the part of a replica's driver that carries snapshots: pieces read and sent, pieces
// received and written, and the install, which takes both databases. It decides nothing that the replica
// decides. Belongs to the driver's actor and runs on its thread; what touches the disk runs on the snapshots'
// thread and comes back through the mailbox.
//
//   send:     asked ──▶ [its turn] ──▶ open ──▶ [applied here] ──▶ read a piece ──▶ replica ──▶ asked for the
//   next ... receive:  piece ──▶ write into a fresh space ──▶ replica ──▶ ... ──▶ install install:  items/:
//   rows and state switch ──▶ items/ synced ──▶ log/: reset, synced ──▶ persisted
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "actors/mailbox.h"
#include "actors/replica_input.h"
#include "actors/snapshot_service.h"
#include "cluster/replica.h"
#include "storage/applier.h"
#include "storage/committer.h"
#include "storage/snapshot_stream.h"
#include "storage/store.h"

namespace stator::actors {


// The state as a replica knows it, from the row that items/ holds.
cluster::AppliedState applied_state_of(const storage::PartitionState& state);

class ReplicaSnapshots {
 public:
  // What the driver does for it.
  struct Hooks {
    std::function<void(storage::ApplyBatch, storage::Applied)> apply;  // in the order of all batches
    std::function<void(storage::Submission)> commit;                   // in the order of all submissions
    std::function<void(const storage::PartitionState&)> switched;      // items/ has the snapshot's state now
    // Its log write, with this persist id, is submitted: what was held back may follow.
    std::function<void(uint64_t)> installed;
    std::function<void(const std::string&)> fail;
  };

  // All outlive this. `service` may be null where the group never has another member.
  ReplicaSnapshots(storage::Store& store, storage::Applier& applier, SnapshotService* service,
                   storage::ReplicaAddress address, std::shared_ptr<ReplicaMailbox> mailbox,
                   cluster::Replica& replica, Hooks hooks);
  // Gives up what is under way.
  ~ReplicaSnapshots();
  ReplicaSnapshots(const ReplicaSnapshots&) = delete;

  // --- what the replica asks for (cluster/replica_outputs.h) ---
  void request(const raft::SnapshotRequest& request);
  void close(const raft::SnapshotClose& close);
  void abandon();
  void store(raft::SnapshotPiece piece);
  // Until `installed` is called, no later work of the log may be submitted.
  void install(cluster::PersistWork work);

  // Entries were applied: a snapshot that was opened ahead of that may go on.
  void applied();
  bool installing() const { return installing_; }

 private:
  struct Outgoing {
    raft::SnapshotRequest request;                    // the piece that is wanted
    std::shared_ptr<storage::SnapshotReader> reader;  // null: being opened
    bool ready = false;                               // the replica has applied what the reader sees
    bool reading = false;
  };
  // Alive as long as a piece of it is being written.
  struct Incoming {
    std::unique_ptr<storage::SnapshotWriter> writer;
  };
  struct Written {
    bool whole = false;
    cluster::SnapshotState state;  // where it is whole
  };

  // Runs on the actor's thread, with what the snapshots' thread found.
  template <class Function>
  std::function<void()> back(Function function) const;
  bool is_current(const raft::SnapshotRequest& request) const;
  void begin_next();
  void opened(const raft::SnapshotRequest& request,
              storage::Result<std::unique_ptr<storage::SnapshotReader>> reader);
  void read_piece();
  void send_piece(const raft::SnapshotRequest& request, storage::Result<storage::SnapshotPiece> piece);
  void end_sending();
  void give_up(const raft::SnapshotRequest& request, const std::string& why);

  static storage::Result<Written> write_piece(storage::ItemStore& items, Incoming& incoming,
                                              storage::PartitionId partition,
                                              const raft::SnapshotChunk& chunk,
                                              const std::vector<model::RowKind>& kinds);
  void stored(uint64_t incoming, const raft::SnapshotChunk& chunk, storage::Result<Written> written);

  void reset_log(const std::shared_ptr<cluster::PersistWork>& work);

  storage::Store& store_;
  storage::Applier& applier_;
  SnapshotService* const service_;
  const storage::ReplicaAddress address_;
  const std::shared_ptr<ReplicaMailbox> mailbox_;
  cluster::Replica& replica_;
  const Hooks hooks_;

  std::deque<raft::SnapshotRequest> waiting_;  // for their turn, one a peer
  bool queued_ = false;                        // the service will say when to try again
  std::optional<Outgoing> sending_;            // holds the right to send
  std::shared_ptr<Incoming> incoming_;
  uint64_t incoming_number_ = 0;  // counts what was begun and given up
  bool installing_ = false;
};

}  // namespace stator::actors
