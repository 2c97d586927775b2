// Attempts, retries, and the end of a call.
#include "tests/simulation/replica/client.h"

#include <cstring>

#include "tests/simulation/replica/server.h"

namespace stator::replica_simulation {
namespace {

constexpr uint32_t kWayMax = 30;       // units of time to a server; below the shortest timeout
constexpr uint32_t kTimeoutMin = 100;  // of an attempt
constexpr uint32_t kTimeoutMax = 600;

}  // namespace

bool always_writes(const Op& op) {
  return op.condition == Condition::kNone && (op.verb == Verb::kPut || op.verb == Verb::kUpdate);
}

Attempt attempt_of(const Call& call, uint64_t number) {
  Attempt attempt;
  attempt.call = number;
  attempt.number = call.attempts;
  attempt.request = call.request;
  attempt.key = item_key_of(call.key);
  attempt.id = call.id;
  attempt.read = call.operation.op.verb == Verb::kGet;
  return attempt;
}

void Client::begin() {
  world_.timeline.after(world_.delay(habits_.pause_max), [this] {
    if (!stopped_ && !open_) call_anew();
  });
}

void Client::read(uint32_t key) {
  wanted_.push_back(key);
  if (!open_) next_wanted();
}

void Client::next_wanted() {
  const uint32_t key = wanted_.back();
  wanted_.pop_back();
  open(key, Op());
}

void Client::call_anew() {
  const uint32_t key = world_.random.between(0, kKeys - 1);
  open(key, draw_op(world_.random, key, static_cast<int>(calls_.size()) + 1, seen_));
}

void Client::open(uint32_t key, Op op) {
  open_ = calls_.size();
  if (world_.chance(habits_.wander)) server_ = world_.random.between(1, servers_);
  heard_ = 0;
  Call call;
  call.key = key;
  call.operation.op = op;
  call.operation.called = world_.timeline.now();
  call.request = request_of(key, op);
  if (!world_.chance(habits_.without_id)) {
    const uint64_t number = calls_.size() + 1;
    cluster::RequestId id{};
    std::memcpy(id.data(), &number, sizeof number);
    call.id = id;
  }
  calls_.push_back(std::move(call));
  attempt();
}

void Client::attempt() {
  const uint64_t number = ++call().attempts;
  if (number == 2) ++world_.probes.retried;
  const Attempt attempt = attempt_of(call(), *open_);
  if (!world_.chance(habits_.lost)) send_(server_, attempt, world_.delay(kWayMax));
  if (call().id && always_writes(call().operation.op) && world_.chance(habits_.duplicated)) {
    ++world_.probes.late_duplicates;
    send_(world_.random.between(1, servers_), attempt, world_.delay(habits_.late_max));
  }
  world_.timeline.after(world_.random.between(kTimeoutMin, kTimeoutMax), [this, open = *open_, number] {
    if (open_ != open || call().attempts != number || heard_ == number) return;
    call().maybe = true;
    server_ = world_.random.between(1, servers_);
    give_up_or_retry();
  });
}

void Client::attempt_later(uint64_t delay) {
  world_.timeline.after(delay, [this, open = *open_, number = call().attempts] {
    if (open_ == open && call().attempts == number) attempt();
  });
}

void Client::give_up_or_retry() {
  const bool patient = world_.timeline.now() - call().operation.called < habits_.patience;
  // Without an id a second attempt could be a second write. A read can always be made again.
  const bool may_retry = !call().maybe || call().id || call().operation.op.verb == Verb::kGet;
  if (patient && may_retry) return attempt_later(world_.delay(30));
  ++world_.probes.calls_unknown;
  finish();
}

void Client::answered(uint64_t of_call, uint64_t attempt_number, const api::Result<api::Answer>& result) {
  // An answer to an attempt that was given up comes to a closed connection.
  if (open_ != of_call || call().attempts != attempt_number || world_.chance(habits_.lost)) return;
  if (is_outcome(result)) {
    Outcome outcome = outcome_of(result);
    if (outcome.shown.v) seen_ = *outcome.shown.v;
    ++world_.probes.answered;
    if (!outcome.ok) ++world_.probes.failed_conditions;
    if (call().operation.op.verb == Verb::kGet) ++world_.probes.reads;
    call().operation.outcome = std::move(outcome);
    call().operation.returned = world_.timeline.now();
    return finish();
  }
  if (result.error().code == api::ErrorCode::kInternalServerError) {
    ++world_.probes.outcomes_unknown;
    call().maybe = true;
  } else {
    ++world_.probes.refused;
  }
  heard_ = call().attempts;
  server_ = world_.random.between(1, servers_);
  give_up_or_retry();
}

void Client::finish() {
  call().over = true;
  open_.reset();
  if (!wanted_.empty()) return next_wanted();
  begin();
}

}  // namespace stator::replica_simulation
