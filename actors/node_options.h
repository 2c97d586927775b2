// NodeOptions: what a node (node.h) is started with: where its data lies, its bounds, and its place in a cluster of several.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/disk_guard.h"
#include "cluster/log_entry.h"
#include "model/ids.h"
#include "model/limits.h"
#include "net/link_identity.h"
#include "storage/env.h"

namespace stator::actors {

// A node of a cluster of several.
struct ClusterOptions {
  model::NodeId node;  // none: as its folder says, or, where that is new, as the cluster says that takes it in
  std::string zone;
  net::LinkAddress listen;             // the port is not 0: the others keep it
  std::vector<net::LinkAddress> join;  // others' links: whom to ask where this node's folder is new
  std::string client_address;          // URLs, for people and tools
  std::string admin_address;
  std::string version;
  // Seconds that a node is not heard before its replicas are made anew elsewhere; 0: never.
  uint32_t replace_dead_after_s = 300;
};

struct NodeOptions {
  std::string data_dir = "stator-data";
  bool in_memory = false;  // nothing is written to disk, and everything goes with the process
  storage::FileSystem* files =
      nullptr;  // instead of the disk or the memory: tests that make it fail. Outlives the node
  uint32_t partitions_per_table = 0;  // 0: one in a cluster of one, else a leader for each node, up to 4
  uint64_t disk_reserve_bytes = kDiskReserveBytes;  // writes are refused while less is free (disk_guard.h)
  bool throttling = false;  // tables that do not say it themselves are throttled (throttle.h)
  uint64_t collection_bytes_max = model::kItemCollectionSizeMax;  // of an item collection; lower in tests
  uint32_t formats_max = cluster::kLogFormatVersion;  // a test may pretend to read a newer one
  size_t reader_threads = 2;
  size_t actor_threads = 1;
  std::optional<ClusterOptions> cluster = std::nullopt;  // nothing: a cluster of one
  // A write or a sync failed: what the store holds is not known any more, and it is not written again before a restart
  // (storage/engine.h). On any thread, and perhaps twice. In a cluster of several the process should end: others then take
  // over what it leads, at once.
  std::function<void()> store_failed = nullptr;
};

}  // namespace stator::actors
