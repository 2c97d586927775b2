// Network, faults, the two phases of a run, and the checks at its end.
#include "tests/simulation/replica/cluster.h"

#include <algorithm>
#include <map>

namespace stator::replica_simulation {
namespace {

constexpr uint64_t kTick = 10;               // units of time
constexpr uint64_t kFaultPhase = 8'000;      // units of time
constexpr uint64_t kConvergePhase = 20'000;  // at most
constexpr size_t kCallsRepeated = 40;
constexpr uint64_t kRepeatedAgeMax = 1'500;  // units of time: within what is remembered of requests

}  // namespace

void Probes::add(const Probes& other) {
  leaderships += other.leaderships;
  entries += other.entries;
  answered += other.answered;
  failed_conditions += other.failed_conditions;
  reads += other.reads;
  direct_reads += other.direct_reads;
  refused += other.refused;
  outcomes_unknown += other.outcomes_unknown;
  calls_unknown += other.calls_unknown;
  retried += other.retried;
  late_duplicates += other.late_duplicates;
  failed_loads += other.failed_loads;
  late_loads += other.late_loads;
  crashes += other.crashes;
  power_cuts += other.power_cuts;
  log_writes_lost += other.log_writes_lost;
  applies_lost += other.applies_lost;
  log_reads += other.log_reads;
  cuts += other.cuts;
  schemas += other.schemas;
  snapshots += other.snapshots;
  snapshots_with_requests += other.snapshots_with_requests;
  snapshots_refused += other.snapshots_refused;
  torn_installs += other.torn_installs;
  rests += other.rests;
  leaders_missed += other.leaders_missed;
  transfers += other.transfers;
  deposed_asked += other.deposed_asked;
  undecided += other.undecided;
  trace ^= other.trace;
}

Cluster::Cluster(uint64_t seed)
    : random_(seed),
      world_{timeline_,
             random_,
             probes_,
             agreement_,
             [this](const raft::Message& message) { deliver(message); },
             [this](uint64_t call, uint64_t attempt, const api::Result<api::Answer>& result) {
               answer(call, attempt, result);
             },
             [this](uint64_t server) { promote_later(server); },
             1'000} {
  if (world_.chance(500)) world_.unit_micros = 20'000;
  draw_faults();
  link_patience_ = random_.between(2, 60);
  add_servers();
  add_clients();
}

// Serves, and does not know yet that another one does.
bool Cluster::is_deposed(Server& server) {
  return server.serving() && std::any_of(servers_.begin(), servers_.end(), [&](const auto& other) {
           return other->serving() && other->replica().node().term() > server.replica().node().term();
         });
}

// Leaders suffer more: what happens to them is what clients see.
Server& Cluster::victim() {
  if (world_.chance(600)) {
    for (auto& server : servers_) {
      if (server->serving()) return *server;
    }
  }
  return any();
}

// Whoever serves hands over to this one.
void Cluster::promote(uint64_t server) {
  for (auto& other : servers_) {
    if (other->serving() && other->id() != server) other->hand_over(server);
  }
}

// What a snapshot left out shows where its receiver leads soon, before or after a restart.
void Cluster::promote_later(uint64_t server) {
  if (!world_.faulty || !world_.chance(700)) return;
  if (world_.chance(300)) {
    timeline_.after(random_.between(1, 100), [this, server] {
      if (!world_.faulty) return;
      servers_[server - 1]->crash();
    });
  }
  for (int i = 0; i < 3; ++i) {
    timeline_.after(random_.between(1, 400), [this, server] {
      if (!world_.faulty) return;
      if (!servers_[server - 1]->alive()) servers_[server - 1]->start();
      promote(server);
    });
  }
  timeline_.after(random_.between(50, 800), [this, server] { repeat_calls(server); });
}

// The network delivers attempts a second time, those of calls that always write (client.h).
void Cluster::repeat_calls(uint64_t server) {
  if (!world_.faulty) return;
  for (size_t call = calls_.size() - std::min<size_t>(calls_.size(), kCallsRepeated); call < calls_.size(); ++call) {
    const Call& repeated = calls_[call];
    const bool recent = timeline_.now() - repeated.operation.called < kRepeatedAgeMax;
    if (!repeated.id || !recent || !always_writes(repeated.operation.op)) continue;
    ++probes_.late_duplicates;
    send_attempt(server, attempt_of(repeated, call), world_.delay(50));
  }
}

// --- network
// ----------------------------------------------------------------------------------------------------------

void Cluster::deliver(const raft::Message& message) {
  if (absent_ == message.from.value || absent_ == message.to.value) return;
  trace(message.from.value << 32 ^ message.to.value << 16 ^ message.term << 8 ^ message.body.index());
  const int copies = world_.chance(faults_.loss) ? 0 : world_.chance(faults_.duplicate) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    uint64_t late = world_.chance(faults_.duplicate) ? random_.between(50, 1500) : 0;
    if (auto slow = slowed_.find({message.from.value, message.to.value}); slow != slowed_.end())
      late += slow->second;
    timeline_.after(world_.delay(faults_.delay_max) + late, [this, message] {
      if (blocked_.contains({message.from.value, message.to.value})) return;
      if (Server* to = find(message.to.value)) to->step(message);
    });
  }
}

