// What an operator asks of a running cluster, and waits for: sent to its nodes' links, one after the other, until one answers
// for all.
#pragma once

#include <string>
#include <vector>

#include "cli/launcher.h"
#include "cluster/administer_messages.h"
#include "net/link_identity.h"

namespace stator::cli {

// Returns once the cluster says that it is done (0, with its sentence on stdout) or refuses (1); tells on stderr how far it is,
// whenever that changes. Gives up (1) where nothing changes for long; what the cluster has begun goes on. 130: interrupted;
// requires block_stop_signals() before. REQUIRES: peers.
int administer(const Launcher& launcher, const std::vector<net::LinkAddress>& peers,
               const cluster::AdministerRequest& request);

}  // namespace stator::cli
