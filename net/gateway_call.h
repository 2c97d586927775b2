// A call in flight, the list of them that deadlines are kept by, and the callback that ends one. Internal to
// the gateway.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "api/json.h"
#include "model/assert.h"
#include "net/gateway.h"
#include "net/gzip.h"
#include "net/request_id.h"

namespace stator::net {

// What a client is told to wait where nothing better is known: about the time in which requests in memory go.
inline constexpr uint32_t kRetryAfterMs = 100;
// Smaller answers are covered by what a request is charged for itself.
inline constexpr uint64_t kAnswerCountedBytes = 4 * 1024;

// Whether it changes nothing, so that it may be refused after it ran.
inline bool is_read(const api::Request& request) {
  const api::Operation& operation = *request.operation;
  switch (operation.owner()) {
    case api::Owner::kPage:
      return true;
    case api::Owner::kItem:
      return !static_cast<const api::ItemOperation&>(operation).writes();
    case api::Owner::kBatch: {
      const auto& parts = static_cast<const api::BatchOperation&>(operation).parts(request);
      return !parts.empty() && is_read(*parts.front());  // a batch reads or writes, never both
    }
    case api::Owner::kTables:
    case api::Owner::kStatic:
      return false;
  }
  return false;
}

// Held by its list and by its Completion. Whoever claims it first, the dispatcher's answer or the deadline,
// has the exchange; the other finds that it is too late.
struct Gateway::Call {
  // Constant once it is dispatched.
  size_t worker = 0;
  const Served* served = nullptr;
  api::RequestPtr request;
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point give_up_at;

  // The claimer's.
  Exchange exchange;
  std::optional<api::Result<api::Answer>> result;
  uint64_t answer_bytes = 0;  // charged for `result`

  // CallList's: the io thread's.
  std::shared_ptr<Call> self;  // set while in the list
  Call* before = nullptr;
  Call* after = nullptr;

  bool claim() { return !claimed.exchange(true, std::memory_order_acq_rel); }
  std::atomic<bool> claimed{false};
};

class Gateway::CallList {
 public:
  CallList() = default;
  CallList(const CallList&) = delete;
  CallList& operator=(const CallList&) = delete;
  ~CallList() {
    while (first_ != nullptr) remove(*first_);
  }

  void add(const std::shared_ptr<Call>& call) {
    STATOR_ASSERT(call->self == nullptr, "in one list at a time");
    call->self = call;
    call->before = last_;
    (last_ == nullptr ? first_ : last_->after) = call.get();
    last_ = call.get();
  }
  // Does nothing where it is not in the list. Returns the list's hold on it.
  std::shared_ptr<Call> remove(Call& call) {
    if (call.self == nullptr) return nullptr;
    (call.before == nullptr ? first_ : call.before->after) = call.after;
    (call.after == nullptr ? last_ : call.after->before) = call.before;
    call.before = call.after = nullptr;
    return std::move(call.self);
  }
  Call* front() const { return first_; }

 private:
  Call* first_ = nullptr;
  Call* last_ = nullptr;
};

// What one io thread of the gateway has for itself.
struct Gateway::Worker {
  Worker(uint64_t boot_epoch, uint64_t thread) : ids(boot_epoch, thread) {}
  std::unique_ptr<api::json::Parser> parser = std::make_unique<api::json::Parser>();
  Gzipper gzipper;
  RequestIds ids;
  CallList calls;
  std::unique_ptr<DispatchBatch> batch;  // null: the dispatcher has no use for one
};

// The Done of a call. Dropped uncalled, it answers InternalServerError.
class Gateway::Completion {
 public:
  Completion(Gateway& gateway, std::shared_ptr<Call> call) : gateway_(&gateway), call_(std::move(call)) {}
  Completion(Completion&&) noexcept = default;
  Completion& operator=(Completion&&) = delete;
  ~Completion();
  void operator()(api::Result<api::Answer> result);

 private:
  void complete(api::Result<api::Answer> result);

  Gateway* gateway_;  // touched on the io thread only, in whose time the gateway lives
  std::shared_ptr<Call> call_;
};

}  // namespace stator::net
