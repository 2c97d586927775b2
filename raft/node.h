// Node: one replica's Raft (Ongaro and Ousterhout 2014; Ongaro's dissertation), as a pure state machine.
// Messages, ticks, proposals and completions in; Ready out. It knows no clock, thread, disk or network, and
// draws chance from Config::seed, so that the same inputs give the same outputs: tests/simulation runs whole
// clusters of it.
//
//         silence, campaign()          a majority would vote       a majority votes
//   Follower ────────────▶ Candidate(pre) ──────────▶ Candidate ─────────────▶ Leader
//      ▲ ▲                       │                        │                      │
//      │ └── refused, silence ───┘   refused, or a leader │                      │ no majority is heard
//      │                             of this term appears │                      │ (CheckQuorum), or removed
//      └── any higher term ───────────────────────────────┴──────────────────────┘
//
// Variants chosen: PreVote and CheckQuorum always; ReadIndex without leases; storage writes are asynchronous,
// the leader counts itself for commit only as far as it has synced; membership is in force from its append
// (dissertation §4.1), changes wait for the term's own commit (the error found in 2015) and for each other;
// commit is not persisted.
//
// How an owner drives it: any inputs, then take_ready(), carry that out (ready.h says in which order), and so
// on. Calls are made by one thread at a time; none blocks. docs/raft.md has an example.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"
#include "raft/entry.h"
#include "raft/membership.h"
#include "raft/messages.h"
#include "raft/ready.h"

namespace stator::raft {

// Turns the body of a proposal, of a no-op ("") or of a membership (encode_membership) into Entry::data: the
// bytes that are stored and sent, usually a header with term and index before the body.
using Seal = std::function<std::shared_ptr<const std::string>(EntryKind, Term, Index, std::string_view body)>;
// The inverse, a view into entry.data. The core calls it for kMembership entries only.
using Unseal = std::function<std::string_view(const Entry&)>;

// Constant over a Node's life. The defaults fit ticks of 10 ms.
struct Config {
  ReplicaId self;
  uint64_t seed = 0;  // of the random timeouts; different for each replica, or elections tie

  // A follower that hears from no leader for a random time of [min, max] ticks campaigns; one that heard from
  // one within min ticks refuses pre-votes and votes. A leader that hears from no majority for max ticks
  // steps down.
  uint32_t election_ticks_min = 30;
  uint32_t election_ticks_max = 60;
  uint32_t heartbeat_ticks = 5;
  // After peer_connection_lost(leader) the follower waits a random time of [min, max] ticks only.
  uint32_t lost_leader_ticks_min = 1;
  uint32_t lost_leader_ticks_max = 6;
  // A group in which nothing happened for so long rests: no heartbeats, no timeouts, until something happens
  // (docs/architecture.md, protocol 15). Only where the owner tells every follower of a lost connection to its leader's
  // process, since a follower that rests waits for nothing else. 0: never.
  uint32_t rest_ticks = 0;
  // Without an answer from the receiver for so long, the last piece of a snapshot is asked for again.
  uint32_t snapshot_resend_ticks = 100;

  // Sizes in bytes count Entry::data. Each limit admits one entry that exceeds it alone.
  size_t append_bytes_max = size_t{1} << 20;        // of one Append
  uint32_t inflight_messages_max = 128;             // Appends unanswered, a peer
  size_t inflight_bytes_max = size_t{16} << 20;     // the same, in bytes
  size_t uncommitted_bytes_max = size_t{32} << 20;  // proposals beyond are refused (kUncommittedFull)
  size_t cached_log_bytes_max = size_t{16} << 20;   // of synced entries kept in memory for slower peers
  size_t applying_bytes_max = size_t{16} << 20;     // handed out in `committed` and not yet applied()
  uint32_t pending_reads_max = 65'536;              // read_index() beyond is refused (kFull)

  Seal seal;      // empty: data is the body
  Unseal unseal;  // empty: the body is data
};

// From index `first` on, entries have this term, until the next TermStart.
struct TermStart {
  Index first = 0;
  Term term = 0;
};

// What a replica finds on disk. A new group's first members: everything zero but `membership`, the same on
// all. A replica that is to be added later: everything zero, membership empty. The right half of a split at
// S: compacted_index = applied = last_index = S, compacted_term and hard_state.term the parent's at S.
struct InitialState {
  HardState hard_state;       // term >= the last entry's
  Index compacted_index = 0;  // the log begins after it
  Term compacted_term = 0;    // the term of the entry at compacted_index
  Index last_index = 0;       // >= compacted_index
  // The terms of (compacted_index, last_index]: ascending, the first at compacted_index + 1; empty when the
  // log is. Terms never fall along the log, so that few reads find where they rise.
  std::vector<TermStart> terms;
  // The newest entries, contiguous, ending at last_index; as many as should be cached, none will do.
  std::vector<Entry> tail;
  // In [compacted_index, last_index]. If the applied state is ahead of the log or disagrees with it (a crash
  // between the two writes of a snapshot), the owner has dropped the log: compacted_index = last_index =
  // applied, and a stored term below the state's is raised to that, without a vote.
  Index applied = 0;
  Membership membership;           // as of `applied`
  std::vector<Entry> memberships;  // all kMembership entries in (applied, last_index]
};

enum class ProposeError : uint8_t {
  kNotLeader = 1,
  kUncommittedFull,    // too many bytes wait for commit: try again when some have committed
  kTransferring,       // leadership is being handed over
  kMembershipPending,  // propose_membership: the change before is not committed, or nothing of this term is
  kBadChange,          // propose_membership: makes no sense, see membership.h
  kLearnerBehind,  // propose_membership, kPromote: the learner is not within the stream of new entries yet
};

enum class ReadError : uint8_t {
  kNotLeader = 1,
  kFull,  // pending_reads_max
};

enum class TransferError : uint8_t {
  kNotLeader = 1,
  kNotVoter,  // `to` is no voter
};

// For metrics, the balancer and the log's retention.
struct PeerStatus {
  enum class State : uint8_t { kProbe = 1, kReplicate, kSnapshot };
  ReplicaId replica;
  bool voter = false;
  State state = State::kProbe;
  Index match = 0;      // known to be stored there
  Index next = 0;       // sent up to before this
  bool active = false;  // heard from since the last quorum check
};

struct Status {
  SoftState soft;
  Index first = 0;  // the first index in the log (compacted_index + 1)
  Index last = 0;
  Index persisted = 0;  // synced here up to this
  Index commit = 0;     // known to be committed
  Index applied = 0;
  size_t cached_bytes = 0;          // of entries in memory
  size_t uncommitted_bytes = 0;     // leader only
  ReplicaId transferring_to;        // leader only
  bool own_term_committed = false;  // leader only: reads and membership changes are open
  std::vector<PeerStatus> peers;    // leader only; without self
};

class Node {
 public:
  // REQUIRES: what Config and InitialState say of their fields.
  Node(Config config, InitialState initial);
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;

