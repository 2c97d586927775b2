// Router: takes requests from the gateway to the partitions that hold their keys. What concerns one partition goes straight
// there, on the caller's thread, by a lookup in the current routes: to this node's replica, or on to the node that leads.
// The router actor gathers batches and pages over several partitions, and holds the calls that wait for a leader. It reads
// the routes; group 0 and the leaders' reports decide them (node.h).
//
//   execute ─▶ PartitionCall ─┬─ a replica here that may answer ─▶ partition_server.h ─┬─▶ done
//                ▲            ├─ led by another node ─▶ Peers::forward ────────────────┤
//                │            └─ no leader known ─▶ parked ◀── kNotLeading, lost ──────┘
//                └── leaders_changed(), or after a short pause ──┘     until the call's deadline
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "actors/mailbox.h"
#include "actors/partition_call.h"
#include "actors/partition_port.h"
#include "actors/partition_server.h"
#include "actors/protocol.h"
#include "net/dispatcher.h"
#include "storage/item_store.h"

namespace stator::actors {

// Calls that wait for a leader; more are answered with 503 (docs/bounds.md).
inline constexpr size_t kRouterParkedBytesMax = 64 * 1024 * 1024;

// The other nodes, as the router sees them. Any thread; never blocks.
class Peers {
 public:
  virtual ~Peers() = default;
  virtual model::NodeId self() const = 0;
  virtual bool connected(model::NodeId node) const = 0;
  // Answered exactly once, on any thread: by the leader's answer, kNotLeading where nothing is known to be wrong with
  // asking again under the same id (nobody answered, or it does not lead), or another error.
  using Forwarded = net::UniqueFunction<void(cluster::ForwardAnswer)>;
  virtual void forward(model::NodeId to, const PartitionCall& call, Forwarded done) = 0;
  // Group 0's operations where its leader is on this node.
  virtual void change_tables(const PartitionCall& call, net::Done done) = 0;
  // `then` is called once the routes are as new as all that was acknowledged before; false: not by the deadline.
  virtual void refresh(std::chrono::steady_clock::time_point deadline, net::UniqueFunction<void(bool)> then) = 0;
};

class Router {
 public:
  // `peers` is null in a cluster of one. All outlive this.
  Router(storage::ItemStore& items, DiskGuard& disk, Throttle& throttle, Peers* peers);

  // Starts the router actor.
  void start(caf::actor_system& system);
  // Ends it; what it gathered or parked is answered.
  void stop();

  // Replaces the routes as a whole. Any thread.
  void publish(RoutesPtr routes);
  RoutesPtr routes() const { return routes_.load(std::memory_order_acquire); }

  // Item, page and batch operations. Any thread; never blocks.
  void execute(api::RequestPtr request, const net::RequestContext& context, net::Done done);
  // An operation that changes tables, on group 0's leader.
  void execute_tables(api::RequestPtr request, const net::RequestContext& context, net::Done done);
  // What another node's router forwarded: as the leader, or not at all.
  void serve(std::shared_ptr<const PartitionCall> call, net::Done done);

  // These partitions have another leader, or none. Any thread.
  void leaders_changed(std::vector<model::PartitionId> partitions);
  // Time has passed: parked calls are looked at. Any thread, every few milliseconds; costs nothing where none wait.
  void tick();

 private:
  struct Batch;
  struct Page;
  struct Attempt;
  using AttemptPtr = std::shared_ptr<Attempt>;
  struct BatchDone {
    std::shared_ptr<Batch> batch;
    std::vector<uint32_t> parts;
    api::Result<api::Answer> result;
  };
  struct PageDone {
    std::shared_ptr<Page> page;
    api::Result<api::Answer> result;
  };
  struct Park {
    AttemptPtr attempt;
  };
  struct Wake {
    std::vector<model::PartitionId> partitions;
  };
  struct Look {};  // at the parked calls: time has passed
  using Input = std::variant<BatchDone, PageDone, Park, Wake, Look>;
  using RouterMailbox = Mailbox<Input, RouterActor>;
  struct ActorState;

  static void refuse(Input&& input);
  // `refreshed`: the routes were fetched for this request already.
  void route(api::RequestPtr request, const net::RequestContext& context, net::Done done, bool refreshed);
  void missing_table(api::RequestPtr request, const net::RequestContext& context, net::Done done, bool refreshed);
  void route_item(api::RequestPtr request, const net::RequestContext& context, net::Done done, bool refreshed);
  void route_page(api::RequestPtr request, const net::RequestContext& context, net::Done done, bool refreshed);
  void route_batch(api::RequestPtr request, const net::RequestContext& context, net::Done done, bool refreshed);
  void read_part(const std::shared_ptr<Page>& page, RequestBatch* batch);

  // One partition's part of it.
  void dispatch(const RoutesPtr& routes, std::shared_ptr<PartitionCall> call, net::Done done,
                RequestBatch* batch);
  void ask(const AttemptPtr& attempt, RequestBatch* batch);
  void ask_leader(const RoutesPtr& routes, PartitionRoute& route, const AttemptPtr& attempt,
                  RequestBatch* batch);
  void answered(const AttemptPtr& attempt, api::Result<api::Answer> result);
  bool may_read_here(const PartitionPort& port, const PartitionRoute& route) const;

  // The actor's.
  void drain();
  void handle(BatchDone& done);
  void handle(PageDone& done);
  void handle(Park& park);
  void handle(Wake& wake);
  void handle(Look&);
  void ask_parked(const std::function<bool(const Attempt&)>& due);

  PartitionServer server_;
  Peers* const peers_;
  std::atomic<RoutesPtr> routes_;
  std::shared_ptr<RouterMailbox> mailbox_;
  std::atomic<size_t> parked_count_{0};
  std::vector<Input> inputs_;       // the actor's
  std::vector<AttemptPtr> parked_;  // the actor's
  size_t parked_bytes_ = 0;         // the actor's
};

}  // namespace stator::actors
