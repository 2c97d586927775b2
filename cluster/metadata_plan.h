// What a node's command (metadata_command.h) does to group 0's state. Pure.
#pragma once

#include <vector>

#include "api/error.h"
#include "cluster/cluster_state.h"
#include "cluster/metadata_command.h"
#include "cluster/placement.h"

namespace stator::cluster {

// The changes of one entry, in the order in which they are applied; none where the state is as the command
// wants it. Errors are sentences for the operator. `live` helps to choose new first leaders.
api::Result<std::vector<MetadataChange>> plan_changes(const ClusterState& state,
                                                      const MetadataCommand& command, const LiveNodes& live);

}  // namespace stator::cluster
