// Routing, and the router actor that gathers batches and pages.
#include "actors/router.h"

#include "actors/clock.h"
#include "actors/store_view.h"
#include "model/assert.h"

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

api::Result<api::Answer> evaluate_read(const api::Request& request, const model::Table& table,
                                       const StoreView& view) {
  api::Evaluation evaluation =
      item_operation(request).evaluate(table, view, request, model::Stamp{wall_clock_micros()});
  if (auto* error = std::get_if<api::Error>(&evaluation)) return api::Failure(std::move(*error));
  STATOR_ASSERT(std::holds_alternative<api::Answer>(evaluation), "a read has no effects");
  return std::get<api::Answer>(std::move(evaluation));
}

// Where a request's table is on this node.
struct Place {
  std::shared_ptr<const Routes> routes;
  const cluster::TableRoute* table = nullptr;  // of routes

  PartitionPort* port(model::PartitionId partition) const {
    auto it = routes->ports.find(partition);
    return it == routes->ports.end() ? nullptr : it->second.get();
  }
};

api::Result<Place> place_of(std::shared_ptr<const Routes> routes, std::string_view table) {
  Place place{std::move(routes), nullptr};
  place.table = place.routes ? place.routes->map.find(table) : nullptr;
  if (!place.table) return api::resource_not_found();
  // A table whose partitions are not open yet is being created: for the data plane there is none.
  for (const auto& partition : place.table->partitions) {
    if (!place.port(partition->id)) return api::resource_not_found();
  }
  return place;
}

std::optional<cluster::RequestId> request_id(const net::RequestContext& context, size_t part) {
  if (!context.client_retry_id) return std::nullopt;
  cluster::RequestId id = context.request_id;
  // The parts of a batch are requests of their own.
  for (size_t i = 0; i < sizeof part; ++i) id[8 + i] ^= static_cast<uint8_t>(part >> (8 * i));
  return id;
}

RequestBatch* batch_of(const net::RequestContext& context) {
  return static_cast<RequestBatch*>(context.batch);
}

}  // namespace

// A batch under way. Its parts are filled by the router actor alone.
struct Router::Batch {
  api::RequestPtr request;
  std::vector<std::optional<api::Result<api::Answer>>> parts;
  size_t missing = 0;
  net::Done done;
};

// A page over several partitions, read one after the other.
struct Router::Page {
  api::RequestPtr request;
  Place place;
  model::KeyRange range;
  std::vector<std::shared_ptr<const cluster::Partition>> partitions;
  size_t next = 0;
  std::optional<api::PageAnswer> answer;
  net::Done done;
};

struct Router::ActorState {
  static inline const char* name = "router";
};

Router::Router(storage::ItemStore& items)
    : items_(items), mailbox_(std::make_shared<RouterMailbox>(&Router::refuse)) {}

void Router::refuse(Input&& input) {
  api::Error error = api::service_unavailable("The node is stopping", 50).error;
  if (auto* page = std::get_if<PagePart>(&input)) page->page->done(api::Failure(std::move(error)));
  if (auto* parts = std::get_if<BatchParts>(&input)) {
    if (net::Done done = std::exchange(parts->batch->done, {})) done(api::Failure(std::move(error)));
  }
}

void Router::start(caf::actor_system& system) {
  mailbox_->attach(
      system.spawn([this](RouterActor::stateful_pointer<ActorState>) -> RouterActor::behavior_type {
        return {[this](DrainAtom) { drain(); }};
      }));
}

void Router::stop() { mailbox_->close(); }

void Router::publish(std::shared_ptr<const Routes> routes) {
  routes_.store(std::move(routes), std::memory_order_release);
}

void Router::execute(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  switch (request->operation->owner()) {
    case api::Owner::kItem:
      return execute_item(std::move(request), context, std::move(done));
    case api::Owner::kPage:
      return execute_page(std::move(request), std::move(done));
    case api::Owner::kBatch:
      return execute_batch(std::move(request), context, std::move(done));
    case api::Owner::kStatic:
    case api::Owner::kTables:
      break;
  }
  STATOR_ASSERT(false, "the router takes what concerns items");
}

