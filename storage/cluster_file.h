// DIR/CLUSTER: which cluster a data folder belongs to, as which node, and where the others were last reached:
// what a node needs to find its cluster again before group 0 answers. A small text file with a format and a
// checksum, replaced whole (docs/storage_format.md). A wiped folder belongs to no cluster: wipe_data_folder()
// removes the file, and so does Store::open() where it finds an empty log/; read and write it after that. Any
// thread, one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "storage/env.h"
#include "storage/error.h"

namespace stator::storage {

struct ClusterMember {
  model::NodeId node;
  model::ReplicaId metadata_replica;
  std::array<uint8_t, 16> incarnation{};
  std::string link_address;
  std::string zone;
  std::string client_address;
  std::string admin_address;
  bool operator==(const ClusterMember&) const = default;
};

struct ClusterFile {
  std::array<uint8_t, 16> cluster_id{};
  model::NodeId node;                 // this one
  model::ReplicaId metadata_replica;  // its replica of group 0
  bool late = false;                  // that replica joined a group that existed
  std::vector<ClusterMember> members;
  bool operator==(const ClusterFile&) const = default;
};

// Larger files are refused unread.
inline constexpr uint64_t kClusterFileBytesMax = 256 * 1024;

// nullopt: the folder belongs to no cluster. kFormat: written by a version that this one does not know.
// kCorruption: damaged, or edited by hand; the error says what to do.
Result<std::optional<ClusterFile>> read_cluster_file(FileSystem& files, const std::string& folder);
// Durable, and the new or the old one after a crash. Requires that the folder exists.
Result<void> write_cluster_file(FileSystem& files, const std::string& folder, const ClusterFile& cluster);
// The folder belongs to no cluster any more; durable with the next sync of the folder.
Result<void> remove_cluster_file(FileSystem& files, const std::string& folder);

}  // namespace stator::storage
