// Requests to calls of partitions, on the caller's thread; the answers of several gathered, on the router actor. Calls that
// go to other nodes, or wait: router_calls.cpp.
#include "actors/router.h"

#include "actors/router_calls.h"
#include "model/assert.h"
#include "model/index.h"

namespace stator::actors {
namespace {

const api::ItemOperation& item_operation(const api::Request& request) {
  return static_cast<const api::ItemOperation&>(*request.operation);
}
const api::PageOperation& page_operation(const api::Request& request) {
  return static_cast<const api::PageOperation&>(*request.operation);
}
const api::BatchOperation& batch_operation(const api::Request& request) {
  return static_cast<const api::BatchOperation&>(*request.operation);
}

// Null where there is no such table, or it is being created here: for the data plane there is none.
const cluster::TableRoute* find_table(const RoutesPtr& routes, std::string_view name, bool alone) {
  const cluster::TableRoute* table = routes ? routes->map.find(name) : nullptr;
  if (!table || !alone) return table;
  for (const auto& partition : table->partitions) {
    if (!routes->port(partition->id)) return nullptr;
  }
  return table;
}

std::shared_ptr<PartitionCall> new_call(const api::RequestPtr& request, const net::RequestContext& context,
                                        model::PartitionId partition,
                                        std::shared_ptr<const model::Table> table) {
  auto call = std::make_shared<PartitionCall>();
  call->partition = partition;
  call->request = request;
  call->table = std::move(table);
  call->id = context.request_id;
  call->remember = context.client_retry_id;
  call->deadline = context.deadline;
  call->body = context.body;
  return call;
}

RequestBatch* batch_of(const net::RequestContext& context) {
  return static_cast<RequestBatch*>(context.batch);
}

// For later, on another thread.
net::RequestContext detached(net::RequestContext context) {
  context.batch = nullptr;
  return context;
}

}  // namespace

// A batch under way. Its parts are filled by the router actor alone.
struct Router::Batch {
  api::RequestPtr request;
  std::vector<std::optional<std::variant<api::ItemAnswer, api::Error>>> parts;
  size_t missing = 0;
  net::Done done;
};

// A page over several partitions, read one after the other.
struct Router::Page {
  api::RequestPtr request;
  net::RequestContext context;
  RoutesPtr routes;
  const cluster::TableRoute* table = nullptr;  // of routes
  model::KeyRange range;
  std::vector<std::shared_ptr<const cluster::Partition>> partitions;
  size_t next = 0;
  std::optional<api::PageAnswer> answer;
  net::Done done;
};

struct Router::ActorState {
  static inline const char* name = "router";
};

Router::Router(storage::ItemStore& items, DiskGuard& disk, Throttle& throttle, Peers* peers)
    : server_(items, disk, throttle), peers_(peers), mailbox_(std::make_shared<RouterMailbox>(&Router::refuse)) {}

void Router::refuse(Input&& input) {
  api::Error error = api::service_unavailable("The node is stopping", 50).error;
  if (auto* page = std::get_if<PageDone>(&input)) page->page->done(api::Failure(std::move(error)));
  if (auto* part = std::get_if<BatchDone>(&input)) {
    if (net::Done done = std::exchange(part->batch->done, {})) done(api::Failure(std::move(error)));
  }
  if (auto* park = std::get_if<Park>(&input)) park->attempt->done(api::Failure(std::move(error)));
}

void Router::start(caf::actor_system& system) {
  mailbox_->attach(
      system.spawn([this](RouterActor::stateful_pointer<ActorState>) -> RouterActor::behavior_type {
        return {[this](DrainAtom) { drain(); }};
      }));
}

void Router::stop() { mailbox_->close(); }

void Router::publish(RoutesPtr routes) { routes_.store(std::move(routes), std::memory_order_release); }

void Router::execute(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  route(std::move(request), context, std::move(done), false);
}

void Router::route(api::RequestPtr request, const net::RequestContext& context, net::Done done,
                   bool refreshed) {
  switch (request->operation->owner()) {
    case api::Owner::kItem:
      return route_item(std::move(request), context, std::move(done), refreshed);
    case api::Owner::kPage:
      return route_page(std::move(request), context, std::move(done), refreshed);
    case api::Owner::kBatch:
      return route_batch(std::move(request), context, std::move(done), refreshed);
    case api::Owner::kStatic:
    case api::Owner::kTables:
      break;
  }
  STATOR_ASSERT(false, "the router takes what concerns items");
}

// Another node may have acknowledged its creation a moment ago.
void Router::missing_table(api::RequestPtr request, const net::RequestContext& context, net::Done done,
                           bool refreshed) {
  if (!peers_ || refreshed) return done(api::resource_not_found());
  peers_->refresh(context.deadline, [this, request = std::move(request), context = detached(context),
                                     done = std::move(done)](bool fresh) mutable {
    if (!fresh) return done(api::internal_error("The cluster's metadata cannot be read now"));
    route(std::move(request), context, std::move(done), true);
  });
}

// --- one item
// ---------------------------------------------------------------------------------------------------------

void Router::route_item(api::RequestPtr request, const net::RequestContext& context, net::Done done,
                        bool refreshed) {
  RoutesPtr routes = this->routes();
  const cluster::TableRoute* table = find_table(routes, request->table_name, !peers_);
  if (!table) return missing_table(std::move(request), context, std::move(done), refreshed);
  auto key = item_operation(*request).key(*table->table, *request);
  if (!key.ok()) return done(api::Failure(std::move(key.error())));
  auto call = new_call(request, context, table->at(*key).id, table->table);
  call->keys.push_back(std::move(*key));
  dispatch(routes, std::move(call), std::move(done), batch_of(context));
}

// --- pages
// ------------------------------------------------------------------------------------------------------------

void Router::route_page(api::RequestPtr request, const net::RequestContext& context, net::Done done,
                        bool refreshed) {
  RoutesPtr routes = this->routes();
  const cluster::TableRoute* table = find_table(routes, request->table_name, !peers_);
  if (!table) return missing_table(std::move(request), context, std::move(done), refreshed);
  const api::PageOperation& operation = page_operation(*request);
  auto index = operation.global_index(*table->table, *request);
  if (!index.ok()) return done(api::Failure(std::move(index.error())));
  auto range = operation.range(*table->table, *request);
  if (!range.ok()) return done(api::Failure(std::move(range.error())));
  if (*index) {  // its entries are the items of another table
    table = find_table(routes, model::index_table_name(table->table->name, (*index)->name), !peers_);
    if (!table) return missing_table(std::move(request), context, std::move(done), refreshed);
  }
  auto page = std::make_shared<Page>();
  page->partitions = table->within(*range, operation.forward(*request));
  // Nothing to read is a page too: any partition can say so.
  if (page->partitions.empty()) page->partitions.push_back(table->partitions.front());
  page->request = std::move(request);
  page->context = detached(context);
  page->routes = std::move(routes);
  page->table = table;
  page->range = std::move(*range);
  page->done = std::move(done);
  read_part(page, batch_of(context));
}

void Router::read_part(const std::shared_ptr<Page>& page, RequestBatch* batch) {
  const cluster::Partition& partition = *page->partitions[page->next++];
  auto call = new_call(page->request, page->context, partition.id, page->table->table);
  cluster::PagePart part;
  part.range = model::intersect(page->range, partition.range).value_or(page->range);
  part.consistent = page_operation(*page->request).consistent(*page->request);
  if (page->answer) part.before = {page->answer->scanned_count, page->answer->bytes_evaluated};
  call->part = std::move(part);
  dispatch(
      page->routes, std::move(call),
      [page, mailbox = mailbox_](api::Result<api::Answer> result) {
        bool last = !result.ok() || page->next == page->partitions.size() ||
                    std::get<api::PageAnswer>(*result).stopped;
        if (page->answer || !last) return mailbox->push(PageDone{page, std::move(result)});
        // The usual case: one partition gave the whole page. No need to wake the router.
        page->done(std::move(result));
      },
      batch);
}

void Router::handle(PageDone& part) {
  Page& page = *part.page;
  if (!part.result.ok()) return page.done(api::Failure(std::move(part.result.error())));
  auto& answer = std::get<api::PageAnswer>(*part.result);
  bool stopped = answer.stopped;
  if (page.answer) {
    page_operation(*page.request).merge(*page.answer, std::move(answer));
  } else {
    page.answer = std::move(answer);
  }
  if (!stopped && page.next < page.partitions.size()) return read_part(part.page, nullptr);
  page.done(api::Answer(std::move(*page.answer)));
}

// --- batches
// ----------------------------------------------------------------------------------------------------------

void Router::route_batch(api::RequestPtr request, const net::RequestContext& context, net::Done done,
                         bool refreshed) {
  const api::BatchOperation& operation = batch_operation(*request);
  const std::vector<api::RequestPtr>& parts = operation.parts(*request);
  RoutesPtr routes = this->routes();
  std::vector<std::string> keys;
  std::vector<model::TableId> tables;
  std::unordered_map<model::PartitionId, std::shared_ptr<PartitionCall>> calls;
  for (uint32_t i = 0; i < parts.size(); ++i) {
    const cluster::TableRoute* table = find_table(routes, parts[i]->table_name, !peers_);
    if (!table) return missing_table(request, context, std::move(done), refreshed);
    auto key = item_operation(*parts[i]).key(*table->table, *parts[i]);
    if (!key.ok()) return done(api::Failure(std::move(key.error())));
    std::shared_ptr<PartitionCall>& call = calls[table->at(*key).id];
    if (!call) {
      call = new_call(request, context, table->at(*key).id, table->table);
      call->part = cluster::BatchParts{};
    }
    std::get<cluster::BatchParts>(call->part).parts.push_back(i);
    call->keys.push_back(*key);
    tables.push_back(table->table->id);
    keys.push_back(std::move(*key));
  }
  if (auto ok = operation.check_keys(*request, keys, tables); !ok.ok()) return done(api::Failure(ok.error()));

  auto batch = std::make_shared<Batch>();
  batch->request = std::move(request);
  batch->parts.resize(parts.size());
  batch->missing = parts.size();
  batch->done = std::move(done);
  for (auto& [partition, call] : calls) {
    auto indexes = call->batch().parts;
    dispatch(
        routes, std::move(call),
        [batch, indexes = std::move(indexes), mailbox = mailbox_](api::Result<api::Answer> result) mutable {
          mailbox->push(BatchDone{batch, std::move(indexes), std::move(result)});
        },
        batch_of(context));
  }
}

void Router::handle(BatchDone& done) {
  Batch& batch = *done.batch;
  for (size_t i = 0; i < done.parts.size(); ++i) {
    auto& part = batch.parts[done.parts[i]];
    STATOR_ASSERT(!part, "a part is answered once");
    part.emplace();
    if (done.result.ok()) {
      *part = std::move(std::get<api::BatchAnswer>(*done.result).parts[i]);
    } else {
      *part = done.result.error();
    }
  }
  batch.missing -= done.parts.size();
  if (batch.missing != 0 || !batch.done) return;
  api::BatchAnswer answer;
  for (auto& part : batch.parts) answer.parts.push_back(std::move(*part));
  net::Done last = std::exchange(batch.done, {});
  last(batch_operation(*batch.request).combine(*batch.request, std::move(answer)));
}

void Router::drain() {
  mailbox_->take(inputs_);
  for (Input& input : inputs_) {
    std::visit([this](auto& part) { handle(part); }, input);
  }
  inputs_.clear();
}

}  // namespace stator::actors
