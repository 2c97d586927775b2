// Item operations, pages and batches on the replicas of this node.
#include "actors/partition_server.h"

#include <algorithm>
#include <mutex>

#include "actors/clock.h"
#include "actors/store_view.h"
#include "api/internal/index_writes.h"
#include "model/assert.h"

namespace stator::actors {
namespace {

api::Result<api::ItemAnswer> read_item(const api::Request& request, const model::Table& table,
                                       const StoreView& view) {
  const auto& operation = static_cast<const api::ItemOperation&>(*request.operation);
  api::Evaluation evaluation =
      operation.evaluate(table, view, request, model::Stamp{wall_clock_micros()});
  if (auto* error = std::get_if<api::Error>(&evaluation)) return api::Failure(std::move(*error));
  STATOR_ASSERT(std::holds_alternative<api::Answer>(evaluation), "a read has no effects");
  return std::get<api::ItemAnswer>(std::get<api::Answer>(std::move(evaluation)));
}

// Takes what the read costs of its table's throughput, where that is limited.
template <class Answer, class Evaluate>
api::Result<Answer> within_limits(Throttle& throttle, const std::optional<Throttle::Read>& limited, bool begins,
                                  Evaluate evaluate) {
  if (limited && begins) {
    if (auto refused = throttle.refuse(*limited)) return api::Failure(std::move(*refused));
  }
  api::Result<Answer> answer = evaluate();
  if (limited && answer.ok()) throttle.take(*limited, answer->capacity.read_units);
  return answer;
}

api::Result<api::Answer> read(const PartitionCall& call, const StoreView& view, Throttle& throttle) {
  const std::optional<Throttle::Read> limited = throttle.limited_read(call);
  const auto item = [&](const api::Request& request) {
    return within_limits<api::ItemAnswer>(throttle, limited, true, [&] { return read_item(request, *call.table, view); });
  };
  switch (call.operation().owner()) {
    case api::Owner::kItem: {
      auto answer = item(*call.request);
      if (!answer.ok()) return api::Failure(std::move(answer.error()));
      return api::Answer(std::move(*answer));
    }
    case api::Owner::kPage: {
      const auto& page = std::get<cluster::PagePart>(call.part);
      // A page that was begun goes on: where each part asked, one over several partitions could never be whole.
      const bool begins = page.before.scanned_count == 0;
      auto answer = within_limits<api::PageAnswer>(throttle, limited, begins, [&] {
        return static_cast<const api::PageOperation&>(call.operation())
            .evaluate(*call.table, view, *call.request, page.range, page.before);
      });
      if (!answer.ok()) return api::Failure(std::move(answer.error()));
      return api::Answer(std::move(*answer));
    }
    case api::Owner::kBatch: {
      api::BatchAnswer parts;
      for (size_t i = 0; i < call.batch().parts.size(); ++i) {
        auto answer = item(*call.batch_part(i));
        if (answer.ok()) {
          parts.parts.emplace_back(std::move(*answer));
        } else {
          parts.parts.emplace_back(std::move(answer.error()));
        }
      }
      return api::Answer(std::move(parts));
    }
    case api::Owner::kTables:
    case api::Owner::kStatic:
      break;
  }
  STATOR_ASSERT(false, "a partition holds items");
  return api::internal_error("Internal server error");
}

// The parts of a batch of writes, answered one by one from any thread; the last one answers the whole.
class GatheredWrites {
 public:
  GatheredWrites(size_t parts, net::Done done) : missing_(parts), done_(std::move(done)) {
    answer_.parts.resize(parts);
  }
  void part_done(size_t i, api::Result<api::Answer> result) {
    {
      std::lock_guard lock(mutex_);
      if (result.ok()) {
        answer_.parts[i] = std::get<api::ItemAnswer>(std::move(*result));
      } else {
        answer_.parts[i] = std::move(result.error());
      }
      if (--missing_ != 0) return;
    }
    // Where the whole came to a replica that does not lead, nothing was done: the router tries the leader.
    bool none = std::all_of(answer_.parts.begin(), answer_.parts.end(), [](const auto& part) {
      const auto* error = std::get_if<api::Error>(&part);
      return error && error->code == api::ErrorCode::kNotLeading;
    });
    if (none) return done_(api::Failure(std::get<api::Error>(std::move(answer_.parts.front()))));
    done_(api::Answer(std::move(answer_)));
  }

 private:
  std::mutex mutex_;
  size_t missing_;           // by mutex_
  api::BatchAnswer answer_;  // by mutex_ until nothing is missing
  net::Done done_;
};

}  // namespace

void PartitionServer::serve(const Routes& routes, const std::shared_ptr<const PartitionCall>& call,
                            net::Done done, RequestBatch* batch) {
  PartitionPort* port = routes.port(call->partition);
  if (!port) return done(api::not_leading("This node does not hold the partition"));
  if (&call->operation() != &api::kIndexWrites) port->upkeep->client_called();
  if (!call->writes()) return port->read(call->consistent(), read_job(*port, call, std::move(done)), batch);
  if (port->upkeep->behind())
    return done(api::throughput_exceeded(
        "The table's global secondary indexes are behind its writes: wait until they have caught up"));
  done = port->upkeep->after_indexes(std::move(done));
  if (port->leads.load(std::memory_order_relaxed) && disk_.low())
    return done(api::service_unavailable("The disk of this node is nearly full: writes are refused until it has room", 1000));
  if (call->operation().owner() == api::Owner::kBatch) return write_batch(*port, call, std::move(done), batch);
  port->write({call->request, call->keys.front(), call->remembered_id(0), std::move(done)}, batch);
}

void PartitionServer::write_batch(PartitionPort& port, const std::shared_ptr<const PartitionCall>& call,
                                  net::Done done, RequestBatch* batch) {
  auto gathered = std::make_shared<GatheredWrites>(call->batch().parts.size(), std::move(done));
  // Queued one by one, they share a log entry there.
  for (size_t i = 0; i < call->batch().parts.size(); ++i) {
    port.write({call->batch_part(i), call->keys[i], call->remembered_id(call->batch().parts[i]),
                [gathered, i](api::Result<api::Answer> result) { gathered->part_done(i, std::move(result)); }},
               batch);
  }
}

void PartitionServer::read_here(PartitionPort& port, const std::shared_ptr<const PartitionCall>& call,
                                net::Done done, RequestBatch* batch) {
  STATOR_ASSERT(!call->writes(), "a write goes to the leader");
  port.upkeep->client_called();
  port.read_here(read_job(port, call, std::move(done)), batch);
}

ReadJob PartitionServer::read_job(const PartitionPort& port, std::shared_ptr<const PartitionCall> call,
                                  net::Done done) {
  return [&items = items_, &throttle = throttle_, space = port.space(), call = std::move(call),
          done = std::move(done)](const api::Error* error) mutable {
    if (error) return done(api::Failure(*error));
    done(read(*call, StoreView(items, space), throttle));
  };
}

}  // namespace stator::actors
