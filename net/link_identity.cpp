// Addresses as text.
#include "net/link_identity.h"

#include <charconv>

namespace stator::net {

model::Result<LinkAddress, std::string> parse_link_address(std::string_view text) {
  const auto refuse = [&](const char* why) {
    return model::Failure("\"" + std::string(text) + "\" is no address of the form host:port: " + why);
  };
  constexpr size_t kHostBytesMax = 255;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return refuse("brackets are for IPv6 addresses");
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets");
  }
  if (host.empty()) return refuse("no host");
  if (host.size() > kHostBytesMax) return refuse("the host is too long");
  for (const char c : host) {
    if (c <= ' ' || c > '~' || c == '[' || c == ']')
      return refuse("the host has characters that no host has");
  }
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0)
    return refuse("the port is a number from 1 to 65535");
  return LinkAddress{std::string(host), number};
}

std::string to_string(const LinkAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace stator::net
