// poll() before each step, so that a server that stands still costs no more than the deadline.
#include "cli/local_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "cli/cluster_state.h"

namespace stator::cli {
namespace {

using Failed = model::Failure<std::string>;

// The number after `Content-Length:`, if the head has one. Our servers write it so.
std::optional<size_t> content_length(std::string_view head) {
  static constexpr std::string_view kName = "content-length:";
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2, kName.size());
    const bool named = line.size() == kName.size() &&
                       std::equal(line.begin(), line.end(), kName.begin(), [](char a, char b) {
                         return std::tolower(static_cast<unsigned char>(a)) == b;
                       });
    if (!named) continue;
    line = head.substr(at + 2 + kName.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    size_t length = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), length).ec == std::errc()) return length;
  }
  return std::nullopt;
}

std::optional<int> status_of(std::string_view head) {
  static constexpr std::string_view kVersion = "HTTP/1.1 ";
  int status = 0;
  if (!head.starts_with(kVersion)) return std::nullopt;
  head.remove_prefix(kVersion.size());
  if (std::from_chars(head.data(), head.data() + head.size(), status).ec != std::errc()) return std::nullopt;
  return status;
}

}  // namespace

void LocalConnection::close() {
  if (const int socket = std::exchange(socket_, -1); socket >= 0) ::close(socket);
}

bool LocalConnection::open(uint16_t port, Clock::time_point deadline) {
  close();
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return false;
  const int at_once = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, kClusterHost, &address.sin_addr);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  int error = errno;
  if (error == EINPROGRESS) {
    error = wait_for(POLLOUT, deadline) ? 0 : errno;
    socklen_t size = sizeof error;
    if (error == 0) getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return true;
  close();
  errno = error;
  return false;
}

bool LocalConnection::send(std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN || !wait_for(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

model::Result<LocalAnswer, std::string> LocalConnection::receive(size_t bytes_max, Clock::time_point deadline) {
  std::string text;
  std::array<char, 64 * 1024> piece;
  size_t body_at = std::string::npos;
  std::optional<size_t> length;
  bool ended = false;
  while (!ended && (body_at == std::string::npos || !length || text.size() < body_at + *length)) {
    const ssize_t got = recv(socket_, piece.data(), piece.size(), 0);
    if (got < 0) {
      if (errno == EAGAIN && wait_for(POLLIN, deadline)) continue;
      return Failed(std::string("gives no answer: ") + std::strerror(errno));
    }
    ended = got == 0;
    text.append(piece.data(), static_cast<size_t>(got));
    if (text.size() > bytes_max) return Failed(std::string("answers with more than is plausible"));
    if (body_at != std::string::npos) continue;
    if (const size_t end = text.find("\r\n\r\n"); end != std::string::npos) {
      body_at = end + 4;
      length = content_length(std::string_view(text).substr(0, end));
    }
  }
  const bool whole = body_at != std::string::npos && (!length || text.size() >= body_at + *length);
  const auto status = status_of(text);
  if (!whole || !status) return Failed(std::string("does not answer as a node's port does"));
  return LocalAnswer{*status, text.substr(body_at), ended};
}

bool LocalConnection::stale() const {
  pollfd waiting{socket_, POLLIN, 0};
  return poll(&waiting, 1, 0) != 0;
}

bool LocalConnection::wait_for(short event, Clock::time_point deadline) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd waiting{socket_, event, 0};
  const int ready = poll(&waiting, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
  if (ready == 0) errno = ETIMEDOUT;
  return ready > 0;
}

}  // namespace stator::cli
