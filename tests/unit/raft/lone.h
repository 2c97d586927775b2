// A Node with a disk of its own and nobody around it: the test gives it inputs and sees all that comes out.
// Readys are carried out at once, except for syncs and applies where a test wants to hold them.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/node.h"
#include "tests/simulation/disk.h"

namespace stator::raft {

using simulation::Disk;

inline ReplicaId id(uint64_t value) { return ReplicaId(value); }

inline Membership voters(std::vector<uint64_t> ids, std::vector<uint64_t> learners = {}) {
  Membership membership;
  for (uint64_t value : ids) membership.voters.push_back(id(value));
  for (uint64_t value : learners) membership.learners.push_back(id(value));
  return membership;
}

inline Entry entry(Index index, Term term, std::string body = "x", EntryKind kind = EntryKind::kNormal) {
  return {index, term, kind, std::make_shared<const std::string>(std::move(body))};
}

// A log as its terms: {1, 1, 2} is three entries of the terms 1, 1, 2.
inline std::vector<Entry> log_of(const std::vector<Term>& terms) {
  std::vector<Entry> entries;
  for (Term term : terms) entries.push_back(entry(entries.size() + 1, term));
  return entries;
}

inline Config config_of(uint64_t self) {
  Config config;
  config.self = id(self);
  config.seed = self;
  config.election_ticks_min = 10;
  config.election_ticks_max = 20;
  config.heartbeat_ticks = 2;
  return config;
}

// nullopt where there is no error: an expectation that fails, instead of an assertion.
template <class T, class E>
std::optional<E> error_of(const model::Result<T, E>& result) {
  return result.ok() ? std::nullopt : std::optional<E>(result.error());
}

// What came out since it was last asked.
struct Output {
  std::vector<Message> messages;
  std::vector<Entry> committed;
  std::vector<ReadState> read_states;
  std::vector<uint64_t> dropped_reads;
  std::vector<LogRead> log_reads;
  std::vector<SnapshotRequest> snapshot_requests;
  std::vector<SnapshotClose> snapshot_closes;
  std::vector<SnapshotPiece> snapshot_chunks;
  std::optional<SnapshotMeta> installed;
  std::vector<Entry> persisted_entries;
  bool snapshot_abandoned = false;

  bool empty_reads() const { return log_reads.empty(); }
  template <class Body>
  std::vector<Message> of() const {
    std::vector<Message> found;
    for (const Message& message : messages) {
      if (std::holds_alternative<Body>(message.body)) found.push_back(message);
    }
    return found;
  }
  template <class Body>
  const Body* to(uint64_t receiver) const {
    const Body* last = nullptr;
    for (const Message& message : messages) {
      const auto* body = std::get_if<Body>(&message.body);
      if (body && message.to == id(receiver)) last = body;
    }
    return last;
  }
};

class Lone {
 public:
  explicit Lone(Config config, Disk disk = {}) : config_(std::move(config)), disk_(std::move(disk)) {
    restart();
  }
  // One of a new group.
  Lone(uint64_t self, Membership membership) : Lone(config_of(self), fresh(std::move(membership))) {}

  static Disk fresh(Membership membership) {
    Disk disk;
    disk.machine.membership = std::move(membership);
    return disk;
  }
  static Disk with_log(Membership membership, const std::vector<Term>& terms, HardState hard) {
    Disk disk = fresh(std::move(membership));
    disk.log.entries = log_of(terms);
    disk.hard_state = hard;
    return disk;
  }

  Node& node() { return *node_; }
  Node* operator->() { return &*node_; }
  Disk& disk() { return disk_; }
  bool hold_syncs = false;
  bool hold_applies = false;
  std::function<void(const Ready&)> observe;  // sees every Ready before it is carried out

  void restart(size_t tail = 1000) {
    writes_.clear();
    to_apply_.clear();
    node_.emplace(config_, disk_.restart(tail));
  }
  void step(uint64_t from, Term term, MessageBody body) {
    node_->step({id(from), config_.self, term, std::move(body)});
  }
  void ticks(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) node_->tick();
  }

  // Carries out Readys until there are none, and gives all that came out.
  Output pump() {
    Output out;
    for (int rounds = 0; rounds < 1000; ++rounds) {
      Ready ready = node_->take_ready();
      if (ready.empty()) return out;
      if (observe) observe(ready);
      take(ready, out);
    }
    STATOR_ASSERT(false, "a node comes to rest");
    return out;
  }
  // With hold_syncs: the oldest write is synced. Its messages are in `out`.
  Output sync() {
    Output out;
    if (writes_.empty()) return out;
    finish_write(out);
    return merged(std::move(out), pump());
  }
  size_t unsynced() const { return writes_.size(); }
  // With hold_applies: all that was handed out is applied.
  void apply() {
    for (const Entry& entry : to_apply_) disk_.machine.apply(entry, *entry.data);
    to_apply_.clear();
    node_->applied(disk_.machine.applied);
  }

  // Makes it leader of a group whose other voters are `peers`, by hand.
  void lead(const std::vector<uint64_t>& peers) {
    node_->campaign();
    pump();
    for (uint64_t peer : peers) step(peer, node_->term() + 1, PreVoteResponse{true});
    pump();
    for (uint64_t peer : peers) step(peer, node_->term(), VoteResponse{true});
    pump();
    STATOR_ASSERT(node_->role() == Role::kLeader, "elected");
  }
  // As if `peer` had taken everything.
  Output acknowledge(uint64_t peer, Index index) {
    step(peer, node_->term(), AppendResponse{false, index, 0, 0});
    return pump();
  }

 private:
  static Output merged(Output one, Output other) {
    const auto add = [](auto& to, auto& from) {
      to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    add(one.messages, other.messages);
    add(one.committed, other.committed);
    add(one.read_states, other.read_states);
    add(one.dropped_reads, other.dropped_reads);
    return one;
  }

  void take(Ready& ready, Output& out) {
    const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    if (ready.persist_id != 0) {
      simulation::Write write;
      write.persist_id = ready.persist_id;
      write.hard_state = ready.hard_state;
      if (ready.snapshot) {
        write.snapshot =
            simulation::Machine{ready.snapshot->index, ready.snapshot->term, 0, ready.snapshot->membership};
        out.installed = ready.snapshot;
      }
      add(out.persisted_entries, ready.entries);
      write.entries = std::move(ready.entries);
      write.messages_after_sync = std::move(ready.messages_after_sync);
      writes_.push_back(std::move(write));
      if (!hold_syncs) finish_write(out);
    }
    add(out.messages, ready.messages);
    add(out.committed, ready.committed);
    add(out.read_states, ready.read_states);
    add(out.dropped_reads, ready.dropped_reads);
    add(out.log_reads, ready.log_reads);
    add(out.snapshot_requests, ready.snapshot_requests);
    add(out.snapshot_closes, ready.snapshot_closes);
    add(out.snapshot_chunks, ready.snapshot_chunks);
    out.snapshot_abandoned |= ready.snapshot_abandoned;
    add(to_apply_, ready.committed);
    if (!hold_applies && !ready.committed.empty()) apply();
  }

  void finish_write(Output& out) {
    simulation::Write write = std::move(writes_.front());
    writes_.pop_front();
    disk_.write(write);
    for (Message& message : write.messages_after_sync) out.messages.push_back(std::move(message));
    node_->persisted(write.persist_id);
  }

  Config config_;
  Disk disk_;
  std::optional<Node> node_;
  std::deque<simulation::Write> writes_;
  std::vector<Entry> to_apply_;
};

}  // namespace stator::raft
