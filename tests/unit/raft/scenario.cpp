// Commands, and the words for what they cause.
#include "scenario.h"

#include <sstream>

namespace stator::raft {
namespace {

std::string text(uint64_t value) { return std::to_string(value); }
std::string text(ReplicaId replica) { return replica ? text(replica.value) : "nobody"; }
std::string place(Index index, Term term) { return text(index) + "/" + text(term); }

std::string text(const Membership& membership) {
  std::string out = "voters";
  for (ReplicaId replica : membership.voters) out += " " + text(replica);
  if (!membership.learners.empty()) out += " learners";
  for (ReplicaId replica : membership.learners) out += " " + text(replica);
  return out;
}

std::string text(const std::vector<Entry>& entries) {
  std::string out = "[";
  for (const Entry& entry : entries) {
    if (out.size() > 1) out += " ";
    out += place(entry.index, entry.term);
    if (entry.kind == EntryKind::kNoop) out += ":noop";
    if (entry.kind == EntryKind::kNormal) out += ":" + *entry.data;
    if (entry.kind == EntryKind::kMembership) out += ":(" + text(*decode_membership(*entry.data)) + ")";
  }
  return out + "]";
}

struct BodyText {
  std::string operator()(const Append& m) const {
    return "Append after " + place(m.prev_index, m.prev_term) + " commit " + text(m.commit) + " " +
           text(m.entries);
  }
  std::string operator()(const AppendResponse& m) const {
    if (!m.rejected) return "AppendResponse " + text(m.index);
    return "AppendResponse rejects " + text(m.index) + " hint " + place(m.hint_index, m.hint_term);
  }
  std::string operator()(const Heartbeat& m) const {
    return "Heartbeat commit " + text(m.commit) + " round " + text(m.read_round);
  }
  std::string operator()(const HeartbeatResponse& m) const {
    return "HeartbeatResponse round " + text(m.read_round);
  }
  std::string operator()(const CommitNotice& m) const { return "CommitNotice " + text(m.commit); }
  std::string operator()(const PreVoteRequest& m) const {
    return "PreVoteRequest last " + place(m.last_index, m.last_term);
  }
  std::string operator()(const PreVoteResponse& m) const {
    return std::string("PreVoteResponse ") + (m.granted ? "granted" : "refused");
  }
  std::string operator()(const VoteRequest& m) const {
    return "VoteRequest last " + place(m.last_index, m.last_term) + (m.transfer ? " transfer" : "");
  }
  std::string operator()(const VoteResponse& m) const {
    return std::string("VoteResponse ") + (m.granted ? "granted" : "refused");
  }
  std::string operator()(const TimeoutNow&) const { return "TimeoutNow"; }
  std::string operator()(const SnapshotChunk& m) const {
    return "SnapshotChunk of " + place(m.meta.index, m.meta.term) + " stream " + text(m.stream) + " offset " +
           text(m.offset) + (m.done ? " done" : "");
  }
  std::string operator()(const SnapshotAck& m) const {
    return "SnapshotAck stream " + text(m.stream) + " next " + text(m.next_offset);
  }
};

std::string text(const Message& message) {
  return text(message.from) + " -> " + text(message.to) + " term " + text(message.term) + " " +
         std::visit(BodyText{}, message.body);
}

std::string text(const SoftState& soft) {
  const char* roles[] = {"", "follower", "candidate", "leader"};
  std::string out = std::string(roles[static_cast<int>(soft.role)]) + " in term " + text(soft.term);
  if (soft.role == Role::kFollower) out += " of " + text(soft.leader);
  return out;
}

std::string text(ProposeError error) {
  const char* names[] = {
      "",           "not leader",    "uncommitted full", "transferring", "membership pending",
      "bad change", "learner behind"};
  return names[static_cast<int>(error)];
}

std::vector<uint64_t> numbers(const std::string& list) {
  std::vector<uint64_t> out;
  std::istringstream in(list);
  for (std::string each; std::getline(in, each, ',');) out.push_back(std::stoull(each));
  return out;
}

}  // namespace

std::string Scenario::run(const std::string& commands) {
  trace_.clear();
  std::istringstream lines(commands);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in(line);
    Words words;
    for (std::string word; in >> word;) words.push_back(word);
    if (words.empty()) continue;
    run_command(words);
    for (auto& [replica, lone] : members_) pump(replica);
    deliver_all();
  }
  return trace_.empty() ? "ok\n" : trace_;
}

