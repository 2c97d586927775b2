// LinkBurst: connections with something to send that can wait for a moment: what a thread sends in one stretch of work goes
// out in one system call a connection at the end of it. Belongs to the thread that fills it. Internal to the link, but for
// the class itself, which whoever sends much at once uses:
//
//   LinkBurst burst;
//   LinkBurst::Use use(burst);   // until the end of the scope, what this thread sends waits for the burst
//   ...                          // flushed by flush(), or at its own end
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace stator::net {

class LinkConnection;
class LinkMailbox;

class LinkBurst {
 public:
  LinkBurst() = default;
  ~LinkBurst() { flush(); }
  LinkBurst(const LinkBurst&) = delete;
  LinkBurst& operator=(const LinkBurst&) = delete;

  // Sends what waits.
  void flush();

  // Bursts may be nested: the innermost counts.
  class Use {
   public:
    explicit Use(LinkBurst& burst) : before_(std::exchange(current_, &burst)) {}
    ~Use() { current_ = before_; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    LinkBurst* const before_;
  };

  // --- the link's

  // This thread's; null: it sends at once.
  static LinkBurst* current() { return current_; }
  void add(const std::shared_ptr<LinkMailbox>& mailbox, const std::shared_ptr<LinkConnection>& connection);

 private:
  struct Waiting {
    std::shared_ptr<LinkMailbox> mailbox;
    std::weak_ptr<LinkConnection> connection;  // which does not outlive its link
    const LinkConnection* which;
  };
  static thread_local LinkBurst* current_;
  std::vector<Waiting> waiting_;
};

}  // namespace stator::net
