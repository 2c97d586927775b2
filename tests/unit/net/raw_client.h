// A client that sends exactly the bytes it is told and takes answers apart: for what no well-behaved client
// does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace stator::net {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string head;                            // as received
  std::string body;
};

// Every wait ends after ten seconds, as a failure.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;

  // False where the server has closed the connection.
  bool send(std::string_view bytes);
  // nullopt where the connection ends first. `head_only`: the answer to a HEAD request.
  std::optional<RawResponse> read_response(bool head_only = false);
  // True where the server closes without sending anything more.
  bool closed_by_server();
  // Sends no more; may still read.
  void half_close();
  // At once, with a reset.
  void reset();
  void close();

 private:
  bool fill();

  int socket_ = -1;
  std::string read_;
};

// "METHOD target HTTP/1.1", Host, the given header lines (each with CR LF) and the body with its length.
std::string http_request(std::string_view method, std::string_view target, std::string_view body = {},
                         std::string_view headers = {});

// Polls until it holds; false after ten seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace stator::net