// --- one item
// ---------------------------------------------------------------------------------------------------------

void Router::execute_item(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  auto place = place_of(routes_.load(std::memory_order_acquire), request->table_name);
  if (!place.ok()) return done(api::Failure(std::move(place.error())));
  const api::ItemOperation& operation = item_operation(*request);
  auto key = operation.key(*place->table->table, *request);
  if (!key.ok()) return done(api::Failure(std::move(key.error())));
  PartitionPort& port = *place->port(place->table->at(*key).id);
  if (operation.writes()) {
    return port.write({std::move(request), std::move(*key), request_id(context, 0), std::move(done)},
                      batch_of(context));
  }
  bool consistent = operation.consistent(*request);
  port.read(
      consistent,
      [request = std::move(request), table = place->table->table, space = port.space(), &items = items_,
       done = std::move(done)](const api::Error* error) mutable {
        if (error) return done(api::Failure(*error));
        done(evaluate_read(*request, *table, StoreView(items, space)));
      },
      batch_of(context));
}

// --- pages
// ------------------------------------------------------------------------------------------------------------

void Router::execute_page(api::RequestPtr request, net::Done done) {
  auto place = place_of(routes_.load(std::memory_order_acquire), request->table_name);
  if (!place.ok()) return done(api::Failure(std::move(place.error())));
  const api::PageOperation& operation = page_operation(*request);
  auto range = operation.range(*place->table->table, *request);
  if (!range.ok()) return done(api::Failure(std::move(range.error())));
  auto page = std::make_shared<Page>();
  page->partitions = place->table->within(*range, operation.forward(*request));
  // Nothing to read is a page too: any partition can say so.
  if (page->partitions.empty()) page->partitions.push_back(place->table->partitions.front());
  page->request = std::move(request);
  page->place = std::move(*place);
  page->range = std::move(*range);
  page->done = std::move(done);
  read_part(page);
}

void Router::read_part(const std::shared_ptr<Page>& page) {
  const api::PageOperation& operation = page_operation(*page->request);
  const cluster::Partition& partition = *page->partitions[page->next++];
  PartitionPort& port = *page->place.port(partition.id);
  model::KeyRange range = model::intersect(page->range, partition.range).value_or(page->range);
  port.read(operation.consistent(*page->request), [this, page, range = std::move(range), mailbox = mailbox_,
                                                   space = port.space()](const api::Error* error) {
    if (error) return mailbox->push(PagePart{page, api::Failure(*error)});
    api::PageProgress before;
    if (page->answer) before = {page->answer->scanned_count, page->answer->bytes_evaluated};
    auto answer =
        page_operation(*page->request)
            .evaluate(*page->place.table->table, StoreView(items_, space), *page->request, range, before);
    bool last = !answer.ok() || answer->stopped || page->next == page->partitions.size();
    if (page->answer || !last) return mailbox->push(PagePart{page, std::move(answer)});
    // The usual case: one partition gave the whole page. No need to wake the router.
    if (!answer.ok()) return page->done(api::Failure(std::move(answer.error())));
    page->done(api::Answer(std::move(*answer)));
  });
}

void Router::gather(PagePart& part) {
  Page& page = *part.page;
  if (!part.result.ok()) return page.done(api::Failure(std::move(part.result.error())));
  bool stopped = part.result->stopped;
  if (page.answer) {
    page_operation(*page.request).merge(*page.answer, std::move(*part.result));
  } else {
    page.answer = std::move(*part.result);
  }
  if (!stopped && page.next < page.partitions.size()) return read_part(part.page);
  page.done(api::Answer(std::move(*page.answer)));
}

// --- batches
// ----------------------------------------------------------------------------------------------------------

