// NodeRecord: what group 0 knows of a node: who it is, where it is, what it reads. Plain values; pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/ids.h"

namespace stator::cluster {

// Random, made when a cluster is bootstrapped; all zeros: none (a cluster of one has none).
using ClusterId = std::array<uint8_t, 16>;
// Random, made with a data folder (storage/layout.h): a wiped folder has another.
using Incarnation = std::array<uint8_t, 16>;

// At most so many nodes: each has a replica of group 0, a voter while it is a member.
inline constexpr size_t kNodesMax = 63;
// At most so many past incarnations are remembered of a node; the oldest is forgotten first.
inline constexpr size_t kRetiredIncarnationsMax = 16;
// Of each text of a NodeRecord, in bytes.
inline constexpr size_t kNodeTextMax = 255;

// Stored; never reuse a number.
enum class NodePhase : uint8_t {
  kMember = 0,
  kLeaving = 1,  // decommissioned: its replicas move away, then it is taken out
  kAway = 2,     // dead for long: its replicas move away; a member again when it comes back
};

struct NodeRecord {
  model::NodeId id;
  Incarnation incarnation{};         // of the data folder that it has now
  model::ReplicaId metadata_replica;  // its replica of group 0; below kFirstReplica
  bool metadata_late = false;  // that replica was added to a group that existed: it begins with an empty log
                               // and an empty membership
  std::string zone;            // empty: not told. Replicas of a partition go to different zones
  std::string link_address;    // HOST:PORT: where other nodes, ...
  std::string client_address;  // ... clients, ...
  std::string admin_address;   // ... and operators reach it
  std::string version;         // of the binary, for people
  uint32_t formats_min = 0;    // the formats that it reads (docs/architecture.md, protocol 6)
  uint32_t formats_max = 0;
  std::vector<Incarnation> retired{};  // its incarnations before, the oldest first: they never come back
  NodePhase phase = NodePhase::kMember;
  bool operator==(const NodeRecord&) const = default;
};

}  // namespace stator::cluster
