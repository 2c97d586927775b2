// DIR, the folder of a local cluster: where its files are, who may change it, how they are written.
//
//   DIR/cluster.json       processes and ports (cli/cluster_state.h)
//   DIR/cluster.lock       locked by the command that changes something
//   DIR/targets.json       Prometheus' targets, read by
//   DIR/prometheus.yml
//   DIR/prometheus/        what a Prometheus started as the banner says keeps there
//   DIR/node-N/            a node's data folder, and its stator.log
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/cluster_state.h"
#include "model/result.h"

namespace stator::cli {

// Held while a command changes processes or files; released when this goes.
class ClusterLock {
 public:
  explicit ClusterLock(int descriptor) : descriptor_(descriptor) {}
  ~ClusterLock();
  ClusterLock(const ClusterLock&) = delete;
  ClusterLock& operator=(const ClusterLock&) = delete;

 private:
  const int descriptor_;
};

// All errors are one line that names the file and what to do.
class ClusterFolder {
 public:
  explicit ClusterFolder(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string state_path() const { return path_ + "/cluster.json"; }
  std::string targets_path() const { return path_ + "/targets.json"; }
  std::string prometheus_path() const { return path_ + "/prometheus.yml"; }
  std::string prometheus_data_path() const { return path_ + "/prometheus"; }
  std::string node_path(unsigned node) const { return path_ + "/node-" + std::to_string(node); }
  std::string log_path(unsigned node) const { return node_path(node) + "/stator.log"; }

  bool holds_a_cluster() const;
  // The folder, where it is missing. Refuses one that is the data folder of a single process.
  model::Result<void, std::string> create();
  model::Result<void, std::string> create_node(unsigned node);
  // Waits for up to `patience` while another command holds it.
  model::Result<std::unique_ptr<ClusterLock>, std::string> lock(std::chrono::milliseconds patience);
  // Requires the lock for a state that is then to be saved. Processes of an earlier boot of the machine are
  // none.
  model::Result<ClusterState, std::string> load() const;
  // cluster.json, targets.json and prometheus.yml, each whole or as it was. Requires the lock.
  model::Result<void, std::string> save(ClusterState& state);
  // What the launcher made, and the folder itself where nothing else is in it. Requires the lock, and that no
  // node runs.
  model::Result<void, std::string> remove(const ClusterState& state);

 private:
  std::string lock_path() const { return path_ + "/cluster.lock"; }

  const std::string path_;
};

inline constexpr std::chrono::milliseconds kLockPatience{10'000};

// prometheus.yml for a cluster, made from the text of monitoring/prometheus.yml: its static targets give way
// to targets.json, beside it. Pure.
std::string cluster_prometheus(std::string_view configuration);

}  // namespace stator::cli