void Router::execute_batch(api::RequestPtr request, const net::RequestContext& context, net::Done done) {
  const api::BatchOperation& operation = batch_operation(*request);
  const std::vector<api::RequestPtr>& parts = operation.parts(*request);
  std::shared_ptr<const Routes> routes = routes_.load(std::memory_order_acquire);
  std::vector<Place> places;
  std::vector<std::string> keys;
  std::vector<model::TableId> tables;
  for (const api::RequestPtr& part : parts) {
    auto place = place_of(routes, part->table_name);
    if (!place.ok()) return done(api::Failure(std::move(place.error())));
    auto key = item_operation(*part).key(*place->table->table, *part);
    if (!key.ok()) return done(api::Failure(std::move(key.error())));
    tables.push_back(place->table->table->id);
    keys.push_back(std::move(*key));
    places.push_back(std::move(*place));
  }
  if (auto ok = operation.check_keys(*request, keys, tables); !ok.ok()) return done(api::Failure(ok.error()));

  auto batch = std::make_shared<Batch>();
  batch->request = request;
  batch->parts.resize(parts.size());
  batch->missing = parts.size();
  batch->done = std::move(done);
  // Reads of one partition share a job; writes are queued one by one, and share a log entry there.
  struct Read {
    bool consistent;
    std::vector<size_t> parts;
  };
  std::unordered_map<PartitionPort*, Read> reads;
  for (size_t i = 0; i < parts.size(); ++i) {
    PartitionPort* port = places[i].port(places[i].table->at(keys[i]).id);
    if (!item_operation(*parts[i]).writes()) {
      Read& read = reads.try_emplace(port, Read{false, {}}).first->second;
      read.consistent |= item_operation(*parts[i]).consistent(*parts[i]);
      read.parts.push_back(i);
      continue;
    }
    auto part_done = [batch, i, mailbox = mailbox_](api::Result<api::Answer> result) {
      BatchParts done_parts{batch, {}};
      done_parts.results.emplace_back(i, std::move(result));
      mailbox->push(std::move(done_parts));
    };
    port->write({parts[i], keys[i], request_id(context, i), std::move(part_done)}, batch_of(context));
  }
  for (auto& [port, read] : reads) {
    port->read(read.consistent, [batch, indexes = std::move(read.parts), places, space = port->space(),
                                 &items = items_, mailbox = mailbox_](const api::Error* error) {
      const std::vector<api::RequestPtr>& all = batch_operation(*batch->request).parts(*batch->request);
      BatchParts done_parts{batch, {}};
      StoreView view(items, space);
      for (size_t i : indexes) {
        if (error) {
          done_parts.results.emplace_back(i, api::Failure(*error));
        } else {
          done_parts.results.emplace_back(i, evaluate_read(*all[i], *places[i].table->table, view));
        }
      }
      mailbox->push(std::move(done_parts));
    });
  }
}

void Router::gather(BatchParts& parts) {
  Batch& batch = *parts.batch;
  for (auto& [i, result] : parts.results) {
    STATOR_ASSERT(!batch.parts[i], "a part is answered once");
    batch.parts[i] = std::move(result);
    --batch.missing;
  }
  if (batch.missing != 0 || !batch.done) return;
  api::BatchAnswer answer;
  for (auto& part : batch.parts) {
    if (part->ok()) {
      answer.parts.emplace_back(std::get<api::ItemAnswer>(std::move(**part)));
    } else {
      answer.parts.emplace_back(std::move(part->error()));
    }
  }
  net::Done done = std::exchange(batch.done, {});
  done(batch_operation(*batch.request).combine(*batch.request, std::move(answer)));
}

void Router::drain() {
  mailbox_->take(inputs_);
  for (Input& input : inputs_) {
    std::visit([this](auto& part) { gather(part); }, input);
  }
  inputs_.clear();
}

}  // namespace stator::actors
