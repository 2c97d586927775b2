// Asks, and asks again.
#include "cli/cluster_administer.h"

#include <cstdio>

#include "cli/cluster_commands.h"
#include "cli/link_init_transport.h"
#include "model/assert.h"

namespace stator::cli {
namespace {

using Clock = std::chrono::steady_clock;
using State = cluster::AdministerState;

constexpr auto kCallTimeout = std::chrono::milliseconds(3'000);
constexpr auto kAskAgain = std::chrono::milliseconds(200);
constexpr auto kPatienceToBegin = std::chrono::seconds(30);
constexpr auto kPatienceUnderWay = std::chrono::minutes(30);  // without a replica that has moved

}  // namespace

int administer(const Launcher& launcher, const std::vector<net::LinkAddress>& peers,
               const cluster::AdministerRequest& request) {
  STATOR_ASSERT(!peers.empty(), "somebody has to be asked");
  auto transport = LinkInitTransport::start(kCallTimeout, launcher.version);
  if (!transport) return fail(transport.error());
  std::string told;
  bool begun = false;
  auto progress = Clock::now();
  for (size_t turn = 0;;) {
    const net::LinkAddress& peer = peers[turn % peers.size()];
    auto reply = (*transport)->administer(peer, request);
    std::string text = reply ? reply->text : net::to_string(peer) + " does not answer: " + reply.error();
    const State state = reply ? reply->state : State::kAgain;
    if (state == State::kRefused) return fail(text);
    if (state == State::kDone) {
      std::printf("%s\n", text.c_str());
      return 0;
    }
    begun |= state == State::kUnderWay;
    if (state == State::kAgain) ++turn;
    if (text != told && (state == State::kUnderWay || !begun)) {
      say(text);
      told = text;
      if (state == State::kUnderWay) progress = Clock::now();
    }
    if (Clock::now() - progress > (begun ? Clock::duration(kPatienceUnderWay) : Clock::duration(kPatienceToBegin)))
      return fail(begun ? "no progress for long, last: " + text + "; it goes on by itself" : text);
    if (stop_signal_came(kAskAgain)) {
      say(begun ? "interrupted: it goes on by itself; the same command shows how far it is" : "interrupted");
      return kInterrupted;
    }
  }
}

}  // namespace stator::cli
