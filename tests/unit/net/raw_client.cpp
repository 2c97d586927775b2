// Blocking sockets with a time-out.
#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <thread>
#include <utility>

namespace stator::net {
namespace {

constexpr int kTimeoutSeconds = 10;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

RawClient::RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval timeout{kTimeoutSeconds, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

RawClient::~RawClient() { close(); }
RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::reset() {
  const linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  char buffer[64 * 1024];
  const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  read_.append(buffer, static_cast<size_t>(got));
  return true;
}

std::optional<RawResponse> RawClient::read_response(bool head_only) {
  size_t end;
  while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawResponse out;
  out.head = read_.substr(0, end + 4);
  read_.erase(0, end + 4);
  if (out.head.size() < 12 || !out.head.starts_with("HTTP/1.1 ")) return std::nullopt;
  out.status = std::stoi(out.head.substr(9, 3));
  for (size_t line = out.head.find("\r\n") + 2; line + 2 < out.head.size();) {
    const size_t line_end = out.head.find("\r\n", line);
    const std::string text = out.head.substr(line, line_end - line);
    const size_t colon = text.find(": ");
    if (colon != std::string::npos) out.headers[lower(text.substr(0, colon))] = text.substr(colon + 2);
    line = line_end + 2;
  }
  if (out.status == 100 || head_only) return out;
  const size_t length =
      out.headers.contains("content-length") ? std::stoul(out.headers["content-length"]) : 0;
  while (read_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  out.body = read_.substr(0, length);
  read_.erase(0, length);
  return out;
}

bool RawClient::closed_by_server() {
  if (!read_.empty()) return false;
  char byte;
  const ssize_t got = ::recv(socket_, &byte, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

std::string http_request(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers) {
  std::string out;
  out.append(method)
      .append(" ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: localhost:8000\r\n")
      .append(headers);
  if (!body.empty()) out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append("\r\n").append(body);
  return out;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kTimeoutSeconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace stator::net
