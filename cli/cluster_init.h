// How several nodes become one cluster: ask all who they are, then send all of them the same id and members,
// once. A pure decision over a transport; safe to repeat, also after a crash in the middle.
#pragma once

#include <string>
#include <vector>

#include "cluster/init_messages.h"
#include "model/result.h"
#include "net/link_identity.h"

namespace stator::cli {

// Talks to nodes that may not be in a cluster yet. Blocks, each call with a deadline of its own.
class InitTransport {
 public:
  virtual ~InitTransport() = default;
  // Errors: why there is no answer.
  virtual model::Result<cluster::IdentifyReply, std::string> identify(const net::LinkAddress& peer) = 0;
  virtual model::Result<cluster::BootstrapReply, std::string> bootstrap(
      const net::LinkAddress& peer, const cluster::BootstrapRequest& bootstrap) = 0;
};

struct InitOutcome {
  enum class Kind : uint8_t {
    kInitialised,  // by this attempt: at least one node was bootstrapped
    kAlready,      // all are in one cluster, or come in by themselves
    kAgain,        // not yet: somebody did not answer
    kRefused,      // another attempt would say the same
  };
  Kind kind;
  std::string text;                 // what happened or what to do, for the operator
  cluster::ClusterId cluster_id{};  // of the first two
};

// One attempt. `fresh_id`: random, used where no peer is in a cluster yet. Requires peers, each once.
//
// All peers have to answer: a node that is away may hold the data of a cluster that this one would be a
// second of. Where some are in a cluster already, those of its members that are not get the same id again;
// nodes that are no members come in by themselves (their --join). Peers of two clusters, or with one number,
// are refused.
InitOutcome attempt_init(InitTransport& transport, const std::vector<net::LinkAddress>& peers,
                         const cluster::ClusterId& fresh_id);

}  // namespace stator::cli
