// What a run is, drawn from its seed: which faults it has and how often, the servers' configuration and speed, the clients'
// habits.
#include "tests/simulation/replica/cluster.h"

namespace stator::replica_simulation {

void Cluster::draw_faults() {
  const auto sometimes = [&](uint32_t max) { return world_.chance(600) ? random_.between(1, max) : 0; };
  faults_.loss = sometimes(100);
  faults_.duplicate = sometimes(100);
  faults_.delay_max = world_.chance(500) ? 5 : random_.between(5, 80);
  faults_.crash = sometimes(12);
  faults_.power_cut = world_.chance(300) ? random_.between(1, 6) : 0;
  faults_.block = sometimes(20);
  faults_.mute = sometimes(20);
  faults_.slow = sometimes(40);
  faults_.transfer = sometimes(10);
  if (world_.chance(250)) {  // leaders come and go
    faults_.mute = random_.between(20, 60);
    faults_.mend = random_.between(30, 100);
  }
  // What is remembered of requests keeps the log: only who is away for longer than that may miss some of it.
  if (world_.unit_micros > 1'000 && world_.chance(850)) faults_.absence = random_.between(20, 100);
  requests_keep_no_log_ = world_.chance(120);
  if (requests_keep_no_log_) faults_.absence = random_.between(20, 200);
  loads_outlast_leaders_ = world_.chance(120);
  if (loads_outlast_leaders_) faults_.transfer = random_.between(30, 150);
  faults_.skew = world_.chance(300) ? random_.between(1, 20) : 0;
  faults_.schema = world_.chance(300) ? random_.between(1, 10) : 0;
}

cluster::ReplicaConfig Cluster::draw_config() {
  cluster::ReplicaConfig config;
  config.partition = model::PartitionId(3);
  config.table = model::TableId(7);
  config.raft.election_ticks_min = random_.between(5, 10);
  // Where it is long, a leader that nobody hears goes on for long.
  config.raft.election_ticks_max = world_.chance(500) ? 20 : random_.between(12, 60);
  config.raft.heartbeat_ticks = random_.between(1, 4);
  config.raft.append_bytes_max = random_.between(100, 5'000);
  config.raft.inflight_messages_max = random_.between(1, 8);
  config.raft.inflight_bytes_max = random_.between(100, 10'000);
  config.raft.cached_log_bytes_max = world_.chance(500) ? random_.between(0, 3'000) : 1'000'000;
  config.raft.applying_bytes_max = world_.chance(500) ? random_.between(100, 3'000) : 1'000'000;
  if (world_.chance(250)) config.unapplied_bytes_max = random_.between(300, 3'000);
  if (world_.chance(250)) config.waiting_max = random_.between(1, 6);
  config.log_cut_entries_min = random_.between(1, 40);
  config.entries_in_flight_max = random_.between(1, 5);
  if (world_.chance(600)) config.raft.rest_ticks = random_.between(1, 30);
  config.raft.snapshot_resend_ticks = random_.between(3, 30);
  if (faults_.absence != 0 || world_.chance(300)) config.log_bytes_max = random_.between(0, 5'000);
  if (requests_keep_no_log_) config.log_bytes_max = random_.between(0, 600);
  return config;
}

void Cluster::add_servers() {
  const cluster::ReplicaConfig shape = draw_config();
  const uint32_t draw = random_.between(1, 100);
  const uint32_t count = draw <= 15 ? 1 : draw <= 80 ? 3 : 5;
  raft::Membership members;
  for (uint64_t id = 1; id <= count; ++id) members.voters.push_back(model::ReplicaId(id));
  for (uint64_t id = 1; id <= count; ++id) {
    Server::Speed speed;
    if (world_.chance(200)) speed.sync_max = random_.between(10, 80);
    if (world_.chance(200)) speed.apply_max = random_.between(10, 100);
    if (world_.chance(200) || loads_outlast_leaders_) speed.load_max = random_.between(50, 500);
    if (world_.chance(200)) speed.load_fails = random_.between(1, 60);
    cluster::ReplicaConfig config = shape;
    config.raft.self = model::ReplicaId(id);
    servers_.push_back(std::make_unique<Server>(world_, std::move(config), speed, members));
  }
}

void Cluster::add_clients() {
  Client::Habits habits;
  habits.lost = faults_.loss;
  habits.without_id = world_.chance(500) ? 60 : 0;
  habits.duplicated = faults_.duplicate;
  habits.pause_max = random_.between(1, 60);
  habits.wander = world_.chance(700) ? random_.between(100, 700) : 0;
  if (world_.unit_micros > 1'000) habits.late_max = habits.patience = 1'000;
  uint32_t count = random_.between(3, 8);
  if (requests_keep_no_log_) {
    // No second attempts, so more that stays unknown: few calls, or the checker has too much to try.
    habits.without_id = 1'000;
    habits.lost = 0;
    habits.pause_max = 300;
    count = 2;
  }
  for (uint64_t number = 0; number < count; ++number) {
    clients_.push_back(
        std::make_unique<Client>(world_, number, static_cast<uint32_t>(servers_.size()), calls_,
                                 [this, number](uint64_t server, const Attempt& attempt, uint64_t delay) {
                                   client_of_.resize(calls_.size());
                                   client_of_[attempt.call] = number;
                                   send_attempt(server, attempt, delay);
                                 }));
    clients_.back()->set_habits(habits);
  }
}

}  // namespace stator::replica_simulation