  // -- inputs: time, peers, clients
  // -------------------------------------------------------------------------------------

  // One tick has passed. An owner that never calls it (a hibernating group) has no elections, heartbeats or
  // resends; all else works.
  void tick();
  // A message came in. Wrong receiver, stale term, nonsense: dropped, or answered where that helps the
  // sender.
  void step(Message message);
  // Appends an entry; its index, which commits only if no other leader overwrites it. Sent and persisted from
  // the next Ready, with all others proposed since the last.
  model::Result<Index, ProposeError> propose(std::string_view body);
  model::Result<Index, ProposeError> propose_membership(const MembershipChange& change);
  // Asks for the index at which a read that begins now is linearizable (dissertation §6.4). Answered in some
  // later Ready by read_states or dropped_reads, with `context`. Reads that come while a round is under way
  // share the next one.
  model::Result<void, ReadError> read_index(uint64_t context);
  // Hands leadership over (dissertation §3.10): proposals are refused until `to` leads or election_ticks_max
  // have passed.
  model::Result<void, TransferError> transfer_leadership(ReplicaId to);
  // Starts an election now, for the first leader of a new group. Without effect on a leader and on one that
  // is no voter.
  void campaign();
  // The connection to the peer's process broke. If it led: counts as silence (docs/architecture.md, protocol
  // 13).
  void peer_connection_lost(ReplicaId peer);
  // Others should lead, where they can: it campaigns by itself later than they do (follower.h).
  void set_reluctant(bool reluctant);

  // -- inputs: completions
  // ----------------------------------------------------------------------------------------------

  // Everything that Readys up to this persist_id asked for is synced.
  void persisted(uint64_t persist_id);
  // Everything handed out in `committed` up to index is applied. REQUIRES: handed out, not below the last
  // one.
  void applied(Index index);
  // Answers a LogRead. An id that is not waited for any more is ignored.
  void log_loaded(uint64_t id, std::vector<Entry> entries);
  // The log is to be cut up to index (inclusive): the stored one is cut by the owner, now or later. REQUIRES:
  // index <= applied and <= persisted. An index that is cut already changes nothing.
  void compact(Index index);

  // -- inputs: snapshots
  // ------------------------------------------------------------------------------------------------

  // Leader: answers a SnapshotRequest with the piece that begins at its offset. `meta` is the same over a
  // stream, its index applied here and not below first - 1. False: the stream is not wanted any more, close
  // it.
  bool snapshot_chunk(ReplicaId to, uint64_t stream, const SnapshotMeta& meta, uint64_t offset, bool done,
                      std::shared_ptr<const std::string> data);
  // Leader: the stream cannot go on. It is tried again with a new one after the peer's next sign of life.
  void snapshot_failed(ReplicaId to, uint64_t stream);
  // Follower: the piece at this offset of the stream is written (it need not be synced: the install syncs
  // everything).
  void snapshot_stored(uint64_t stream, uint64_t offset);
  // Follower: what was received of the stream is no good (a damaged piece, a full disk). It is given up
  // (Ready::snapshot_abandoned), and begins anew with the leader's next piece.
  void snapshot_refused(uint64_t stream);

  // -- output
  // -----------------------------------------------------------------------------------------------------------

  // The work since the last call. Empty when there is none. Appends to peers are made here, from all
  // proposals since.
  Ready take_ready();

  // -- observers; views hold until the next input
  // -----------------------------------------------------------------------
  ReplicaId self() const;
  Role role() const;
  ReplicaId leader() const;  // none: unknown
  Term term() const;
  Index commit_index() const;
  Index applied_index() const;  // a snapshot counts from the Ready that says to install it
  Index first_index() const;
  Index last_index() const;
  // The latest in the log, committed or not.
  const Membership& membership() const;
  // All members were known to have everything up to here: no log needs it for another's sake. What a leader
  // says of the members that it has now is in status().
  Index group_floor() const;
  // Whom this leader hands over to; none: nobody, proposals are taken.
  ReplicaId transferring_to() const;
  // Ticks change nothing now: the group rests, or has one member only.
  bool resting() const;
  Status status() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace stator::raft
