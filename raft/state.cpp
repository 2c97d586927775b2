// What a replica has in every role.
#include "raft/state.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/assert.h"

namespace stator::raft {

State::State(Config configuration, InitialState initial)
    : config(std::move(configuration)),
      random(config.seed),
      hard(initial.hard_state),
      handed_hard(hard),
      log(initial),
      memberships(std::move(initial.membership), initial.applied),
      persist(initial.last_index),
      apply(initial.applied),
      commit(initial.applied) {
  STATOR_ASSERT(config.self, "a replica has an id");
  STATOR_ASSERT(config.heartbeat_ticks > 0, "a leader sends heartbeats");
  STATOR_ASSERT(config.heartbeat_ticks < config.election_ticks_min, "heartbeats come before elections");
  STATOR_ASSERT(config.election_ticks_min <= config.election_ticks_max, "a range of timeouts");
  STATOR_ASSERT(config.lost_leader_ticks_min <= config.lost_leader_ticks_max, "a range of timeouts");
  STATOR_ASSERT(config.inflight_messages_max > 0, "a window of at least one message");
  STATOR_ASSERT(hard.term >= log.last_term(), "the term covers the log");
  STATOR_ASSERT(initial.applied >= log.compacted_index() && initial.applied <= log.last(),
                "applied lies in the log");
  for (const Entry& entry : initial.memberships) {
    STATOR_ASSERT(entry.index > initial.applied && entry.index <= log.last(),
                  "memberships of the log's tail");
    auto membership = membership_of(entry);
    STATOR_ASSERT(membership.has_value(), "a stored membership whose checksum was right decodes");
    memberships.append(entry.index, *std::move(membership));
  }
}

bool State::electable() const {
  if (is_voter()) return true;
  return memberships.latest_index() > commit && raft::is_voter(memberships.at(commit), config.self);
}

void State::send_at(ReplicaId to, Term term, MessageBody body) {
  STATOR_ASSERT(to && to != config.self, "messages go to others");
  out.messages.push_back({config.self, to, term, std::move(body)});
}

void State::send_after_sync(ReplicaId to, MessageBody body) {
  STATOR_ASSERT(to && to != config.self, "messages go to others");
  out.messages_after_sync.push_back({config.self, to, hard.term, std::move(body)});
}

void State::commit_to(Index index) {
  STATOR_ASSERT(index <= log.last(), "only what is in the log is committed");
  if (index <= commit) return;
  commit = index;
  memberships.commit(index);
}

std::shared_ptr<const std::string> State::seal(EntryKind kind, Index index, std::string_view body) const {
  if (!config.seal) return std::make_shared<const std::string>(body);
  auto data = config.seal(kind, hard.term, index, body);
  STATOR_ASSERT(data != nullptr, "a sealed entry has bytes");
  return data;
}

std::string_view State::unseal(const Entry& entry) const {
  if (!entry.data) return {};
  return config.unseal ? config.unseal(entry) : std::string_view(*entry.data);
}

void State::install(const SnapshotMeta& meta) {
  STATOR_ASSERT(meta.index > commit, "a snapshot behind the log must not cut newer entries");
  log.reset(meta.index, meta.term);
  memberships = MembershipLog(meta.membership, meta.index);
  persist.reset();
  commit = meta.index;
  apply.install(meta.index);
  out.snapshot = meta;
}

void State::collect() {
  if (hard != handed_hard) {
    out.hard_state = hard;
    handed_hard = hard;
  }
  out.entries = log.hand_out();
  const bool writes = out.hard_state || out.snapshot || !out.entries.empty();
  if (!writes && persist.idle()) {
    // Nothing is unsynced, so nothing is to be waited for.
    std::move(out.messages_after_sync.begin(), out.messages_after_sync.end(),
              std::back_inserter(out.messages));
    out.messages_after_sync.clear();
  }
  if (writes || !out.messages_after_sync.empty()) out.persist_id = persist.begin(log.last());

  const Index limit = std::min(commit, persist.persisted());
  if (apply.collect(log, limit, config, next_read_id, out)) ++next_read_id;
}

}  // namespace stator::raft
