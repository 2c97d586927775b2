// The nodes and raw connections of the link's tests.
#include "link_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "raw_client.h"

namespace stator::net {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr auto kPatience = seconds(20);
constexpr size_t kEventBytes = 40;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void be_patient(int socket) {
  const timeval patience{kPatience.count(), 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

}  // namespace

// --- CallResult

CallDone CallResult::done() {
  return [state = state_](model::Result<LinkBody, CallError> result) {
    const std::lock_guard lock(state->mutex);
    ++state->times;
    state->result.emplace(std::move(result));
    state->changed.notify_all();
  };
}

model::Result<LinkBody, CallError> CallResult::wait() {
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_for(lock, kPatience, [&] { return state_->result.has_value(); })) {
    ADD_FAILURE() << "a call has not ended";
    return model::Failure(CallError{CallError::Kind::kTimeout, "the test's patience"});
  }
  EXPECT_EQ(state_->times, 1);
  return *state_->result;
}

bool CallResult::is_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->result.has_value();
}

std::string CallResult::text() {
  static constexpr const char* kKinds[] = {"not connected", "lost", "timeout",
                                           "too large",     "full", "refused"};
  const auto result = wait();
  if (result.ok()) return "ok: " + **result;
  return std::string(kKinds[static_cast<size_t>(result.error().kind)]) + ": " + result.error().text;
}

// --- TestNode

LinkIdentity identity_of(uint64_t node) {
  static std::atomic<uint64_t> next_boot_epoch{1000};
  LinkIdentity identity;
  identity.cluster_id.fill(7);
  identity.node = model::NodeId(node);
  identity.incarnation.fill(static_cast<uint8_t>(node));
  identity.boot_epoch = next_boot_epoch++;
  identity.version = "test";
  return identity;
}

TestNode::TestNode(uint64_t node, LinkLimits limits, uint16_t port)
    : TestNode(identity_of(node), LinkOptions{"127.0.0.1", port, true, limits}) {}

TestNode::TestNode(LinkIdentity identity, LinkOptions options) : identity_(std::move(identity)) {
  auto started = Link::start(options, identity_, *this);
  if (!started.ok()) throw std::runtime_error("the link does not start: " + started.error().text);
  const std::lock_guard lock(mutex_);
  link_ = std::move(*started);
}

bool TestNode::wait(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, condition);
}
bool TestNode::wait_up(model::NodeId peer, int times) {
  return wait([&] { return ups[peer] >= times; });
}
bool TestNode::wait_lost(model::NodeId peer, int times) {
  return wait([&] { return losts[peer] >= times; });
}
bool TestNode::wait_messages(size_t count) {
  return wait([&] { return messages.size() >= count; });
}

int TestNode::times_up(model::NodeId peer) {
  const std::lock_guard lock(mutex_);
  return ups[peer];
}
int TestNode::times_lost(model::NodeId peer) {
  const std::lock_guard lock(mutex_);
  return losts[peer];
}
void TestNode::set_refuse(std::function<std::optional<std::string>(const LinkIdentity&)> refuse) {
  const std::lock_guard lock(mutex_);
  refuse_ = std::move(refuse);
}
void TestNode::set_on_message(std::function<void()> on_message) {
  const std::lock_guard lock(mutex_);
  on_message_ = std::move(on_message);
}

void TestNode::release() {
  std::vector<std::pair<std::string, Reply>> released;
  {
    const std::lock_guard lock(mutex_);
    released.swap(held);
  }
  for (auto& [body, reply] : released) reply(std::move(body));
}

