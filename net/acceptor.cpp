// Resolve, bind, listen; the system's errors in our words.
#include "net/acceptor.h"

namespace stator::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

ListenError listen_error(const error_code& error) {
  ListenError out{ListenError::Kind::kOther, error.message()};
  if (error == asio::error::address_in_use) out.kind = ListenError::Kind::kAddressInUse;
  if (error == asio::error::access_denied) out.kind = ListenError::Kind::kPermission;
  if (error == boost::system::errc::address_not_available) out.kind = ListenError::Kind::kBadAddress;
  return out;
}

}  // namespace

model::Result<void, ListenError> open_acceptor(tcp::acceptor& acceptor, const std::string& host,
                                               uint16_t port) {
  error_code error;
  tcp::resolver resolver(acceptor.get_executor());
  const auto found = resolver.resolve(host, std::to_string(port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return model::Failure(ListenError{ListenError::Kind::kBadAddress, error.message()});
  }
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return model::Failure(listen_error(error));
  return {};
}

}  // namespace stator::net
