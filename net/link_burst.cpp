// What waits in a burst, and its end.
#include "net/link_burst.h"

#include <algorithm>

#include "net/link_connection.h"
#include "net/link_mailbox.h"

namespace stator::net {

thread_local LinkBurst* LinkBurst::current_ = nullptr;

void LinkBurst::add(const std::shared_ptr<LinkMailbox>& mailbox,
                    const std::shared_ptr<LinkConnection>& connection) {
  const bool known = std::any_of(waiting_.begin(), waiting_.end(),
                                 [&](const Waiting& waiting) { return waiting.which == connection.get(); });
  if (!known) waiting_.push_back({mailbox, connection, connection.get()});
}

void LinkBurst::flush() {
  for (const Waiting& waiting : std::exchange(waiting_, {})) {
    const LinkMailbox::Visit visit(*waiting.mailbox);
    if (!visit) continue;
    if (const auto connection = waiting.connection.lock()) connection->flush();
  }
}

}  // namespace stator::net
