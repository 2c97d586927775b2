// Mailbox: an actor's inbox and the handle that wakes it, shared by all who call back: they may outlive the
// actor. What is pushed after the actor is gone is refused at once: calls are answered, completions dropped.
// Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/inbox.h"
#include "actors/protocol.h"

namespace stator::actors {

// `Refuse` answers an input that comes too late.
template <class Input, class Actor>
class Mailbox {
 public:
  using Refuse = void (*)(Input&&);
  explicit Mailbox(Refuse refuse) : refuse_(refuse) {}

  void push(Input input) {
    if (push_quietly(std::move(input))) wake();
  }
  // True where wake() must follow, soon: the actor sleeps and nobody else will wake it.
  [[nodiscard]] bool push_quietly(Input input) {
    switch (inbox_.push(input)) {
      case Inbox<Input>::Push::kQueued:
        return false;
      case Inbox<Input>::Push::kWake:
        return true;
      case Inbox<Input>::Push::kClosed:
        refuse_(std::move(input));
    }
    return false;
  }
  void wake() {
    std::lock_guard lock(mutex_);
    if (actor_) caf::anon_send(*actor_, DrainAtom::value);
  }
  void take(std::vector<Input>& taken) { inbox_.take(taken); }

  // The actor is there: from now on pushes wake it, and what waits already does.
  void attach(Actor actor) {
    {
      std::lock_guard lock(mutex_);
      actor_ = std::move(actor);
    }
    wake();
  }
  // Ends the actor. What waits, and what comes later, is refused. Safe to call twice, and by the actor
  // itself.
  void close() {
    for (Input& input : inbox_.close()) refuse_(std::move(input));
    std::lock_guard lock(mutex_);
    if (actor_) caf::anon_send_exit(*actor_, caf::exit_reason::user_shutdown);
    actor_.reset();
  }

 private:
  const Refuse refuse_;
  Inbox<Input> inbox_;
  std::mutex mutex_;
  std::optional<Actor> actor_;  // by mutex_; empty before attach() and after close()
};

}  // namespace stator::actors
