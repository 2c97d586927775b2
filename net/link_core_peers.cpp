// Peers. We dial three connections to each and are up once all three are; it dials three to us. Whatever
// breaks takes the rest with it, so that both ends begin anew together:
//
//            set_peers           all three up            a break, silence, a newer process
//   (none) ───────────▶ dialling ───────────▶ up ─────────────────────────────────────────┐
//                         ▲  │ failed: backoff                                            │
//                         └──┴──────────────────────────────◀─────────────────────────────┘
//
// An incomplete set of the peer's connections breaks alone: its dialler is still at it.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "model/assert.h"
#include "net/link_core.h"

namespace stator::net {
namespace {

using std::chrono::steady_clock;
using Ending = LinkConnection::Ending;

constexpr size_t kControl = static_cast<size_t>(LinkClass::kControl);

void count(LinkStats::Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

bool all_there(const std::array<std::shared_ptr<LinkConnection>, kLinkClasses>& connections) {
  return std::none_of(connections.begin(), connections.end(), [](const auto& c) { return c == nullptr; });
}

bool none_there(const std::array<std::shared_ptr<LinkConnection>, kLinkClasses>& connections) {
  return std::all_of(connections.begin(), connections.end(), [](const auto& c) { return c == nullptr; });
}

}  // namespace

LinkCore::Peer& LinkCore::peer_of(model::NodeId node) {
  Peer& peer = peers_[node];
  peer.node = node;
  return peer;
}

void LinkCore::set_identity(LinkIdentity identity) {
  const bool another = identity.cluster_id != identity_.cluster_id || identity.node != identity_.node;
  identity_ = std::move(identity);
  if (!another) return;
  const std::string why = "this process has another cluster or node id now";
  for (auto& [node, peer] : peers_) {
    lose(peer, why);
    peer.dial_at = steady_clock::now();
  }
  for (const Connection& connection : std::vector<Connection>(unknown_))
    connection->close(Ending::kClosed, why);
  for (const Connection& connection : std::set<Connection>(serving_)) {
    // Who belongs to no cluster is served as before: the request that made us another may wait for its answer there.
    if (connection->identity().cluster_id != LinkIdentity{}.cluster_id) connection->close(Ending::kClosed, why);
  }
}

void LinkCore::set_peers(const std::vector<LinkPeer>& peers) {
  const LinkTime now = steady_clock::now();
  for (auto& [node, peer] : peers_) {
    const bool stays =
        std::any_of(peers.begin(), peers.end(), [&](const LinkPeer& p) { return p.node == peer.node; });
    if (stays || !peer.address) continue;
    peer.address.reset();
    lose(peer, "it is no peer any more");
  }
  for (const LinkPeer& wanted : peers) {
    if (wanted.node == identity_.node || !wanted.node) continue;
    Peer& peer = peer_of(wanted.node);
    if (peer.address == wanted.address) continue;
    if (peer.address) lose(peer, "its address has changed");
    peer.address = wanted.address;
    peer.backoff = limits_.backoff_min;
    peer.dial_at = now;
  }
  sweep_peers(now);
}

// --- Dialling

void LinkCore::dial(Peer& peer, LinkTime now) {
  STATOR_ASSERT(none_there(peer.out), "one attempt at a time");
  const uint64_t session = next_session_++;
  for (size_t i = 0; i < kLinkClasses; ++i) {
    peer.out[i] =
        std::make_shared<LinkConnection>(*this, io_, stats_, static_cast<FrameClass>(i), peer.node, session);
    peer.out[i]->dial(*peer.address, now + limits_.connect_timeout, limits_.handshake_deadline);
  }
}

void LinkCore::dialled_up(const Connection& connection) {
  Peer& peer = peer_of(connection->expected());
  if (peer.out[static_cast<size_t>(connection->frame_class())] != connection)
    return connection->close(Ending::kClosed, "not wanted any more");
  if (connection->frame_class() == FrameClass::kControl) peer.heartbeat_at = steady_clock::now();
  if (std::all_of(peer.out.begin(), peer.out.end(), [](const auto& c) { return c != nullptr && c->up(); }))
    come_up(peer);
}

void LinkCore::come_up(Peer& peer) {
  const LinkIdentity identity = peer.out[kControl]->identity();
  for (const Connection& connection : peer.out) {
    if (connection->identity().boot_epoch == identity.boot_epoch) continue;
    close_outgoing(peer, "it was restarted meanwhile");
    return dial_later(peer, false);
  }
  if (!none_there(peer.in) && peer.in_boot_epoch != identity.boot_epoch)
    close_incoming(peer, "it was restarted meanwhile");
  auto session = std::make_shared<LinkSession>(peer.node, same_cluster(identity_, identity), limits_);
  session->connections = peer.out;
  for (size_t i = 0; i < kLinkClasses; ++i) peer.out[i]->set_gauge(session->queues[i]);
  peer.session = session;
  peer.up_boot_epoch = identity.boot_epoch;
  peer.backoff = limits_.backoff_min;
  count(stats_.peers_up);
  spdlog::info("link: node {} at {} is connected", peer.node.value, to_string(*peer.address));
  mailbox_->set_session(std::move(session));
  handler_.peer_up(identity);
}

void LinkCore::dialled_closed(const Connection& connection) {
  const auto found = peers_.find(connection->expected());
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (peer.out[static_cast<size_t>(connection->frame_class())] != connection) return;
  const std::string why = connection->why_closed();
  if (peer.session != nullptr) return lose(peer, why);
  const bool refused =
      connection->ending() == Ending::kRefusedByUs || connection->ending() == Ending::kRefusedByPeer;
  uint64_t held_back = 0;
  if (peer.failures.allows(why, steady_clock::now(), held_back)) {
    const char* what = connection->ending() == Ending::kRefusedByUs ? "is refused by us"
                       : refused                                    ? "refused"
                                                                    : "cannot be reached";
    spdlog::log(refused ? spdlog::level::warn : spdlog::level::info, "link: node {} at {} {}: {}",
                peer.node.value, connection->where(), what, why);
  }
  close_outgoing(peer, why);
  dial_later(peer, refused);
}

void LinkCore::dial_later(Peer& peer, bool refused) {
  peer.backoff =
      refused ? limits_.backoff_max : std::clamp(peer.backoff, limits_.backoff_min, limits_.backoff_max);
  std::uniform_int_distribution<int64_t> jitter(peer.backoff.count() / 2, peer.backoff.count());
  peer.dial_at = steady_clock::now() + std::chrono::milliseconds(jitter(random_));
  peer.backoff = std::min(peer.backoff * 2, limits_.backoff_max);
}

// --- Connections that the peer dialled

void LinkCore::attach_incoming(const Connection& connection) {
  Peer& peer = peer_of(connection->identity().node);
  const uint64_t boot_epoch = connection->identity().boot_epoch;
  const bool restarted = peer.session != nullptr && peer.up_boot_epoch != boot_epoch;
  const bool newer = peer.in_boot_epoch != boot_epoch || peer.in_session != connection->session();
  if (restarted || (newer && peer.in_complete)) {
    lose(peer, restarted ? "it was restarted" : "it began anew");
  } else if (newer) {
    close_incoming(peer, "it began anew");
  }
  if (newer) {
    peer.in_boot_epoch = boot_epoch;
    peer.in_session = connection->session();
    peer.in_since = steady_clock::now();
  }
  Connection& place = peer.in[static_cast<size_t>(connection->frame_class())];
  STATOR_ASSERT(place == nullptr, "a second connection of a class was refused by the handshake");
  place = connection;
  peer.in_complete = all_there(peer.in);
  // It is alive: no reason to wait any longer.
  if (peer.in_complete && peer.address && none_there(peer.out)) peer.dial_at = steady_clock::now();
}

void LinkCore::incoming_closed(const Connection& connection) {
  const auto found = peers_.find(connection->identity().node);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  const auto place = std::find(peer.in.begin(), peer.in.end(), connection);
  if (place == peer.in.end()) return;
  if (peer.in_complete) return lose(peer, connection->why_closed());
  close_incoming(peer, connection->why_closed());
}

// --- Losing

void LinkCore::close_outgoing(Peer& peer, const std::string& why) {
  // Detached first, so that their ends concern nobody any more.
  for (const Connection& connection : std::exchange(peer.out, {})) {
    if (connection != nullptr) connection->close(Ending::kClosed, why);
  }
}

void LinkCore::close_incoming(Peer& peer, const std::string& why) {
  peer.in_complete = false;
  for (const Connection& connection : std::exchange(peer.in, {})) {
    if (connection != nullptr) connection->close(Ending::kClosed, why);
  }
}

void LinkCore::lose(Peer& peer, const std::string& why) {
  const std::string reason = why;  // may belong to what is closed now
  const std::shared_ptr<LinkSession> session = std::exchange(peer.session, nullptr);
  close_outgoing(peer, reason);
  close_incoming(peer, reason);
  if (session == nullptr) return;
  mailbox_->end_session(peer.node);
  dial_later(peer, false);
  count(stats_.peers_lost);
  spdlog::warn("link: node {} is lost: {}", peer.node.value, reason);
  handler_.peer_lost(peer.node);
  fail_calls(*session, reason);
}

// --- Deadlines and heartbeats

std::optional<std::string> LinkCore::silence_of(const Peer& peer, LinkTime now) const {
  const auto silent = [&](const Connection& connection) {
    return connection != nullptr && connection->up() && now - connection->last_heard() > limits_.silence_max;
  };
  if (silent(peer.out[kControl])) return "it does not answer";
  if (silent(peer.in[kControl])) return "it is silent";
  for (const Connections* side : {&peer.out, &peer.in}) {
    for (const Connection& connection : *side) {
      const auto blocked = connection == nullptr ? std::nullopt : connection->blocked_since();
      if (blocked && now - *blocked > limits_.silence_max) return "it takes nothing";
    }
  }
  return std::nullopt;
}

void LinkCore::sweep_peers(LinkTime now) {
  for (auto& [node, peer] : peers_) {
    if (const auto silence = silence_of(peer, now)) {
      const bool was_up = peer.session != nullptr;
      lose(peer, *silence);
      if (!was_up) dial_later(peer, false);
    }
    // One at most: it closes the others.
    const auto late = std::find_if(peer.out.begin(), peer.out.end(), [&](const Connection& c) {
      return c != nullptr && !c->up() && now > c->deadline();
    });
    if (late != peer.out.end()) {
      const Connection connection = *late;
      connection->close(Ending::kBroken, connection->state() == LinkConnection::State::kConnecting
                                             ? "no connection in time"
                                             : "no handshake in time");
    }
    if (!peer.in_complete && !none_there(peer.in) && now - peer.in_since > limits_.handshake_deadline)
      close_incoming(peer, "its other connections did not come");
    if (peer.address && none_there(peer.out) && now >= peer.dial_at) dial(peer, now);
    if (peer.out[kControl] != nullptr && peer.out[kControl]->up() && now >= peer.heartbeat_at) {
      peer.out[kControl]->send_heartbeat(mailbox_->next_correlation());
      peer.heartbeat_at = now + limits_.heartbeat_interval;
    }
  }
  std::erase_if(peers_, [](const auto& entry) {
    const Peer& peer = entry.second;
    return !peer.address && none_there(peer.out) && none_there(peer.in);
  });
}

}  // namespace stator::net