void Scenario::run_command(const Words& words) {
  const std::string& command = words[0];
  if (command == "group") return new_group(words);
  if (command == "cut") return cut(words);
  if (command == "heal") return cuts_.clear();
  if (command == "status") return show_status();
  const uint64_t replica = std::stoull(words.at(1));
  if (command == "add") return start(replica, Disk());
  if (command == "start") return start(replica, crashed_.at(replica));
  Lone& lone = at(words[1]);
  if (command == "campaign") return lone->campaign();
  if (command == "tick") return lone.ticks(words.size() > 2 ? std::stoul(words[2]) : 1);
  if (command == "lost") return lone->peer_connection_lost(id(std::stoull(words.at(2))));
  if (command == "compact") {
    lone->compact(std::stoull(words.at(2)));
    return lone.disk().log.compact(std::stoull(words.at(2)));
  }
  if (command == "log") return show_log(replica);
  if (command == "hold") return void(lone.hold_syncs = true);
  if (command == "sync") return collect(replica, lone.sync());
  if (command == "release") {
    lone.hold_syncs = false;
    while (lone.unsynced() > 0) collect(replica, lone.sync());
    return;
  }
  if (command == "crash") {
    crashed_[replica] = lone.disk();
    members_.erase(replica);
    return;
  }
  if (command == "propose") {
    const auto index = lone->propose(words.at(2));
    return say("  " + words[1] + ": " + (index.ok() ? "index " + text(*index) : text(index.error())));
  }
  if (command == "read") {
    if (!lone->read_index(std::stoull(words.at(2))).ok()) say("  " + words[1] + ": not leader");
    return;
  }
  if (command == "transfer") {
    if (!lone->transfer_leadership(id(std::stoull(words.at(2)))).ok()) say("  " + words[1] + ": refused");
    return;
  }
  if (command == "change") return change(lone, words);
  throw std::invalid_argument("no such command: " + command);
}

void Scenario::new_group(const Words& words) {
  members_.clear();
  crashed_.clear();
  cuts_.clear();
  shape_ = config_of(1);
  Membership membership = voters(numbers(words.at(1)));
  for (size_t i = 2; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    const std::string key = words[i].substr(0, equals);
    const std::string value = words[i].substr(equals + 1);
    if (key == "learners") membership = voters(numbers(words[1]), numbers(value));
    if (key == "append_bytes_max") shape_.append_bytes_max = std::stoul(value);
    if (key == "inflight_messages_max") shape_.inflight_messages_max = std::stoul(value);
    if (key == "cached_log_bytes_max") shape_.cached_log_bytes_max = std::stoul(value);
  }
  for (ReplicaId replica : membership.voters) start(replica.value, Lone::fresh(membership));
  for (ReplicaId replica : membership.learners) start(replica.value, Lone::fresh(membership));
}

void Scenario::start(uint64_t replica, Disk disk) {
  Config config = shape_;
  config.self = id(replica);
  config.seed = replica;
  members_[replica] = std::make_unique<Lone>(config, std::move(disk));
  members_[replica]->observe = [this, replica](const Ready& ready) { observe(replica, ready); };
}

void Scenario::change(Lone& lone, const Words& words) {
  using Kind = MembershipChange::Kind;
  const std::map<std::string, Kind> kinds = {{"add-learner", Kind::kAddLearner},
                                             {"promote", Kind::kPromote},
                                             {"demote", Kind::kDemote},
                                             {"remove", Kind::kRemove}};
  const auto index = lone->propose_membership({kinds.at(words.at(2)), id(std::stoull(words.at(3)))});
  say("  " + words[1] + ": " + (index.ok() ? "index " + text(*index) : text(index.error())));
}

void Scenario::cut(const Words& words) {
  for (size_t i = 1; i + 1 < words.size(); i += 2) {
    const uint64_t from = std::stoull(words[i]);
    if (words[i + 1] != "*") {
      cuts_.insert({from, std::stoull(words[i + 1])});
      continue;
    }
    for (const auto& [other, lone] : members_) cuts_.insert({{from, other}, {other, from}});
  }
}