// Some clients stay with a leader that was deposed without knowing it.
void Cluster::send_attempt(uint64_t server, const Attempt& attempt, uint64_t delay) {
  timeline_.after(delay, [this, server, attempt] {
    Server* asked = find(server);
    for (auto& other : servers_) {
      if (is_deposed(*other) && world_.chance(400)) asked = other.get();
    }
    if (is_deposed(*asked)) ++probes_.deposed_asked;
    asked->request(attempt);
  });
}

void Cluster::answer(uint64_t call, uint64_t attempt, const api::Result<api::Answer>& result) {
  trace(call << 8 ^ attempt << 1 ^ result.ok());
  timeline_.after(world_.delay(10), [this, call, attempt, result] {
    clients_[client_of_[call]]->answered(call, attempt, result);
  });
}

void Cluster::block() {
  const uint32_t kind = random_.between(1, 5);
  Server& one = victim();
  for (auto& other : servers_) {
    if (other->id() == one.id()) continue;
    if (kind == 1 || (kind == 2 && world_.chance(500)) || (kind >= 4 && world_.chance(250))) {
      blocked_.insert({one.id(), other->id()});
    }
    if (kind == 1 || (kind == 3 && world_.chance(500)) || (kind >= 4 && world_.chance(250))) {
      blocked_.insert({other->id(), one.id()});
    }
  }
}

// A server that nobody hears, and that hears of it late: it goes on for a while, on answers of the time
// before.
void Cluster::mute() {
  Server& one = victim();
  for (auto& other : servers_) {
    if (other->id() == one.id()) continue;
    blocked_.insert({one.id(), other->id()});
    slowed_[{other->id(), one.id()}] = random_.between(50, 500);
  }
}

