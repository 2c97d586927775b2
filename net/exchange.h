// Exchange: one request and the right to answer it once, later, from any thread. It outlives its connection
// safely: an answer to a connection that is gone is dropped.
//
//   io thread: read ─▶ HttpHandler::handle(Exchange) ─▶ ... any thread ... ─▶ respond() ────┐ one post
//                                                                       └──▶ resume(step) ─┤ a batch
//   io thread: step, write ◀───────────────────────────────────────────────────────────────┘
#pragma once

#include <cstddef>
#include <memory>

#include "net/http_message.h"
#include "net/unique_function.h"

namespace stator::net {

struct ExchangeState;

class Exchange {
 public:
  Exchange();
  explicit Exchange(std::unique_ptr<ExchangeState> state);
  Exchange(Exchange&&) noexcept;
  Exchange& operator=(Exchange&&) noexcept;
  // An exchange that nobody answered answers 500, so that the answers behind it on its connection are not
  // held up.
  ~Exchange();

  explicit operator bool() const { return state_ != nullptr; }
  // Requires an exchange that is not answered yet, as all below do.
  HttpRequest& request();
  // Which of the server's io threads runs it, from 0.
  size_t worker() const;
  // Takes more of the server's memory budget (a body that was unpacked); false where it has no room, unless
  // this request is the only one. What is not given back before goes back with the answer.
  bool charge(uint64_t bytes);
  // For what cannot be refused any more: later requests are refused instead.
  void charge_always(uint64_t bytes);
  // Requires that so much was charged, for its body or by charge().
  void give_back(uint64_t bytes);
  // Any thread. Leaves this empty.
  void respond(HttpResponse response);
  // Any thread: `step` runs on the exchange's io thread, which is where answers are best written. Leaves this
  // empty. Where the server has stopped meanwhile, `step` is dropped unrun.
  void resume(UniqueFunction<void(Exchange)> step);

 private:
  std::unique_ptr<ExchangeState> state_;
};

}  // namespace stator::net
