// What `stator` is asked to do: the command line, the environment and the TOML file, in that order of
// precedence, to one plain struct. Pure but for reading the file; errors are one line that names the option,
// where it stood and the remedy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/limits.h"
#include "model/result.h"

namespace stator::cli {

inline constexpr uint16_t kDefaultPort = 8000;  // where users of local DynamoDB servers look
inline constexpr uint16_t kDefaultAdminPort = 8100;
inline constexpr unsigned kHttpThreadsMax = 64;
inline constexpr unsigned kPartitionsPerTableMax = 64;
inline constexpr unsigned kDiskReserveMibMax = 1'000'000'000;
// Group 0's replica on node N has the id N at the start, later ones get fresh ids: both stay below 1,000.
inline constexpr unsigned kNodeIdMax = 99;
inline constexpr size_t kJoinMax = 32;       // addresses
inline constexpr size_t kZoneBytesMax = 32;  // letters, digits, '-', '_' and '.'
inline constexpr unsigned kReplaceDeadAfterMax = 30 * 24 * 3600;
inline constexpr unsigned kTestFormatMax = 1'000;
inline constexpr char kDefaultZone[] = "default";

// This process as a node of a cluster of several.
struct ClusterConfig {
  uint64_t node_id = 0;           // 1 to kNodeIdMax; 0: as its folder says, or the cluster that it joins
  std::string listen_host;        // where the others reach the link: never a wildcard
  uint16_t listen_port = 0;       // never 0
  std::vector<std::string> join;  // HOST:PORT of the others' links, each once, the own one left out
  std::string zone = kDefaultZone;
  unsigned replace_dead_after_s = 300;  // 0: never
};

struct ServeConfig {
  std::string host = "127.0.0.1";
  uint16_t port = kDefaultPort;             // 0: one that is free
  bool port_given = false;                  // by anyone: then it is not replaced where it is taken
  uint16_t admin_port = kDefaultAdminPort;  // 0: one that is free
  bool admin_port_given = false;
  std::string data_dir = "./stator-data";
  bool in_memory = false;
  unsigned http_threads = 1;
  std::vector<std::string> cors_origins;  // empty: all
  std::string log_level = "info";         // trace, debug, info, warn, error or off
  unsigned partitions_per_table = 0;      // of new tables; 0: as many as the cluster has nodes, up to 4
  unsigned disk_reserve_mib = 256;        // writes are refused while less is free where the data is
  bool throttling = false;                // of tables without a tag that says it
  uint64_t collection_bytes_max = model::kItemCollectionSizeMax;  // of an item collection: for tests
  unsigned test_format_max = 0;           // 0: what this version reads
  std::optional<ClusterConfig> cluster;   // nothing: a cluster of one
};

// Whether a zone may be called so.
bool is_zone_name(std::string_view text);

// Text to be printed instead of doing anything, and what to exit with.
struct Message {
  std::string text;
  int exit_code = 0;  // 0: on stdout (help, version); else on stderr
};

// The value of an environment variable; nullopt where it is unset.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// `arguments` without the program's name, not rewritten yet. `version`: what --version says.
model::Result<ServeConfig, Message> read_config(const std::vector<std::string>& arguments,
                                                const Environment& environment, std::string_view version);

}  // namespace stator::cli
