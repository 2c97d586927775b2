// Network, faults, workload and the two phases of a run.
#include "cluster.h"

#include <algorithm>

namespace stator::simulation {
namespace {

constexpr uint64_t kTick = 10;                // units of time
constexpr uint64_t kFaultPhase = 12'000;      // units of time
constexpr uint64_t kConvergePhase = 120'000;  // at most: some runs draw windows of one entry

// For a failure's message: where everybody stands.
std::string describe(Replica& replica) {
  const raft::Status status = replica.node().status();
  std::string text = "\n  replica " + std::to_string(status.soft.role == raft::Role::kLeader) + ":" +
                     std::to_string(replica.id().value) + " term " + std::to_string(status.soft.term) +
                     " log [" + std::to_string(status.first) + ", " + std::to_string(status.last) +
                     "] persisted " + std::to_string(status.persisted) + " commit " +
                     std::to_string(status.commit) + " applied " + std::to_string(status.applied);
  for (const raft::PeerStatus& peer : status.peers) {
    text += "; peer " + std::to_string(peer.replica.value) + " state " +
            std::to_string(static_cast<int>(peer.state)) + " match " + std::to_string(peer.match) + " next " +
            std::to_string(peer.next);
  }
  return text;
}

}  // namespace

Cluster::Cluster(uint64_t seed)
    : random_(seed),
      world_{timeline_,
             random_,
             checker_,
             probes_,
             [this](const Message& message) { deliver(message); },
             [this] {
               std::map<ReplicaId, const Disk*> disks;
               for (const auto& replica : replicas_) disks[replica->id()] = &replica->disk();
               return disks;
             }} {
  draw_faults();
  raft::Config shape;
  shape.election_ticks_min = 10;
  shape.election_ticks_max = 20;
  shape.heartbeat_ticks = random_.between(1, 4);
  shape.lost_leader_ticks_max = 4;
  shape.snapshot_resend_ticks = random_.between(5, 30);
  shape.append_bytes_max = random_.between(1, 120);
  shape.inflight_messages_max = random_.between(1, 8);
  shape.inflight_bytes_max = random_.between(1, 400);
  shape.uncommitted_bytes_max = random_.between(50, 1000);
  shape.cached_log_bytes_max = chance(500) ? random_.between(0, 200) : 10'000;
  shape.applying_bytes_max = random_.between(1, 400);
  const uint32_t voters = random_.between(1, 10) == 1 ? 1 : random_.between(3, 5);
  const uint32_t spares = faults_.change > 0 ? 2 : 0;
  Membership initial;
  for (uint64_t id = 1; id <= voters; ++id) initial.voters.push_back(ReplicaId(id));
  for (uint64_t id = 1; id <= voters + spares; ++id) {
    add_replica(id, shape, id <= voters ? initial : Membership());
  }
}

void Cluster::draw_faults() {
  const auto sometimes = [&](uint32_t max) { return chance(600) ? random_.between(1, max) : 0; };
  faults_.loss = sometimes(200);
  faults_.duplicate = sometimes(150);
  faults_.delay_max = chance(500) ? 5 : random_.between(5, 150);
  faults_.crash = sometimes(25);
  faults_.block = sometimes(40);
  faults_.regicide = chance(300) ? random_.between(20, 150) : 0;
  faults_.change = sometimes(60);
  faults_.transfer = sometimes(20);
  faults_.compact = sometimes(80);
}

void Cluster::add_replica(uint64_t id, const raft::Config& shape, Membership initial) {
  raft::Config config = shape;
  config.self = ReplicaId(id);
  Replica::Speed speed;
  speed.sync_max = chance(700) ? 10 : 120;
  speed.apply_max = chance(700) ? 10 : 200;
  replicas_.push_back(std::make_unique<Replica>(world_, std::move(config), speed, std::move(initial)));
}

Replica* Cluster::find(ReplicaId id) {
  for (auto& replica : replicas_) {
    if (replica->id() == id) return replica.get();
  }
  return nullptr;
}

// The leader of the highest term.
Replica* Cluster::leader() {
  Replica* best = nullptr;
  for (auto& replica : replicas_) {
    if (!replica->alive() || replica->node().role() != raft::Role::kLeader) continue;
    if (best == nullptr || replica->node().term() > best->node().term()) best = replica.get();
  }
  return best;
}

// -- network
// --------------------------------------------------------------------------------------------------------

void Cluster::deliver(const Message& message) {
  ++probes_.messages;
  for (uint64_t word : {message.from.value, message.to.value, message.term, message.body.index() + 1}) {
    probes_.trace = (probes_.trace ^ (word + timeline_.now())) * 0x100000001B3ULL;
  }
  const int copies = chance(faults_.loss) ? 0 : chance(faults_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const uint64_t late = chance(faults_.duplicate) ? random_.between(100, 1500) : 0;
    timeline_.after(random_.between(1, faults_.delay_max) + late, [this, message] {
      Replica* to = find(message.to);
      if (to == nullptr || blocked_.contains({message.from, message.to})) return;
      to->input([&](raft::Node& node) { node.step(message); });
    });
  }
}

void Cluster::block() {
  const uint32_t kind = random_.between(1, 5);
  Replica& one = any();
  for (auto& other : replicas_) {
    if (other->id() == one.id()) continue;
    const bool out = kind == 1 || (kind == 2 && chance(500)) || (kind >= 4 && chance(250));
    const bool in = kind == 1 || (kind == 3 && chance(500)) || (kind >= 4 && chance(250));
    if (out) blocked_.insert({one.id(), other->id()});
    if (in) blocked_.insert({other->id(), one.id()});
    if (out && in && chance(500)) {
      one.input([&](raft::Node& node) { node.peer_connection_lost(other->id()); });
      other->input([&](raft::Node& node) { node.peer_connection_lost(one.id()); });
    }
  }
}

// -- workload and faults
// --------------------------------------------------------------------------------------------

void Cluster::tick(Replica& replica) {
  replica.input([](raft::Node& node) { node.tick(); });
  replica.drain();
  // Clocks differ a little.
  timeline_.after(kTick + random_.between(0, 2) - 1, [this, &replica] { tick(replica); });
}

void Cluster::turn() {
  work();
  if (chance(faults_.crash)) crash(any());
  if (Replica* leading = leader(); leading && chance(faults_.regicide)) {
    if (chance(500)) {
      crash(*leading);
    } else {
      for (auto& other : replicas_) {
        if (other->id() != leading->id() && chance(800)) blocked_.insert({leading->id(), other->id()});
      }
    }
  }
  for (auto& replica : replicas_) {
    if (!replica->alive() && chance(60)) replica->start();
    if (chance(faults_.compact)) replica->compact(random_.between(0, 10));
    // Installing a snapshot is short; without a nudge nobody would crash in it.
    if (replica->installing() && chance(faults_.crash * 10)) crash(*replica);
  }
  if (chance(faults_.block)) block();
  if (chance(30)) blocked_.clear();
  if (turning_) timeline_.after(random_.between(1, 30), [this] { turn(); });
}

void Cluster::crash(Replica& victim) {
  victim.crash();
  for (auto& other : replicas_) {
    if (!chance(700)) continue;
    other->input([&](raft::Node& node) { node.peer_connection_lost(victim.id()); });
  }
}

void Cluster::work() {
  // Every replica that believes to lead is asked: an old leader must not answer.
  for (auto& replica : replicas_) {
    if (!replica->alive() || replica->node().role() != raft::Role::kLeader) continue;
    const uint32_t writes = random_.between(0, 3);
    for (uint32_t i = 0; i < writes; ++i) {
      replica->input([&](raft::Node& node) {
        const std::string body(random_.between(1, 60), static_cast<char>('a' + next_write_ % 26));
        const auto index = node.propose(std::to_string(next_write_++) + body);
        if (!index.ok() && index.error() == raft::ProposeError::kUncommittedFull) ++probes_.refused_full;
      });
    }
    if (chance(400)) {
      replica->input([&](raft::Node& node) {
        checker_.read_asked(next_read_);
        if (!node.read_index(next_read_++).ok()) checker_.read_dropped(next_read_ - 1);
      });
    }
    if (chance(faults_.change)) replica->input([&](raft::Node& node) { change_membership(node); });
    if (chance(faults_.transfer)) {
      replica->input([&](raft::Node& node) {
        if (node.transfer_leadership(any().id()).ok()) ++probes_.transfers;
      });
    }
  }
}

void Cluster::change_membership(raft::Node& node) {
  const ReplicaId target = any().id();
  if (removed_.contains(target)) return;
  raft::MembershipChange change{raft::MembershipChange::Kind::kAddLearner, target};
  if (is_learner(node.membership(), target)) {
    change.kind = raft::MembershipChange::Kind::kPromote;
  } else if (is_voter(node.membership(), target)) {
    if (node.membership().voters.size() < 3) return;
    change.kind = chance(500) ? raft::MembershipChange::Kind::kDemote : raft::MembershipChange::Kind::kRemove;
  }
  if (node.propose_membership(change).ok() && change.kind == raft::MembershipChange::Kind::kRemove) {
    removed_.insert(target);
  }
}

// -- phases
// ---------------------------------------------------------------------------------------------------------

void Cluster::run_until(uint64_t end) {
  while (timeline_.step(end)) {
  }
}

void Cluster::run() {
  for (auto& replica : replicas_) {
    replica->start();
    Replica* ticking = replica.get();
    timeline_.after(random_.between(1, kTick), [this, ticking] { tick(*ticking); });
  }
  if (chance(500)) replicas_.front()->input([](raft::Node& node) { node.campaign(); });
  timeline_.after(1, [this] { turn(); });
  run_until(kFaultPhase);
  heal();
  converge();
}

void Cluster::heal() {
  turning_ = false;
  faults_ = Faults();
  blocked_.clear();
  for (auto& replica : replicas_) {
    replica->set_speed(Replica::Speed{5, 5});
    if (!replica->alive()) replica->start();
  }
}

// A healthy cluster elects a leader that stays, commits a new entry on all members, and answers a read.
void Cluster::converge() {
  const uint64_t end = timeline_.now() + kConvergePhase;
  std::string missing = "no leader";
  Index proposed = 0;
  Term proposed_term = 0;
  uint64_t read = 0;
  while (timeline_.now() < end) {
    run_until(timeline_.now() + 20 * kTick);
    Replica* leading = leader();
    missing = "no leader";
    if (leading == nullptr) continue;
    raft::Node& node = leading->node();
    if (proposed == 0 || proposed_term != node.term()) {
      missing = "the leader refuses proposals";
      leading->input([&](raft::Node& target) {
        const auto index = target.propose("after all faults");
        proposed = index.ok() ? *index : 0;
        proposed_term = target.term();
        read = next_read_++;
        checker_.read_asked(read);
        if (!target.read_index(read).ok()) checker_.read_dropped(read);
      });
      continue;
    }
    missing.clear();
    for (const auto& group : {node.membership().voters, node.membership().learners}) {
      for (ReplicaId member : group) {
        if (find(member)->machine().applied < proposed) {
          missing =
              "replica " + std::to_string(member.value) + " has not applied " + std::to_string(proposed);
        }
      }
    }
    if (missing.empty() && checker_.is_open(read)) missing = "a read is not answered";
    if (missing.empty()) return;
  }
  for (auto& replica : replicas_) missing += describe(*replica);
  throw Violation("liveness: after all faults ended: " + missing);
}

}  // namespace stator::simulation
