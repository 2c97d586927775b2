// The link as others see it: what is told at once is answered by the mailbox, all else is done on the link's
// thread.
#include "net/link.h"

#include "model/assert.h"
#include "net/link_core.h"

namespace stator::net {

class Link::Impl {
 public:
  Impl(const LinkOptions& options, LinkIdentity identity, LinkHandler& handler)
      : core(options, std::move(identity), handler) {}
  LinkCore core;
};

Link::Link(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Link::~Link() { stop(); }

model::Result<std::unique_ptr<Link>, ListenError> Link::start(LinkOptions options, LinkIdentity identity,
                                                              LinkHandler& handler) {
  auto impl = std::make_unique<Impl>(options, std::move(identity), handler);
  if (options.listen) {
    if (auto listening = impl->core.listen(options); !listening)
      return model::Failure(std::move(listening).error());
  }
  impl->core.run();
  return std::unique_ptr<Link>(new Link(std::move(impl)));
}

uint16_t Link::port() const { return impl_->core.port(); }
const LinkStats& Link::stats() const { return impl_->core.stats(); }
void Link::stop() { impl_->core.stop(); }

void Link::post(UniqueFunction<void()> f) {
  QueuedTask task([f = std::move(f)](bool alive) mutable {
    if (alive) f();
  });
  impl_->core.mailbox().run(task);
}

void Link::set_identity(LinkIdentity identity) {
  post([core = &impl_->core, identity = std::move(identity)] { core->set_identity(identity); });
}

void Link::set_peers(std::vector<LinkPeer> peers) {
  post([core = &impl_->core, peers = std::move(peers)] { core->set_peers(peers); });
}

bool Link::send(model::NodeId to, LinkClass link_class, uint16_t kind, std::string body) {
  return impl_->core.mailbox().send(to, link_class, kind, std::move(body));
}

size_t Link::queued_bytes(model::NodeId to, LinkClass link_class) const {
  const auto session = impl_->core.mailbox().session(to);
  return session == nullptr ? 0 : session->queues[static_cast<size_t>(link_class)]->bytes();
}

bool Link::connected(model::NodeId to) const { return impl_->core.mailbox().session(to) != nullptr; }

void Link::call(model::NodeId to, uint16_t kind, std::string body, std::chrono::milliseconds timeout,
                CallDone done) {
  impl_->core.mailbox().call(to, kind, std::move(body), timeout, std::move(done));
}

void Link::call_address(const LinkAddress& to, uint16_t kind, std::string body,
                        std::chrono::milliseconds timeout, CallDone done) {
  STATOR_ASSERT(kind < kFirstLinkKind, "kinds of the link's own are not sent by others");
  auto message = std::make_unique<OutMessage>();
  message->kind = kind;
  message->body = std::move(body);
  message->deadline = std::chrono::steady_clock::now() + timeout;
  QueuedTask task(
      [core = &impl_->core, to, message = std::move(message), done = std::move(done)](bool alive) mutable {
        if (alive) return core->call_address(to, std::move(message), std::move(done));
        done(model::Failure(CallError{CallError::Kind::kNotConnected, "the link has stopped"}));
      });
  if (!impl_->core.mailbox().run(task)) task(false);
}

}  // namespace stator::net
