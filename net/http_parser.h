// RequestParser: bytes to an HttpRequest, by Beast's parser, with the checks that it leaves to us: sizes and
// counts, and everything that two readers of the same bytes could disagree on (request smuggling). One a
// connection; its io thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http_server.h"

namespace stator::net {

class RequestParser {
 public:
  enum class Status : uint8_t {
    kNeedMore,  // all that could be used is consumed; the rest must be given again, with more behind it
    kHead,      // the head is complete: said once a request, before any of its body is read
    kDone,      // the request is complete
    kRefused,   // refusal() says why; the connection's further bytes mean nothing
  };

  // `limits` must outlive the parser.
  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  // Begins a request; what is read goes to `into`, which must be empty and live until the next begin() or
  // done.
  void begin(HttpRequest& into);
  // Takes bytes off the front of `bytes`.
  Status feed(std::string_view& bytes);

  // After kHead.
  std::optional<uint64_t> content_length() const;
  bool expects_continue() const;
  // From now on the body is counted and thrown away.
  void discard_body();

  bool in_head() const;
  Refusal refusal() const;

 private:
  class Impl;
  const HttpLimits& limits_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stator::net
