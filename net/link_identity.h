// Who a process of the cluster is and where it listens.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/ids.h"
#include "model/result.h"

namespace stator::net {

struct LinkAddress {
  std::string host;  // an address or a name
  uint16_t port = 0;
  bool operator==(const LinkAddress&) const = default;
};

// "host:port" or "[::1]:port", the port from 1 to 65535. The error names what is wrong.
model::Result<LinkAddress, std::string> parse_link_address(std::string_view text);
// The other way round.
std::string to_string(const LinkAddress& address);

// Sent at the begin of each connection, in both directions.
struct LinkIdentity {
  std::array<uint8_t, 16>
      cluster_id{};    // zeros: belongs to none yet (joining, waiting, or an operator's tool)
  model::NodeId node;  // 0: an operator's tool, may only send requests
  std::array<uint8_t, 16> incarnation{};  // of its data folder
  uint64_t boot_epoch = 0;                // random, new with every start
  uint32_t formats_min = 1;               // the formats that it reads, from
  uint32_t formats_max = 1;               // and to
  uint32_t active_version = 1;            // the format that it writes
  std::string version;                    // of the binary
  std::string zone;
  std::string link_address;  // where others reach it
  std::string client_address;
  std::string admin_address;
  uint64_t wall_clock_micros = 0;  // at the handshake; the link fills it in
  bool operator==(const LinkIdentity&) const = default;
};

struct LinkPeer {
  model::NodeId node;
  LinkAddress address;
  bool operator==(const LinkPeer&) const = default;
};

}  // namespace stator::net
