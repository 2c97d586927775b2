// Leaders: which node leads each partition and serves, as far as the leaders' reports and this node's own replicas say. Not
// replicated and never trusted: a node that is asked and does not lead says so. Pure; one thread at a time.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "cluster/request_wire.h"
#include "model/ids.h"
#include "model/index_counts.h"
#include "raft/entry.h"

namespace stator::cluster {

class Leaders {
 public:
  struct Leader {
    model::NodeId node;  // none: nobody serves
    raft::Term term = 0;
    model::PartitionTotals totals;
    raft::Membership members;  // committed, as it said last
    bool whole = false;        // they are as wished, and none lags far behind
  };

  // What `node` says of one partition; of an older term it says nothing. True where another node serves now, or none.
  bool report(model::NodeId node, const Report::Leadership& leadership);
  // What `node` says of all partitions: those that a complete report leaves out are not served there. The partitions
  // for which report() would return true.
  std::vector<model::PartitionId> report(model::NodeId node, const Report& report);
  // The connection to `node` is lost: nothing that it served can be asked there. The partitions.
  std::vector<model::PartitionId> lost(model::NodeId node);
  // The partition is gone.
  void forget(model::PartitionId partition) { leaders_.erase(partition); }

  // None where nobody is known to serve.
  model::NodeId find(model::PartitionId partition) const;
  const Leader* details(model::PartitionId partition) const;

 private:
  std::unordered_map<model::PartitionId, Leader> leaders_;
};

}  // namespace stator::cluster
