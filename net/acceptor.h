// Opening a port to listen on, for the servers of this folder.
#pragma once

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "model/result.h"
#include "net/listen_error.h"

namespace stator::net {

// Binds and listens; `port` 0: one that is free. `host` is an address, or a name, which may take a while to
// resolve.
model::Result<void, ListenError> open_acceptor(boost::asio::ip::tcp::acceptor& acceptor,
                                               const std::string& host, uint16_t port);

}  // namespace stator::net