// Nobody hears of a server for so long that the log is cut beyond it.
void Cluster::leave() {
  if (absent_ != 0 || servers_.size() == 1) return;
  Server& one = any();
  if (one.serving() && world_.chance(requests_keep_no_log_ ? 500 : 900)) return;
  absent_ = one.id();
  const uint64_t away = requests_keep_no_log_ ? random_.between(200, 1'500) : random_.between(3'200, 5'500);
  timeline_.after(away, [this] { absent_ = 0; });
}

bool Cluster::connected(uint64_t a, uint64_t b) const {
  return servers_[a - 1]->alive() && servers_[b - 1]->alive() && absent_ != a && absent_ != b &&
         !blocked_.contains({a, b}) && !blocked_.contains({b, a});
}

// As the link does (net/link.h): a server hears that a peer is gone, at once where its process is, else after
// a silence, and goes on hearing it while it follows one that is gone.
void Cluster::watch_connections(Server& server) {
  if (!server.alive()) return;
  const uint64_t leader = server.replica().leader().value;
  if (leader == 0 || leader == server.id() || connected(server.id(), leader)) {
    silences_.erase(server.id());
    return;
  }
  const uint64_t patience = servers_[leader - 1]->alive() ? link_patience_ : 1;
  if (++silences_[server.id()] < patience) return;
  silences_.erase(server.id());
  server.lose(leader);
}

// --- faults
// -----------------------------------------------------------------------------------------------------------

void Cluster::tick(Server& server) {
  server.tick();
  watch_connections(server);
  // Clocks differ a little.
  timeline_.after(kTick + random_.between(0, 2) - 1, [this, &server] { tick(server); });
}

void Cluster::turn() {
  if (!turning_) return;
  if (world_.chance(faults_.crash)) victim().crash();
  if (world_.chance(faults_.power_cut)) {
    ++probes_.power_cuts;
    for (auto& server : servers_) server->crash();
  }
  for (auto& server : servers_) {
    if (!server->alive() && world_.chance(60)) server->start();
  }
  // Mostly one partition at a time: two of them leave nobody who could lead.
  const bool may_block = blocked_.empty() || world_.chance(150);
  if (may_block && world_.chance(faults_.block)) block();
  if (may_block && world_.chance(faults_.mute)) mute();
  if (world_.chance(faults_.absence)) leave();
  if (world_.chance(faults_.mend)) {
    blocked_.clear();
    slowed_.clear();
  }
  if (world_.chance(20)) any().campaign();
  if (world_.chance(faults_.transfer)) promote(any().id());
  if (world_.chance(faults_.slow)) {
    Server::Speed speed;
    speed.sync_max = random_.between(1, 150);
    speed.apply_max = random_.between(1, 200);
    speed.load_max = random_.between(1, 400);
    speed.items_sync_max = random_.between(20, 2'000);
    speed.load_fails = world_.chance(500) ? random_.between(1, 100) : 0;
    victim().set_speed(speed);
  }
  if (world_.chance(faults_.skew))
    any().set_skew(static_cast<int64_t>(random_.between(0, 3'000'000)) - 1'500'000);
  if (world_.chance(faults_.schema)) {
    ++schema_;
    for (auto& server : servers_) {
      timeline_.after(world_.delay(500),
                      [&server = *server, version = schema_] { server.set_schema(version); });
    }
  }
  timeline_.after(random_.between(1, 30), [this] { turn(); });
}

// --- phases
// -----------------------------------------------------------------------------------------------------------

void Cluster::run_until(uint64_t end) {
  while (timeline_.step(end)) {
  }
}

void Cluster::run() {
  for (auto& server : servers_) {
    server->start();
    timeline_.after(random_.between(1, kTick), [this, ticking = server.get()] { tick(*ticking); });
  }
  servers_.front()->campaign();
  for (auto& client : clients_) client->begin();
  timeline_.after(random_.between(100, 1000), [this] { turn(); });
  run_until(kFaultPhase);
  heal();
  converge();
  check_exactly_once();
  check_histories();
}

void Cluster::heal() {
  turning_ = false;
  faults_ = Faults();
  world_.faulty = false;
  absent_ = 0;
  blocked_.clear();
  slowed_.clear();
  for (auto& server : servers_) {
    server->set_speed(Server::Speed());
    server->set_skew(0);
    if (!server->alive()) server->start();
  }
  for (auto& client : clients_) {
    Client::Habits habits;
    if (world_.unit_micros > 1'000) habits.patience = 1'000;
    client->set_habits(habits);
    client->stop();
  }
}

// A healthy cluster answers every call, and a read of every item after them; then all servers are at the same
// index.
void Cluster::converge() {
  const uint64_t end = timeline_.now() + kConvergePhase;
  const auto all_idle = [&] {
    return std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->idle(); });
  };
  while (!all_idle()) {
    if (timeline_.now() >= end) throw Violation("liveness: a call is not answered" + describe());
    run_until(timeline_.now() + 10 * kTick);
  }
  for (uint32_t key = 0; key < kKeys; ++key) clients_.front()->read(key);
  const auto all_equal = [&] {
    return all_idle() && std::all_of(servers_.begin(), servers_.end(), [&](const auto& server) {
             return server->items().state.index == servers_.front()->items().state.index &&
                    server->replica().waiting() == 0;
           });
  };
  while (!all_equal()) {
    if (timeline_.now() >= end)
      throw Violation("liveness: the last reads, the servers' indexes, or a client held for ever" +
                      describe());
    run_until(timeline_.now() + 10 * kTick);
  }
  for (auto& server : servers_) {
    if (cluster::replicated(server->items().rows) != cluster::replicated(servers_.front()->items().rows))
      throw Violation("the servers' rows differ at the end");
  }
}

std::string Cluster::describe() const {
  std::string text;
  for (const auto& server : servers_) {
    if (!server->alive()) {
      text += "\n  server " + std::to_string(server->id()) + " is down";
      continue;
    }
    const raft::Status status = server->replica().node().status();
    text += "\n  server " + std::to_string(server->id()) + (server->serving() ? " serves" : "") + " term " +
            std::to_string(status.soft.term) + " role " + std::to_string(static_cast<int>(status.soft.role)) +
            " log [" + std::to_string(status.first) + ", " + std::to_string(status.last) + "] persisted " +
            std::to_string(status.persisted) + " commit " + std::to_string(status.commit) + " applied " +
            std::to_string(status.applied) + " waiting " + std::to_string(server->replica().waiting());
    for (const raft::PeerStatus& peer : status.peers) {
      text += "\n    peer " + std::to_string(peer.replica.value) + " state " +
              std::to_string(static_cast<int>(peer.state)) + " match " + std::to_string(peer.match) +
              " next " + std::to_string(peer.next) + (peer.active ? "" : " not heard of");
    }
  }
  return text;
}

// --- checks
// -----------------------------------------------------------------------------------------------------------

void Cluster::check_histories() {
  std::map<uint32_t, std::vector<Operation>> histories;
  for (const Call& call : calls_) histories[call.key].push_back(call.operation);
  for (const auto& [key, history] : histories) {
    const Verdict verdict = check(history);
    if (verdict == Verdict::kUndecided) ++probes_.undecided;
    if (verdict != Verdict::kNot) continue;
    std::string text = "the history of item " + std::to_string(key) + " is not linearizable:";
    for (const Operation& operation : history) {
      text += "\n  [" + std::to_string(operation.called) + ", " +
              (operation.returned == kNever ? "?" : std::to_string(operation.returned)) + "] " +
              text_of(operation.op);
      if (operation.returned != kNever) {
        text += (operation.outcome.ok ? " -> ok " : " -> failed ") + text_of(operation.outcome.shown);
      }
    }
    throw Violation(text);
  }
}

void Cluster::check_exactly_once() const {
  const Attributes* last = nullptr;
  std::map<int, int> added;  // by value: what it adds to the counter
  std::map<int, bool> acknowledged;
  for (const Call& call : calls_) {
    if (call.key != 0) continue;
    const Operation& operation = call.operation;
    if (operation.op.verb == Verb::kGet) {
      if (operation.returned != kNever) last = &operation.outcome.shown;
      continue;
    }
    added[operation.op.value] = operation.op.add;
    acknowledged[operation.op.value] = operation.returned != kNever;
  }
  if (!last) throw Violation("the last read is missing");
  std::map<int, int> times;
  int sum = 0;
  for (int value : last->l.value_or(std::vector<int>())) {
    if (!added.contains(value)) throw Violation("value " + std::to_string(value) + " was never written");
    if (++times[value] > 1) throw Violation("value " + std::to_string(value) + " was written twice");
    sum += added[value];
  }
  for (const auto& [value, known] : acknowledged) {
    if (known && times[value] == 0)
      throw Violation("value " + std::to_string(value) + " was acknowledged and is lost");
  }
  if (sum != last->n.value_or(0)) throw Violation("the counter is not the sum of what was added");
}

}  // namespace stator::replica_simulation
