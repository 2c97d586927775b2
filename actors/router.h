// Router: takes requests from the gateway to the partitions that hold their keys. What concerns one partition
// goes straight there, on the caller's thread, by a lookup in the current routes; batches and pages over
// several partitions are gathered by the router actor. It reads and replaces the routes; group 0 decides
// them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/mailbox.h"
#include "actors/partition_port.h"
#include "actors/protocol.h"
#include "net/dispatcher.h"
#include "storage/item_store.h"

namespace stator::actors {

class Router {
 public:
  // `items` outlives this.
  explicit Router(storage::ItemStore& items);

  // Starts the router actor.
  void start(caf::actor_system& system);
  // Ends it; what it gathered is answered.
  void stop();

  // Replaces the routes as a whole. Any thread.
  void publish(std::shared_ptr<const Routes> routes);

  // Item, page and batch operations. Any thread; never blocks.
  void execute(api::RequestPtr request, const net::RequestContext& context, net::Done done);

 private:
  struct Batch;
  struct Page;
  struct BatchParts {
    std::shared_ptr<Batch> batch;
    std::vector<std::pair<size_t, api::Result<api::Answer>>> results;
  };
  struct PagePart {
    std::shared_ptr<Page> page;
    api::Result<api::PageAnswer> result;
  };
  using Input = std::variant<BatchParts, PagePart>;
  using RouterMailbox = Mailbox<Input, RouterActor>;
  struct ActorState;

  static void refuse(Input&& input);
  void execute_item(api::RequestPtr request, const net::RequestContext& context, net::Done done);
  void execute_page(api::RequestPtr request, net::Done done);
  void execute_batch(api::RequestPtr request, const net::RequestContext& context, net::Done done);
  void read_part(const std::shared_ptr<Page>& page);
  void drain();
  void gather(BatchParts& parts);
  void gather(PagePart& part);

  storage::ItemStore& items_;
  std::atomic<std::shared_ptr<const Routes>> routes_;
  std::shared_ptr<RouterMailbox> mailbox_;
  std::vector<Input> inputs_;  // the actor's
};

}  // namespace stator::actors
