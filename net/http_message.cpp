// HttpRequest's storage, and how an answer's head looks.
#include "net/http_message.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace stator::net {
namespace {

// What a request keeps for the next one: heads of SDKs are about 1 KB, bodies mostly below 4 KB.
constexpr size_t kKeptHeadBytes = 8 * 1024;
constexpr size_t kKeptBodyBytes = 16 * 1024;
constexpr size_t kKeptFields = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view reason(uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void append_number(std::string& out, uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

// The weight of one list element's parameters (";q=0.5"): whether it is above 0.
bool weight_above_zero(std::string_view parameters) {
  const size_t at = parameters.find('=');
  if (at == std::string_view::npos) return true;
  const std::string_view weight = trim(parameters.substr(at + 1));
  return weight.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name_bytes != name.size()) continue;
    if (!equals_ignoring_case(std::string_view(text_).substr(field.name_at, field.name_bytes), name))
      continue;
    return std::string_view(text_).substr(field.name_at + field.name_bytes, field.value_bytes);
  }
  return std::nullopt;
}

void HttpRequest::set_target(std::string_view target) {
  text_.assign(target);
  target_bytes_ = static_cast<uint32_t>(target.size());
}

void HttpRequest::add_header(std::string_view name, std::string_view value) {
  fields_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

void HttpRequest::clear() {
  method = Method::kOther;
  keep_alive = false;
  target_bytes_ = 0;
  body.clear();
  text_.clear();
  fields_.clear();
  if (body.capacity() > kKeptBodyBytes) body.shrink_to_fit();
  if (text_.capacity() > kKeptHeadBytes) text_.shrink_to_fit();
  if (fields_.capacity() > kKeptFields) fields_.shrink_to_fit();
}

void HttpResponse::add_header(std::string_view name, std::string_view value) {
  headers.append(name).append(": ");
  for (const char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) headers.push_back(c);
  }
  headers.append("\r\n");
}

void append_head(std::string& out, const HttpResponse& response, std::string_view date, bool keep_alive) {
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, response.status);
    out.append(" ").append(reason(response.status)).append("\r\n");
  }
  out.append("Server: Stator\r\nDate: ").append(date);
  if (!response.content_type.empty()) out.append("\r\nContent-Type: ").append(response.content_type);
  out.append("\r\nContent-Length: ");
  append_number(out, response.body.size());
  out.append(keep_alive ? "\r\nConnection: keep-alive\r\n" : "\r\nConnection: close\r\n");
  out.append(response.headers);
  out.append("\r\n");
}

std::string http_date(int64_t seconds_since_1970) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t at = static_cast<std::time_t>(seconds_since_1970);
  std::tm parts{};
  gmtime_r(&at, &parts);
  char text[64];  // strftime's names follow the locale; these must not
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text, static_cast<size_t>(size));
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool accepts_token(std::string_view list, std::string_view token) {
  bool any = false;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view element = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const size_t semicolon = std::min(element.find(';'), element.size());
    const std::string_view name = trim(element.substr(0, semicolon));
    const bool allowed = weight_above_zero(element.substr(semicolon));
    if (equals_ignoring_case(name, token)) return allowed;  // named: the star does not matter
    if (name == "*") any = allowed;
  }
  return any;
}

}  // namespace stator::net
