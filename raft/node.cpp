// Node: terms and roles. Which role handles what, and when one becomes another; the roles themselves are in
// follower.cpp, candidate.cpp and leader.cpp.
#include "raft/node.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "model/assert.h"
#include "raft/candidate.h"
#include "raft/follower.h"
#include "raft/leader.h"
#include "raft/state.h"

namespace stator::raft {

using model::Failure;
using model::Result;

namespace {

// Sent by leaders only, so that the sender of one is the leader of its term.
bool from_leader(const MessageBody& body) {
  return std::holds_alternative<Append>(body) || std::holds_alternative<Heartbeat>(body) ||
         std::holds_alternative<CommitNotice>(body) || std::holds_alternative<SnapshotChunk>(body);
}

// Whether a leader goes on with heartbeats, or puts off its rest. Answers to heartbeats come all the time.
bool wakes(const MessageBody& body, bool resting) {
  const auto* answer = std::get_if<HeartbeatResponse>(&body);
  return answer == nullptr || (resting && !answer->resting);
}

// Does not speak for a term that its sender is in.
bool is_hypothetical(const MessageBody& body) {
  if (std::holds_alternative<PreVoteRequest>(body)) return true;
  const auto* response = std::get_if<PreVoteResponse>(&body);
  return response != nullptr && response->granted;
}

}  // namespace

class Node::Core {
 public:
  Core(Config config, InitialState initial)
      : state_(std::move(config), std::move(initial)), role_(Follower(state_, ReplicaId())), told_(soft()) {}

  State& state() { return state_; }
  Follower* follower() { return std::get_if<Follower>(&role_); }
  Candidate* candidate() { return std::get_if<Candidate>(&role_); }
  Leader* leader() { return std::get_if<Leader>(&role_); }

  SoftState soft() const;
  void tick();
  void step(Message& message);
  void campaign();
  void persisted(uint64_t persist_id);
  // After anything that may have ended an election or a leadership.
  void settle();
  void compact(Index index);
  Ready take_ready();

 private:
  void leave_role();
  void become_follower(Term term, ReplicaId leader);
  void start(Candidate::Kind kind);
  void answer_stale(const Message& message);
  void on_pre_vote_request(const Message& message, const PreVoteRequest& request);
  void on_vote_request(const Message& message, const VoteRequest& request);
  void on_timeout_now(const Message& message);
  bool in_lease();

