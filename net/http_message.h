// HttpRequest and HttpResponse: one request as it was read, one answer as it will be written. Plain values
// that own their bytes; nothing here knows a socket. A request's buffers are used again for the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stator::net {

enum class Method : uint8_t { kGet, kHead, kPost, kOptions, kOther };

class HttpRequest {
 public:
  Method method = Method::kOther;
  bool keep_alive = false;  // the client would go on using the connection
  std::string body;         // chunks joined; still encoded as Content-Encoding says

  // The request target as sent: "/", "/metrics?x=1". Views are valid until the request changes or goes.
  std::string_view target() const { return std::string_view(text_).substr(0, target_bytes_); }
  // The first header of that name, in any case; nullopt where there is none.
  std::optional<std::string_view> header(std::string_view name) const;
  size_t header_count() const { return fields_.size(); }
  size_t head_bytes() const { return text_.size(); }

  // What the parser calls, in this order.
  void set_target(std::string_view target);
  void add_header(std::string_view name, std::string_view value);
  // Empty, with the memory of a usual request kept.
  void clear();

 private:
  struct Field {
    uint32_t name_at;  // the value follows the name
    uint32_t name_bytes;
    uint32_t value_bytes;
  };
  std::string text_;  // the target, then names and values
  uint32_t target_bytes_ = 0;
  std::vector<Field> fields_;
};

struct HttpResponse {
  uint16_t status = 200;
  std::string_view content_type;  // static text; empty: no such header
  std::string headers;            // more header lines, each ended by CR LF; add_header() makes them
  std::string body;
  bool close = false;  // ends the connection after this answer

  // Control bytes in the value are dropped, so that an echoed value cannot make a header of its own.
  void add_header(std::string_view name, std::string_view value);
};

// Appends status line and headers up to the empty line. `date`: IMF-fixdate text. The body's length is said,
// whether or not a body follows (HEAD).
void append_head(std::string& out, const HttpResponse& response, std::string_view date, bool keep_alive);

// "Sat, 21 Nov 2026 10:48:14 GMT"
std::string http_date(int64_t seconds_since_1970);

// ASCII only, as header names and tokens are.
bool equals_ignoring_case(std::string_view a, std::string_view b);
// Whether a comma-separated list such as Accept-Encoding allows `token`: named (or covered by "*") with a q
// above 0.
bool accepts_token(std::string_view list, std::string_view token);

}  // namespace stator::net