void Scenario::show_log(uint64_t replica) {
  const simulation::StoredLog& log = members_.at(replica)->disk().log;
  say("  " + text(replica) + ": after " + place(log.compacted, log.compacted_term) + " " + text(log.entries));
}

void Scenario::show_status() {
  for (auto& [replica, lone] : members_) {
    const Status status = (*lone)->status();
    say("  " + text(replica) + ": " + text(status.soft) + ", log " + text(status.first) + ".." +
        text(status.last) + ", commit " + text(status.commit) + ", applied " + text(status.applied) + ", " +
        text((*lone)->membership()));
    for (const PeerStatus& peer : status.peers) {
      const char* states[] = {"", "probe", "replicate", "snapshot"};
      say("     " + text(peer.replica) + (peer.voter ? " votes" : " learns") + ", " +
          states[static_cast<int>(peer.state)] + ", match " + text(peer.match) + ", next " + text(peer.next));
    }
  }
}

// -- what happens
// -----------------------------------------------------------------------------------------------------

void Scenario::observe(uint64_t replica, const Ready& ready) {
  const std::string who = "  " + text(replica) + ": ";
  if (ready.soft_state) say(who + text(*ready.soft_state));
  if (ready.hard_state)
    say(who + "persist term " + text(ready.hard_state->term) + " vote " + text(ready.hard_state->vote));
  if (ready.snapshot) say(who + "install " + place(ready.snapshot->index, ready.snapshot->term));
  if (!ready.entries.empty()) say(who + "persist " + text(ready.entries));
  if (!ready.committed.empty()) say(who + "apply " + text(ready.committed));
  for (const ReadState& read : ready.read_states) {
    say(who + "read " + text(read.context) + " at " + text(read.index));
  }
  for (uint64_t context : ready.dropped_reads) say(who + "drop read " + text(context));
  for (const LogRead& read : ready.log_reads) say(who + "load " + text(read.first) + ".." + text(read.last));
  for (const SnapshotClose& close : ready.snapshot_closes) {
    say(who + "close snapshot stream " + text(close.stream) + " to " + text(close.to));
  }
  if (ready.snapshot_abandoned) say(who + "abandon the snapshot");
}

void Scenario::pump(uint64_t replica) {
  const auto member = members_.find(replica);
  if (member != members_.end()) collect(replica, member->second->pump());
}

void Scenario::collect(uint64_t replica, Output out) {
  for (Message& message : out.messages) network_.push_back(std::move(message));
  Lone& lone = *members_.at(replica);
  for (const LogRead& read : out.log_reads) {
    std::vector<Entry> entries;
    for (Index index = read.first; index <= read.last; ++index) entries.push_back(lone.disk().log.at(index));
    lone->log_loaded(read.id, std::move(entries));
  }
  snapshots(replica, out);
  if (!out.log_reads.empty() || !out.snapshot_requests.empty() || !out.snapshot_chunks.empty()) pump(replica);
}

// A snapshot here is its meta data, in two pieces of one byte.
void Scenario::snapshots(uint64_t replica, const Output& out) {
  Lone& lone = *members_.at(replica);
  for (const SnapshotRequest& request : out.snapshot_requests) {
    const simulation::Machine& machine = lone.disk().machine;
    const SnapshotMeta meta{machine.applied, machine.term, machine.membership};
    lone->snapshot_chunk(request.to, request.stream, meta, request.offset, request.offset == 1,
                         std::make_shared<const std::string>("s"));
  }
  for (const SnapshotPiece& piece : out.snapshot_chunks) {
    lone->snapshot_stored(piece.chunk.stream, piece.chunk.offset);
  }
}

void Scenario::deliver_all() {
  for (int count = 0; !network_.empty(); ++count) {
    STATOR_ASSERT(count < 10'000, "a scenario comes to rest");
    Message message = std::move(network_.front());
    network_.pop_front();
    const bool lost =
        cuts_.contains({message.from.value, message.to.value}) || !members_.contains(message.to.value);
    say(text(message) + (lost ? " (lost)" : ""));
    if (lost) continue;
    const uint64_t to = message.to.value;
    (*members_.at(to))->step(std::move(message));
    pump(to);
  }
}

}  // namespace stator::raft
