// The parser's callbacks, and the refusals. Beast 1.74 accepts a Content-Length list, a Content-Length said
// twice and transfer codings that it does not know (whose body it would then take for the next request):
// refused here.
#include "net/http_parser.h"

#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "model/assert.h"

namespace stator::net {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

namespace {

std::string_view text(string_view from) { return {from.data(), from.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::kGet;
    case http::verb::head:
      return Method::kHead;
    case http::verb::post:
      return Method::kPost;
    case http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

bool all_digits(string_view value) {
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
  }
  return !value.empty();
}

}  // namespace

class RequestParser::Impl final : public http::basic_parser<true> {
 public:
  Impl(const HttpLimits& limits, HttpRequest& request) : limits_(limits), request_(request) {
    header_limit(limits.head_bytes_max);
    body_limit(std::numeric_limits<uint64_t>::max());  // ours answers 413
    eager(false);
  }

  Status feed(std::string_view& bytes);

  bool head_done = false;
  bool discard = false;
  bool expects_continue = false;
  Refusal refusal = Refusal::kMalformed;

 private:
  Status refuse(Refusal why) {
    refusal = why;
    return Status::kRefused;
  }
  void fail(Refusal why, error_code& ec) {
    refusal = why;
    refused_ = true;
    ec = http::error::bad_value;  // any error stops the parser
  }
  Status refused_by(const error_code& ec);
  Status finish_head();
  void append_body(string_view bytes, error_code& ec);

  // basic_parser's callbacks.
  void on_request_impl(http::verb verb, string_view method, string_view target, int version,
                       error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code& ec) override { ec = http::error::bad_method; }
  void on_field_impl(http::field field, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override { ec = {}; }
  void on_body_init_impl(boost::optional<uint64_t> const&, error_code& ec) override { ec = {}; }
  size_t on_body_impl(string_view bytes, error_code& ec) override {
    append_body(bytes, ec);
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t size, string_view, error_code& ec) override;
  size_t on_chunk_body_impl(uint64_t, string_view bytes, error_code& ec) override {
    append_body(bytes, ec);
    return bytes.size();
  }
  void on_finish_impl(error_code& ec) override { ec = {}; }

  const HttpLimits& limits_;
  HttpRequest& request_;
  int version_ = 0;  // 10 or 11
  uint64_t body_bytes_ = 0;
  size_t head_bytes_ = 0;
  uint32_t fields_ = 0;  // trailers too
  uint32_t hosts_ = 0;
  uint32_t lengths_ = 0;
  uint32_t codings_ = 0;
  bool refused_ = false;  // by one of our callbacks
};

RequestParser::Status RequestParser::Impl::feed(std::string_view& bytes) {
  while (!is_done() && !bytes.empty()) {
    error_code ec;
    const size_t used = put({bytes.data(), bytes.size()}, ec);
    bytes.remove_prefix(used);
    if (!head_done) {
      head_bytes_ += used;
      if (head_bytes_ > limits_.head_bytes_max) return refuse(Refusal::kHeadTooLarge);
    }
    if (ec == http::error::need_more) {
      if (!head_done && head_bytes_ + bytes.size() > limits_.head_bytes_max)
        return refuse(Refusal::kHeadTooLarge);
      return Status::kNeedMore;
    }
    if (ec) return refused_by(ec);
    if (!head_done && is_header_done()) return finish_head();
  }
  return is_done() ? Status::kDone : Status::kNeedMore;
}

RequestParser::Status RequestParser::Impl::refused_by(const error_code& ec) {
  if (refused_) return Status::kRefused;
  if (ec == http::error::header_limit) return refuse(Refusal::kHeadTooLarge);
  if (ec == http::error::bad_version) return refuse(Refusal::kVersion);
  return refuse(Refusal::kMalformed);
}

RequestParser::Status RequestParser::Impl::finish_head() {
  head_done = true;
  // RFC 9112 3.2: exactly one Host since HTTP/1.1.
  if (version_ >= 11 && hosts_ != 1) return refuse(Refusal::kMalformed);
  if (codings_ > 0 && (version_ < 11 || lengths_ > 0)) return refuse(Refusal::kMalformed);
  request_.keep_alive = keep_alive();
  const auto length = content_length();
  if (length && *length > limits_.body_bytes_max) return refuse(Refusal::kBodyTooLarge);
  return Status::kHead;
}

void RequestParser::Impl::on_request_impl(http::verb verb, string_view, string_view target, int http_version,
                                          error_code& ec) {
  ec = {};
  version_ = http_version;
  request_.method = method_of(verb);
  request_.set_target(text(target));
}

void RequestParser::Impl::on_field_impl(http::field field, string_view name, string_view value,
                                        error_code& ec) {
  ec = {};
  if (++fields_ > limits_.header_count_max) return fail(Refusal::kHeadTooLarge, ec);
  if (head_done) return;  // a trailer: nothing that it says may change the request
  bool sound = true;
  switch (field) {
    case http::field::host:
      sound = ++hosts_ == 1;
      break;
    case http::field::content_length:
      sound = ++lengths_ == 1 && codings_ == 0 && all_digits(value);
      break;
    case http::field::transfer_encoding:
      sound = ++codings_ == 1 && lengths_ == 0;
      if (sound && !equals_ignoring_case(text(value), "chunked")) return fail(Refusal::kNotImplemented, ec);
      break;
    case http::field::expect:
      expects_continue = equals_ignoring_case(text(value), "100-continue");
      break;
    default:
      break;
  }
  if (!sound) return fail(Refusal::kMalformed, ec);
  request_.add_header(text(name), text(value));
}

void RequestParser::Impl::on_chunk_header_impl(uint64_t size, string_view, error_code& ec) {
  ec = {};
  if (size > limits_.body_bytes_max - body_bytes_) fail(Refusal::kBodyTooLarge, ec);
}

void RequestParser::Impl::append_body(string_view bytes, error_code& ec) {
  ec = {};
  if (bytes.size() > limits_.body_bytes_max - body_bytes_) return fail(Refusal::kBodyTooLarge, ec);
  if (!discard) {
    // Room for all of it at once: untouched pages cost nothing, and a large body is not copied as it grows.
    if (body_bytes_ == 0 && content_length()) request_.body.reserve(*content_length());
    request_.body.append(bytes.data(), bytes.size());
  }
  body_bytes_ += bytes.size();
}

RequestParser::RequestParser(const HttpLimits& limits) : limits_(limits) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin(HttpRequest& into) {
  if (impl_ == nullptr) {
    impl_ = std::make_unique<Impl>(limits_, into);
    return;
  }
  std::destroy_at(impl_.get());  // in its place: a request costs no allocation here
  std::construct_at(impl_.get(), limits_, into);
}

RequestParser::Status RequestParser::feed(std::string_view& bytes) {
  STATOR_ASSERT(impl_ != nullptr, "begin() comes first");
  return impl_->feed(bytes);
}

std::optional<uint64_t> RequestParser::content_length() const {
  const auto length = impl_->content_length();
  return length ? std::optional<uint64_t>(*length) : std::nullopt;
}
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
void RequestParser::discard_body() { impl_->discard = true; }
bool RequestParser::in_head() const { return !impl_->head_done; }
Refusal RequestParser::refusal() const { return impl_->refusal; }

}  // namespace stator::net
