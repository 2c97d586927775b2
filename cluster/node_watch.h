// NodeWatch: what a node sees of the others: who is connected and for how long, what they report of themselves, and whom
// nobody reaches. Pure; one thread at a time. Times are of one steady clock, in milliseconds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/cluster_state.h"
#include "model/ids.h"

namespace stator::cluster {

class NodeWatch {
 public:
  void up(model::NodeId peer, int64_t now) { peers_[peer] = {now, false, {}}; }
  void lost(model::NodeId peer) { peers_.erase(peer); }
  // Its last complete report; of one that is not up it is passed over.
  void reported(model::NodeId peer, bool clock_astray, std::vector<model::NodeId> reaches);
  // Which of the nodes of `state` nobody reaches, as far as is known here: not this node, nor one that it is connected with
  // and that says so. Now and then: silence counts from the first look that finds it.
  void look(const ClusterState& state, model::NodeId self, int64_t now);

  bool is_up(model::NodeId peer) const { return peers_.contains(peer); }
  // For how long it has been up; 0 where it is not.
  int64_t up_for(model::NodeId peer, int64_t now) const;
  // For how long nobody has reached it; 0 where somebody does.
  int64_t silent_for(model::NodeId node, int64_t now) const;
  bool clock_astray(model::NodeId peer) const;
  // Up, and its clock is right as far as it says.
  bool may_lead(model::NodeId peer) const { return is_up(peer) && !clock_astray(peer); }

 private:
  struct Peer {
    int64_t since = 0;
    bool clock_astray = false;
    std::vector<model::NodeId> reaches;
  };
  std::map<model::NodeId, Peer> peers_;  // that are up
  std::map<model::NodeId, int64_t> silent_since_;
};

}  // namespace stator::cluster
