// Dispatcher: the gateway's view of everything behind it: typed requests in, answers out, later and from any
// thread. Implemented by the actors (actors/router.h) and by tests.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/answer.h"
#include "api/error.h"
#include "api/operation.h"
#include "net/unique_function.h"

namespace stator::net {

// Requests that one thread read together and hands over together: starting them at once costs one wake-up
// instead of one each. Belongs to that thread.
class DispatchBatch {
 public:
  virtual ~DispatchBatch() = default;
  // Starts what was handed over since the last flush.
  virtual void flush() = 0;
};

struct RequestContext {
  // The same over a client's retries of one call, where client_retry_id: replicas apply it once (protocol 9).
  // Else unique.
  std::array<uint8_t, 16> request_id{};
  bool client_retry_id = false;
  std::chrono::steady_clock::time_point deadline;  // the answer is of no use later
  // Of this thread, from the same dispatcher's new_batch(): the request may start as late as its flush().
  // Null: it starts at once.
  DispatchBatch* batch = nullptr;
  // The request as it came, unpacked. Only where the dispatcher forwards().
  std::shared_ptr<const std::string> body;
};

// Called exactly once, from any thread; must not be called while holding a lock that execute() takes.
using Done = UniqueFunction<void(api::Result<api::Answer>)>;

class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  // Any thread; must not block. A Done that is dropped uncalled answers InternalServerError.
  virtual void execute(api::RequestPtr request, RequestContext context, Done done) = 0;
  // One for each thread that hands over many. Null from a dispatcher that has no use for it.
  virtual std::unique_ptr<DispatchBatch> new_batch() { return nullptr; }
  // Whether requests may go on to other nodes: then execute() is given their bodies.
  virtual bool forwards() const { return false; }
};

}  // namespace stator::net