std::optional<std::string> TestNode::refuse(const LinkIdentity& peer) {
  const std::lock_guard lock(mutex_);
  return refuse_ ? refuse_(peer) : std::nullopt;
}
void TestNode::peer_up(const LinkIdentity& peer) {
  const std::lock_guard lock(mutex_);
  ++ups[peer.node];
  up_identities[peer.node] = peer;
  changed_.notify_all();
}
void TestNode::peer_lost(model::NodeId peer) {
  const std::lock_guard lock(mutex_);
  ++losts[peer];
  EXPECT_GE(ups[peer], losts[peer]);
  changed_.notify_all();
}
void TestNode::peer_clock(model::NodeId peer, uint64_t wall_clock_micros) {
  const std::lock_guard lock(mutex_);
  clocks[peer].push_back(wall_clock_micros);
  changed_.notify_all();
}
void TestNode::message(const LinkIdentity& from, uint16_t kind, LinkBody body) {
  std::function<void()> then;
  {
    const std::lock_guard lock(mutex_);
    then = on_message_;
    events.push_back(std::to_string(from.node.value) + ":" + std::to_string(kind) + " " +
                     body->substr(0, kEventBytes));
    messages.push_back(*body);
    changed_.notify_all();
  }
  if (then) then();
}
void TestNode::request(const LinkIdentity& from, uint16_t kind, LinkBody body,
                       steady_clock::time_point deadline, Reply reply) {
  EXPECT_EQ(reinterpret_cast<uintptr_t>(body->data()) % 8, 0u);
  EXPECT_GT(deadline, steady_clock::now() - seconds(1));
  {
    const std::lock_guard lock(mutex_);
    ++requests;
    events.push_back(std::to_string(from.node.value) + "?" + std::to_string(kind) + " " +
                     body->substr(0, kEventBytes));
    if (kind == kHold) held.emplace_back(*body, std::move(reply));
    changed_.notify_all();
  }
  if (kind == kEcho) reply(*body);
  if (kind == kFail) reply(model::Failure("no: " + *body));
}
void TestNode::drained(model::NodeId peer, LinkClass link_class) {
  const std::lock_guard lock(mutex_);
  drains.emplace_back(peer, link_class);
  changed_.notify_all();
}

void connect(TestNode& a, TestNode& b) {
  a.link().set_peers({b.as_peer()});
  b.link().set_peers({a.as_peer()});
  ASSERT_TRUE(a.wait_up(b.id()));
  ASSERT_TRUE(b.wait_up(a.id()));
}

std::string body_of_size(size_t bytes, uint64_t seed) {
  std::string body(bytes, '\0');
  uint64_t state = seed;
  for (char& byte : body) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    byte = static_cast<char>(state >> 56);
  }
  return body;
}

bool eventually_true(const std::function<bool()>& condition) { return eventually(condition); }

// --- RawLink

RawLink::RawLink(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  be_patient(socket_);
}
RawLink::~RawLink() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawLink::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawLink::send(FrameHeader header, std::string_view body) {
  header.body_bytes = static_cast<uint32_t>(body.size());
  const FrameHeaderBytes bytes = encode_frame_header(header, body);
  return send(std::string(bytes.data(), bytes.size()) + std::string(body));
}

bool RawLink::send_hello(const LinkIdentity& identity, FrameClass frame_class, uint64_t session, uint64_t to,
                         uint16_t flags) {
  FrameHeader header;
  header.frame_class = frame_class;
  header.kind = kHello;
  header.flags = flags;
  return send(header, encode_hello({identity, model::NodeId(to), session}));
}

bool RawLink::fill() {
  char bytes[64 * 1024];
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  read_.append(bytes, static_cast<size_t>(got));
  return true;
}

std::optional<RawFrame> RawLink::read_frame() {
  while (read_.size() < kFrameHeaderBytes) {
    if (!fill()) return std::nullopt;
  }
  const auto header = decode_frame_header(std::string_view(read_).substr(0, kFrameHeaderBytes));
  EXPECT_TRUE(header.ok());
  while (read_.size() < kFrameHeaderBytes + header->body_bytes) {
    if (!fill()) return std::nullopt;
  }
  RawFrame frame{*header, read_.substr(kFrameHeaderBytes, header->body_bytes)};
  EXPECT_TRUE(frame_is_intact(std::string_view(read_).substr(0, kFrameHeaderBytes), frame.body));
  read_.erase(0, kFrameHeaderBytes + header->body_bytes);
  return frame;
}

bool RawLink::closed() {
  const auto end = steady_clock::now() + kPatience;
  while (fill()) {
  }
  return steady_clock::now() < end;
}

uint16_t shake_hands(RawLink& link, const LinkIdentity& identity, FrameClass frame_class, uint64_t session) {
  if (!link.send_hello(identity, frame_class, session)) return 0;
  const auto answer = link.read_frame();
  return answer ? answer->header.kind : uint16_t{0};
}

// --- RawListener

RawListener::RawListener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address = loopback(0);
  EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket_, 64), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  be_patient(socket_);
}
RawListener::~RawListener() { ::close(socket_); }

RawLink RawListener::accept() {
  const int accepted = ::accept(socket_, nullptr, nullptr);
  EXPECT_GE(accepted, 0) << "nobody has dialled";
  be_patient(accepted);
  return RawLink(accepted);
}

void RawListener::become_a_black_hole() {
  EXPECT_EQ(::listen(socket_, 0), 0);
  for (bool full = false; !full;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const sockaddr_in address = loopback(port_);
    static_cast<void>(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    pollfd connected{socket, POLLOUT, 0};
    full = ::poll(&connected, 1, 200) == 0;
    crowd_.emplace_back(socket);
  }
}

}  // namespace stator::net
