// What a link has done since its start. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace stator::net {

struct LinkStats {
  using Counter = std::atomic<uint64_t>;
  // By FrameClass; heartbeats and handshakes included.
  std::array<Counter, 4> frames_in{};
  std::array<Counter, 4> frames_out{};
  std::array<Counter, 4> bytes_in{};
  std::array<Counter, 4> bytes_out{};
  Counter handshakes_refused{0};  // by us and by others
  Counter garbage_closes{0};      // connections closed since what came over them was no frame of ours
  Counter accepts_refused{0};     // closed at once: too many connections
  Counter dials{0};
  Counter peers_up{0};    // times that a peer came up
  Counter peers_lost{0};  // and was lost
  Counter expired_requests{0};
};

}  // namespace stator::net
