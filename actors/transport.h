// Transport: Raft messages between the replicas of this node and those of others, over the link. Appends and their
// acknowledgements go out from their replica's actor at once; what all replicas say to one peer when time has passed
// travels in one frame (docs/architecture.md, protocol 14). Messages may be lost; Raft repeats them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/replica_driver.h"
#include "cluster/raft_messages.h"
#include "net/link.h"

namespace stator::actors {

using Mailboxes = std::unordered_map<model::PartitionId, std::shared_ptr<ReplicaMailbox>>;
// Which node holds a replica. Replica ids are unique over all partitions and group 0.
using ReplicaNodes = std::unordered_map<model::ReplicaId, model::NodeId>;

// Replicas that are heard and not named by group 0 as it is here: at most so many are remembered.
inline constexpr size_t kStrangersMax = 256;
// Bundles are cut at this size; one message may be larger.
inline constexpr size_t kBundleBytes = 1024 * 1024;

class Transport final : public MessageSender {
 public:
  // `link` outlives this; start sending once it is there.
  void attach(net::Link& link) { link_.store(&link, std::memory_order_release); }
  // The link stops: from now on everything is lost.
  void detach() { link_.store(nullptr, std::memory_order_release); }

  // Whose messages are taken, and where messages go. Replaced as a whole. Any thread.
  void publish(std::shared_ptr<const Mailboxes> mailboxes) { mailboxes_.store(std::move(mailboxes)); }
  void publish(std::shared_ptr<const ReplicaNodes> nodes) { nodes_.store(std::move(nodes)); }

  void send(model::PartitionId partition, uint32_t range_epoch, std::vector<raft::Message> messages) override;
  // A bundle of a peer, to the mailboxes of the replicas. The link's thread.
  void receive(model::NodeId from, const std::string& body);

 private:
  using Route = std::pair<model::NodeId, cluster::RaftTraffic>;
  using Outbox = std::map<Route, std::vector<cluster::GroupMessage>>;
  void flush();
  static void send(net::Link& link, Outbox outbox);
  void remember(model::ReplicaId replica, model::NodeId node);
  model::NodeId heard_from(model::ReplicaId replica);

  std::atomic<net::Link*> link_{nullptr};
  std::atomic<std::shared_ptr<const Mailboxes>> mailboxes_;
  std::atomic<std::shared_ptr<const ReplicaNodes>> nodes_;
  std::mutex mutex_;
  Outbox outbox_;          // by mutex_
  ReplicaNodes strangers_;  // by mutex_
  bool flushing_ = false;  // by mutex_: a flush is on its way
};

}  // namespace stator::actors
