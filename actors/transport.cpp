// Bundles out, bundles in.
#include "actors/transport.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

#include "cluster/request_wire.h"
#include "net/link_burst.h"

namespace stator::actors {
namespace {

net::LinkClass class_of(cluster::RaftTraffic traffic) {
  switch (traffic) {
    case cluster::RaftTraffic::kControl:
      return net::LinkClass::kControl;
    case cluster::RaftTraffic::kData:
      return net::LinkClass::kData;
    case cluster::RaftTraffic::kBulk:
      break;
  }
  return net::LinkClass::kBulk;
}

}  // namespace

// Data goes out now, on the caller's thread. The rest is not worth a frame for each group: all that ticks at once shares
// one, sent by the link's thread.
void Transport::send(model::PartitionId partition, uint32_t range_epoch,
                     std::vector<raft::Message> messages) {
  std::shared_ptr<const ReplicaNodes> nodes = nodes_.load();
  net::Link* link = link_.load(std::memory_order_acquire);
  if (!nodes || !link) return;
  Outbox now, later;
  for (raft::Message& message : messages) {
    auto it = nodes->find(message.to);
    const model::NodeId node = it != nodes->end() ? it->second : heard_from(message.to);
    if (!node) continue;  // not known here yet, or no more
    Route route{node, cluster::traffic_of(message)};
    Outbox& outbox = route.second == cluster::RaftTraffic::kData ? now : later;
    outbox[route].push_back({partition, range_epoch, std::move(message)});
  }
  if (!now.empty()) {
    net::LinkBurst burst;  // before the rest of the caller's turn, whatever that gathers
    net::LinkBurst::Use use(burst);
    send(*link, std::move(now));
  }
  if (later.empty()) return;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    for (auto& [route, waiting] : later) std::move(waiting.begin(), waiting.end(), std::back_inserter(outbox_[route]));
    wake = !std::exchange(flushing_, true);
  }
  if (wake) link->post([this] { flush(); });
}

// A replica that group 0, as it is here, does not name: this node is behind, and what it misses may come from just
// that replica, which has to hear that it came.
void Transport::remember(model::ReplicaId replica, model::NodeId node) {
  std::lock_guard lock(mutex_);
  if (strangers_.size() >= kStrangersMax) strangers_.clear();  // told again with its next message
  strangers_[replica] = node;
}

model::NodeId Transport::heard_from(model::ReplicaId replica) {
  std::lock_guard lock(mutex_);
  auto it = strangers_.find(replica);
  return it == strangers_.end() ? model::NodeId{} : it->second;
}

// The link's thread.
void Transport::flush() {
  Outbox outbox;
  {
    std::lock_guard lock(mutex_);
    outbox.swap(outbox_);
    flushing_ = false;
  }
  net::Link* link = link_.load(std::memory_order_acquire);
  if (link && !outbox.empty()) send(*link, std::move(outbox));
}

void Transport::send(net::Link& link, Outbox outbox) {
  for (auto& [route, messages] : outbox) {
    size_t from = 0;
    while (from < messages.size()) {
      size_t to = from, bytes = 0;
      while (to < messages.size() && (to == from || bytes < kBundleBytes))
        bytes += cluster::approximate_bytes(messages[to++]);
      std::span<const cluster::GroupMessage> bundle(messages.data() + from, to - from);
      bool sent = link.send(route.first, class_of(route.second), static_cast<uint16_t>(cluster::FrameKind::kRaft),
                            cluster::encode_raft_messages(bundle));
      if (!sent) break;  // not connected, or its queue is full
      from = to;
    }
  }
}

void Transport::receive(model::NodeId from, const std::string& body) {
  auto messages = cluster::decode_raft_messages(body);
  if (!messages.ok()) {
    spdlog::warn("a bundle of node {} cannot be read", from.value);
    return;
  }
  std::shared_ptr<const Mailboxes> mailboxes = mailboxes_.load();
  if (!mailboxes) return;
  std::shared_ptr<const ReplicaNodes> nodes = nodes_.load();
  std::vector<ReplicaMailbox*> sleeping;
  for (cluster::GroupMessage& message : *messages) {
    auto it = mailboxes->find(message.partition);
    if (it == mailboxes->end()) continue;
    if (nodes && !nodes->contains(message.message.from)) remember(message.message.from, from);
    if (it->second->push_quietly(Step{std::move(message.message)})) sleeping.push_back(it->second.get());
  }
  for (ReplicaMailbox* mailbox : sleeping) mailbox->wake();
}

}  // namespace stator::actors