  State state_;
  std::variant<Follower, Candidate, Leader> role_;
  SoftState told_;  // the last Ready's
};

// -- roles
// ----------------------------------------------------------------------------------------------------------

SoftState Node::Core::soft() const {
  SoftState soft;
  soft.term = state_.hard.term;
  soft.role = static_cast<Role>(role_.index() + 1);
  if (soft.role == Role::kLeader) soft.leader = state_.config.self;
  if (const auto* following = std::get_if<Follower>(&role_)) soft.leader = following->leader();
  return soft;
}

void Node::Core::leave_role() {
  if (Follower* following = follower()) following->leave(state_);
  if (Leader* leading = leader()) leading->leave(state_);
}

void Node::Core::become_follower(Term term, ReplicaId leader) {
  STATOR_ASSERT(term >= state_.hard.term, "terms only rise");
  leave_role();
  if (term > state_.hard.term) state_.hard = {term, ReplicaId()};
  role_.emplace<Follower>(state_, leader);
}

void Node::Core::start(Candidate::Kind kind) {
  leave_role();
  role_.emplace<Candidate>(state_, kind);
  settle();
}

void Node::Core::settle() {
  if (Leader* leading = leader(); leading && leading->finished()) {
    become_follower(state_.hard.term, ReplicaId());
  }
  Candidate* running = candidate();
  if (running == nullptr) return;
  switch (running->result(state_)) {
    case VoteResult::kPending:
      return;
    case VoteResult::kLost:
      return become_follower(state_.hard.term, ReplicaId());
    case VoteResult::kWon:
      if (running->pre())
        return start(Candidate::Kind::kVote);  // at most once deeper: a vote is not won at once
      STATOR_ASSERT(state_.hard.vote == state_.config.self, "a winner voted for itself");
      role_.emplace<Leader>(state_);
  }
}

void Node::Core::campaign() {
  if (leader() || !state_.electable()) return;
  start(Candidate::Kind::kPreVote);
}

void Node::Core::tick() {
  state_.apply.tick();
  if (Leader* leading = leader()) {
    leading->tick(state_);
    return settle();
  }
  const bool due = follower() ? follower()->tick() : candidate()->tick();
  if (!due) return;
  if (state_.electable()) return start(Candidate::Kind::kPreVote);
  if (Follower* following = follower()) following->lose_leader(state_);
}

// A leader is in contact with a majority, or CheckQuorum would have ended it.
bool Node::Core::in_lease() {
  if (leader()) return true;
  return follower() && follower()->in_lease(state_);
}

// -- messages
// -------------------------------------------------------------------------------------------------------

void Node::Core::step(Message& message) {
  if (message.to != state_.config.self || !message.from || message.from == state_.config.self) return;
  // Who speaks has not heard that all rest, or does not rest any more.
  if (Leader* leading = leader(); leading && wakes(message.body, leading->resting(state_))) leading->wake();
  if (const auto* request = std::get_if<PreVoteRequest>(&message.body))
    return on_pre_vote_request(message, *request);
  const auto* vote_request = std::get_if<VoteRequest>(&message.body);

  if (message.term < state_.hard.term) return answer_stale(message);
  if (message.term > state_.hard.term && !is_hypothetical(message.body)) {
    // One that was cut off, or removed, does not unseat a leader that a majority hears (dissertation §4.2.3).
    if (vote_request && !vote_request->transfer && in_lease()) return;
    become_follower(message.term, from_leader(message.body) ? message.from : ReplicaId());
  }
  if (vote_request) return on_vote_request(message, *vote_request);
  if (std::holds_alternative<TimeoutNow>(message.body)) return on_timeout_now(message);
  if (from_leader(message.body)) {
    if (leader()) return;  // a second leader of one term: somebody is broken
    if (candidate()) become_follower(message.term, message.from);
    return follower()->step(state_, message);
  }
  if (Candidate* running = candidate()) {
    running->step(state_, message);
  } else if (Leader* leading = leader(); leading && message.term == state_.hard.term) {
    leading->step(state_, message);
  }
  settle();
}

// The sender is behind. A leader or a candidate must learn it: with PreVote nobody else will raise its term,
// and it could neither lead us nor follow anyone.
void Node::Core::answer_stale(const Message& message) {
  if (std::holds_alternative<VoteRequest>(message.body))
    return state_.send(message.from, VoteResponse{false});
  if (from_leader(message.body)) state_.send(message.from, HeartbeatResponse{});
}

void Node::Core::on_pre_vote_request(const Message& message, const PreVoteRequest& request) {
  const bool granted = message.term > state_.hard.term && !in_lease() &&
                       state_.log.is_up_to_date(request.last_index, request.last_term);
  state_.send_at(message.from, granted ? message.term : state_.hard.term, PreVoteResponse{granted});
}

void Node::Core::on_vote_request(const Message& message, const VoteRequest& request) {
  STATOR_ASSERT(message.term == state_.hard.term, "a vote is given in its own term");
  const bool free = state_.hard.vote ? state_.hard.vote == message.from : !soft().leader;
  if (!free || leader() || !state_.log.is_up_to_date(request.last_index, request.last_term)) {
    return state_.send(message.from, VoteResponse{false});
  }
  if (candidate()) become_follower(message.term, ReplicaId());  // it was only asking for pre-votes
  state_.hard.vote = message.from;
  follower()->restart_timer(state_);
  state_.send_after_sync(message.from, VoteResponse{true});
}

void Node::Core::on_timeout_now(const Message& message) {
  if (!follower() || follower()->leader() != message.from || !state_.electable()) return;
  start(Candidate::Kind::kTransfer);
}

// -- completions, output
// ---------------------------------------------------------------------------------------------

void Node::Core::persisted(uint64_t persist_id) {
  if (!state_.persist.finish(persist_id)) return;
  if (Candidate* running = candidate()) running->persisted(state_, persist_id);
  if (Leader* leading = leader()) leading->persisted(state_);
  settle();
}

void Node::Core::compact(Index index) {
  STATOR_ASSERT(index <= state_.apply.applied_index(), "only what is applied is cut from the log");
  // At a snapshot's own index the log begins, whether or not that is synced yet.
  STATOR_ASSERT(index <= std::max(state_.persist.persisted(), state_.log.compacted_index()),
                "and only what is synced");
  state_.log.compact(index);
}

Ready Node::Core::take_ready() {
  if (Leader* leading = leader()) leading->flush(state_);
  state_.collect();
  if (const SoftState now = soft(); now != told_) {
    state_.out.soft_state = now;
    told_ = now;
  }
  // A leader counts its uncommitted entries by what it has in memory.
  const Index evictable =
      leader() ? std::min(state_.commit, state_.persist.persisted()) : state_.persist.persisted();
  state_.log.evict(evictable, state_.config.cached_log_bytes_max);
  return std::exchange(state_.out, Ready{});
}

// -- Node
// -----------------------------------------------------------------------------------------------------------

Node::Node(Config config, InitialState initial)
    : core_(std::make_unique<Core>(std::move(config), std::move(initial))) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

void Node::tick() { core_->tick(); }

void Node::step(Message message) { core_->step(message); }

Result<Index, ProposeError> Node::propose(std::string_view body) {
  if (Leader* leading = core_->leader()) return leading->propose(core_->state(), body);
  return Failure(ProposeError::kNotLeader);
}

Result<Index, ProposeError> Node::propose_membership(const MembershipChange& change) {
  if (Leader* leading = core_->leader()) return leading->propose_membership(core_->state(), change);
  return Failure(ProposeError::kNotLeader);
}

Result<void, ReadError> Node::read_index(uint64_t context) {
  if (Leader* leading = core_->leader()) return leading->read(core_->state(), context);
  return Failure(ReadError::kNotLeader);
}

Result<void, TransferError> Node::transfer_leadership(ReplicaId to) {
  if (Leader* leading = core_->leader()) return leading->transfer(core_->state(), to);
  return Failure(TransferError::kNotLeader);
}

void Node::campaign() { core_->campaign(); }

void Node::peer_connection_lost(ReplicaId peer) {
  if (Leader* leading = core_->leader()) leading->connection_lost(peer);
  if (Follower* following = core_->follower()) following->connection_lost(core_->state(), peer);
}

void Node::set_reluctant(bool reluctant) { core_->state().reluctant = reluctant; }

void Node::persisted(uint64_t persist_id) { core_->persisted(persist_id); }

void Node::applied(Index index) {
  core_->state().apply.applied(index);
  if (Follower* following = core_->follower()) following->try_install(core_->state());
}

void Node::log_loaded(uint64_t id, std::vector<Entry> entries) {
  State& state = core_->state();
  if (state.apply.loaded(id, entries, state.log)) return;
  if (Leader* leading = core_->leader()) leading->log_loaded(state, id, entries);
}

void Node::compact(Index index) { core_->compact(index); }

bool Node::snapshot_chunk(ReplicaId to, uint64_t stream, const SnapshotMeta& meta, uint64_t offset, bool done,
                          std::shared_ptr<const std::string> data) {
  STATOR_ASSERT(meta.index <= core_->state().apply.applied_index(), "a snapshot holds what is applied");
  STATOR_ASSERT(done || (data && !data->empty()), "a piece holds something");
  Leader* leading = core_->leader();
  return leading &&
         leading->snapshot_chunk(core_->state(), to, {meta, stream, offset, done, std::move(data)});
}

void Node::snapshot_failed(ReplicaId to, uint64_t stream) {
  if (Leader* leading = core_->leader()) leading->snapshot_failed(core_->state(), to, stream);
}

void Node::snapshot_stored(uint64_t stream, uint64_t offset) {
  if (Follower* following = core_->follower()) following->snapshot_stored(core_->state(), stream, offset);
}

void Node::snapshot_refused(uint64_t stream) {
  if (Follower* following = core_->follower()) following->snapshot_refused(core_->state(), stream);
}

Ready Node::take_ready() { return core_->take_ready(); }

ReplicaId Node::self() const { return core_->state().config.self; }
Role Node::role() const { return core_->soft().role; }
ReplicaId Node::leader() const { return core_->soft().leader; }
Term Node::term() const { return core_->state().hard.term; }
Index Node::commit_index() const { return core_->state().commit; }
Index Node::applied_index() const { return core_->state().apply.applied_index(); }
Index Node::first_index() const { return core_->state().log.first(); }
Index Node::last_index() const { return core_->state().log.last(); }
const Membership& Node::membership() const { return core_->state().membership(); }
Index Node::group_floor() const { return core_->state().floor; }
ReplicaId Node::transferring_to() const {
  const Leader* leading = core_->leader();
  return leading ? leading->transferring_to() : ReplicaId();
}

bool Node::resting() const {
  if (const Leader* leading = core_->leader()) return leading->resting(core_->state());
  const Follower* following = core_->follower();
  return following && following->resting();
}

Status Node::status() const {
  const State& state = core_->state();
  Status status;
  status.soft = core_->soft();
  status.first = state.log.first();
  status.last = state.log.last();
  status.persisted = state.persist.persisted();
  status.commit = state.commit;
  status.applied = state.apply.applied_index();
  status.cached_bytes = state.log.cached_bytes();
  if (const Leader* leading = core_->leader()) leading->fill(state, status);
  return status;
}

}  // namespace stator::raft
