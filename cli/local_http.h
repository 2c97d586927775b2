// HTTP to a server on this machine: one connection, blocking, with a deadline for each step. For tools that talk to our own
// servers, not for strangers. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/result.h"

namespace stator::cli {

struct LocalAnswer {
  int status = 0;
  std::string body;
  bool ended = false;  // by the end of the connection, since it says no length
};

class LocalConnection {
 public:
  using Clock = std::chrono::steady_clock;

  LocalConnection() = default;
  ~LocalConnection() { close(); }
  LocalConnection(const LocalConnection&) = delete;
  LocalConnection& operator=(const LocalConnection&) = delete;

  bool is_open() const { return socket_ >= 0; }
  void close();
  // False, with errno: nobody listens, or not in time.
  bool open(uint16_t port, Clock::time_point deadline);
  // False, with errno. Requires an open connection, as the next.
  bool send(std::string_view bytes, Clock::time_point deadline);
  // Of at most `bytes_max`, head included. The error says what is wrong with it.
  model::Result<LocalAnswer, std::string> receive(size_t bytes_max, Clock::time_point deadline);
  // The other side has closed it, or says what nobody asked for: it is of no use any more.
  bool stale() const;

 private:
  bool wait_for(short event, Clock::time_point deadline) const;

  int socket_ = -1;
};

}  // namespace stator::cli
