// Calls of partitions to whoever leads them: here, on another node, or later.
#include "actors/router_calls.h"

#include <algorithm>

#include "actors/clock.h"
#include "net/link_burst.h"

namespace stator::actors {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A leader is elected in some hundred milliseconds, and says so: the pause is for what nobody reports.
constexpr milliseconds kPauseMin{5};
constexpr milliseconds kPauseMax{100};

milliseconds pause_after(uint32_t failures) {
  return std::min(kPauseMax, kPauseMin * (1 << std::min(failures, 10u)));
}

api::Failure nobody_leads(const PartitionCall& call) {
  if (call.partition == model::PartitionId{})
    return api::internal_error("The cluster's metadata has no leader at the moment; the request was given up");
  return api::internal_error("The item's partition has no leader at the moment; the request was given up");
}

}  // namespace

void Router::execute_tables(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  auto call = std::make_shared<PartitionCall>();
  call->request = std::move(request);
  call->id = context.request_id;
  call->remember = context.client_retry_id;
  call->deadline = context.deadline;
  call->body = context.body;
  auto attempt = std::make_shared<Attempt>();
  attempt->call = std::move(call);
  attempt->done = std::move(done);
  ask(attempt, nullptr);
}

void Router::dispatch(const RoutesPtr& routes, std::shared_ptr<PartitionCall> call, net::Done done,
                      RequestBatch* batch) {
  if (!peers_) return server_.serve(*routes, call, std::move(done), batch);
  auto attempt = std::make_shared<Attempt>();
  attempt->call = std::move(call);
  attempt->done = std::move(done);
  ask(attempt, batch);
}

void Router::serve(std::shared_ptr<const PartitionCall> call, net::Done done) {
  RoutesPtr routes = this->routes();
  if (call->partition == model::PartitionId{}) return peers_->change_tables(*call, std::move(done));
  if (!routes) return done(api::not_leading("This node is starting"));
  server_.serve(*routes, call, std::move(done));
}

// Default reads look fresh (docs/architecture.md, protocol 12).
bool Router::may_read_here(const PartitionPort& port, const PartitionRoute& route) const {
  if (port.serving.load(std::memory_order_acquire)) return true;
  if (!port.voter.load(std::memory_order_acquire)) return false;
  uint64_t applied = port.applied.load(std::memory_order_acquire);
  if (applied == 0 || applied < route.acknowledged.load(std::memory_order_acquire)) return false;
  if (applied + kReadLagMax < port.committed.load(std::memory_order_acquire)) return false;
  model::NodeId leader(route.leader.load(std::memory_order_acquire));
  if (!leader || !peers_->connected(leader)) return false;
  // A group that rests says nothing: the link's heartbeats are its contact.
  if (!port.awake.load(std::memory_order_acquire)) return true;
  return steady_millis() - port.leader_heard_ms.load(std::memory_order_relaxed) <
         milliseconds(kLeaderContactMax).count();
}

void Router::ask(const AttemptPtr& attempt, RequestBatch* batch) {
  const std::shared_ptr<PartitionCall>& call = attempt->call;
  RoutesPtr routes = this->routes();
  PartitionRoute* route = routes ? routes->route(call->partition) : nullptr;
  if (!route) {
    // Its table was dropped since the call was routed; or this node knows nothing yet.
    if (routes && call->partition != model::PartitionId{}) return attempt->done(api::resource_not_found());
    ++attempt->failures;
    return mailbox_->push(Park{attempt});
  }
  if (!call->writes() && !call->consistent() && !server_.is_limited(*call)) {
    PartitionPort* port = routes->port(call->partition);
    if (port && may_read_here(*port, *route))
      return server_.read_here(*port, call, std::move(attempt->done), batch);
  }
  ask_leader(routes, *route, attempt, batch);
}

void Router::ask_leader(const RoutesPtr& routes, PartitionRoute& route, const AttemptPtr& attempt,
                        RequestBatch* batch) {
  const std::shared_ptr<PartitionCall>& call = attempt->call;
  model::NodeId leader(route.leader.load(std::memory_order_acquire));
  if (!leader) {
    ++attempt->failures;
    return mailbox_->push(Park{attempt});
  }
  if (leader == peers_->self()) {
    auto done = [this, attempt](api::Result<api::Answer> result) { answered(attempt, std::move(result)); };
    if (call->partition == model::PartitionId{}) return peers_->change_tables(*call, std::move(done));
    return server_.serve(*routes, call, std::move(done), batch);
  }
  // From here on it is not known whether it was carried out, until it is answered.
  call->remember = true;
  auto known = routes->routes.at(call->partition);
  std::optional<net::LinkBurst::Use> together;
  if (batch) together.emplace(batch->burst());
  peers_->forward(leader, *call, [this, attempt, known](cluster::ForwardAnswer answer) {
    known->saw(answer.applied);
    answered(attempt, std::move(answer.result));
  });
}

void Router::answered(const AttemptPtr& attempt, api::Result<api::Answer> result) {
  if (result.ok() || result.error().code != api::ErrorCode::kNotLeading)
    return attempt->done(std::move(result));
  ++attempt->failures;
  mailbox_->push(Park{attempt});
}

void Router::leaders_changed(std::vector<model::PartitionId> partitions) {
  if (parked_count_.load(std::memory_order_acquire) != 0) mailbox_->push(Wake{std::move(partitions)});
}

void Router::tick() {
  if (parked_count_.load(std::memory_order_acquire) != 0) mailbox_->push(Look{});
}

// --- the actor's
// -------------------------------------------------------------------------------------------------------------

void Router::handle(Park& park) {
  Attempt& attempt = *park.attempt;
  Clock::time_point now = Clock::now();
  if (now >= attempt.call->deadline) return attempt.done(nobody_leads(*attempt.call));
  if (parked_bytes_ + attempt.call->bytes() > kRouterParkedBytesMax)
    return attempt.done(api::service_unavailable("Too many requests wait for a leader", 100));
  attempt.again = now + pause_after(attempt.failures);
  parked_bytes_ += attempt.call->bytes();
  parked_.push_back(std::move(park.attempt));
  parked_count_.store(parked_.size(), std::memory_order_release);
}

void Router::handle(Wake& wake) {
  ask_parked([&](const Attempt& attempt) {
    return std::find(wake.partitions.begin(), wake.partitions.end(), attempt.call->partition) !=
           wake.partitions.end();
  });
}

void Router::handle(Look&) {
  Clock::time_point now = Clock::now();
  ask_parked([&](const Attempt& attempt) { return now >= attempt.again || now >= attempt.call->deadline; });
}

// Those that are due are asked again: they come back where there is still nobody to ask.
void Router::ask_parked(const std::function<bool(const Attempt&)>& due) {
  auto end = std::stable_partition(parked_.begin(), parked_.end(),
                                   [&](const AttemptPtr& attempt) { return !due(*attempt); });
  std::vector<AttemptPtr> asked(std::make_move_iterator(end), std::make_move_iterator(parked_.end()));
  parked_.erase(end, parked_.end());
  for (const AttemptPtr& attempt : asked) parked_bytes_ -= attempt->call->bytes();
  parked_count_.store(parked_.size(), std::memory_order_release);
  Clock::time_point now = Clock::now();
  for (const AttemptPtr& attempt : asked) {
    if (now >= attempt->call->deadline) {
      attempt->done(nobody_leads(*attempt->call));
    } else {
      ask(attempt, nullptr);
    }
  }
}

}  // namespace stator::actors
