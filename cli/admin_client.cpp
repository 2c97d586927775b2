// One connection an answer: poll() before each step, so that a node that stands still costs no more than the
// timeout.
#include "cli/admin_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "cli/cluster_state.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Failed = model::Failure<std::string>;

// A connected socket, and the time by which all has to be done.
class Connection {
 public:
  explicit Connection(Clock::time_point deadline)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), deadline_(deadline) {}
  ~Connection() {
    if (socket_ >= 0) close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, kClusterHost, &address.sin_addr);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
    if (errno != EINPROGRESS || !wait_for(POLLOUT)) return false;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno != EAGAIN || !wait_for(POLLOUT)) {
        return false;
      }
    }
    return true;
  }
  // Appends what is there; 0 at the end, nothing where it failed.
  std::optional<size_t> read(std::string& out) {
    std::array<char, 64 * 1024> piece;
    while (true) {
      const ssize_t got = recv(socket_, piece.data(), piece.size(), 0);
      if (got >= 0) {
        out.append(piece.data(), static_cast<size_t>(got));
        return static_cast<size_t>(got);
      }
      if (errno != EAGAIN || !wait_for(POLLIN)) return std::nullopt;
    }
  }

 private:
  bool wait_for(short event) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd waiting{socket_, event, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (ready == 0) errno = ETIMEDOUT;
    return ready > 0;
  }

  const int socket_;
  const Clock::time_point deadline_;
};

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

model::Result<AdminAnswer, std::string> admin_get(uint16_t port, const std::string& path,
                                                  std::chrono::milliseconds timeout) {
  const std::string where = std::string(kClusterHost) + ":" + std::to_string(port);
  const auto failed = [&](const char* what) {
    return Failed(where + " " + what + ": " + std::strerror(errno));
  };
  Connection connection(Clock::now() + timeout);
  if (!connection.open(port)) return failed("cannot be reached");
  if (!connection.write("GET " + path + " HTTP/1.1\r\nHost: " + where + "\r\nConnection: close\r\n\r\n"))
    return failed("takes no request");
  std::string text;
  size_t body_at = std::string::npos;
  std::optional<size_t> length;
  while (body_at == std::string::npos || !length || text.size() < body_at + *length) {
    const auto got = connection.read(text);
    if (!got) return failed("gives no answer");
    if (text.size() > kAdminAnswerBytesMax) return Failed(where + " answers with more than is plausible");
    if (*got == 0) break;
    if (body_at != std::string::npos) continue;
    if (const size_t end = text.find("\r\n\r\n"); end != std::string::npos) {
      body_at = end + 4;
      length = content_length(std::string_view(text).substr(0, end));
    }
  }
  const bool whole = body_at != std::string::npos && (!length || text.size() >= body_at + *length);
  const auto status = status_of(text);
  if (!whole || !status) return Failed(where + " does not answer as a node's admin port does");
  return AdminAnswer{*status, text.substr(body_at)};
}

}  // namespace stator::cli
