// Asks the nodes of a local cluster how it is.
#pragma once

#include "cli/cluster_folder.h"
#include "cli/cluster_view.h"

namespace stator::cli {

// Looks at each process, and asks those that run. Takes up to a second a node that does not answer.
ClusterView gather(const ClusterFolder& folder, const ClusterState& state);

}  // namespace stator::cli
