// Files of DIR: written beside their place and renamed to it.
#include "cli/cluster_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/prometheus_configuration.h"  // made by CMake: kPrometheusConfiguration is monitoring/prometheus.yml

namespace stator::cli {
namespace {

namespace fs = std::filesystem;
using Done = model::Result<void, std::string>;

constexpr auto kLockRetry = std::chrono::milliseconds(10);

Done failed(const std::string& what, const std::string& path, const std::string& why) {
  return model::Failure(what + " " + path + ": " + why);
}

Done write_whole(const std::string& path, const std::string& text) {
  const std::string beside = path + ".tmp";
  std::ofstream file(beside, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return failed("cannot write", beside, std::strerror(errno));
  if (std::rename(beside.c_str(), path.c_str()) != 0)
    return failed("cannot write", path, std::strerror(errno));
  return {};
}

Done make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return failed("cannot make the folder", path, error.message() + "; choose another with --data-dir");
  return {};
}

bool same_file(int descriptor, const std::string& path) {
  struct stat open_file{};
  struct stat named{};
  return fstat(descriptor, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

size_t indentation(std::string_view line) {
  const size_t at = line.find_first_not_of(' ');
  return at == std::string_view::npos ? line.size() : at;
}

}  // namespace

ClusterLock::~ClusterLock() { close(descriptor_); }

bool ClusterFolder::holds_a_cluster() const { return access(state_path().c_str(), F_OK) == 0; }

Done ClusterFolder::create() {
  if (access((path_ + "/FORMAT").c_str(), F_OK) == 0) {
    return model::Failure(path_ +
                          " holds the data of a single process: choose another folder with --data-dir, or "
                          "go on with that process by `stator serve --data-dir " +
                          path_ + "`");
  }
  return make_folder(path_);
}

Done ClusterFolder::create_node(unsigned node) { return make_folder(node_path(node)); }

model::Result<std::unique_ptr<ClusterLock>, std::string> ClusterFolder::lock(
    std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const int descriptor = open(lock_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) return model::Failure("cannot write " + lock_path() + ": " + std::strerror(errno));
    auto lock = std::make_unique<ClusterLock>(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      if (same_file(descriptor, lock_path())) return lock;
      continue;  // a purge removed the file that we had opened
    }
    if (errno != EWOULDBLOCK && errno != EINTR)
      return model::Failure("cannot lock " + lock_path() + ": " + std::strerror(errno));
    if (std::chrono::steady_clock::now() >= deadline)
      return model::Failure("another stator command is at work in " + path_ + ": try again when it is done");
    std::this_thread::sleep_for(kLockRetry);
  }
}

model::Result<ClusterState, std::string> ClusterFolder::load() const {
  std::ifstream file(state_path());
  if (!file) {
    return model::Failure(path_ + " holds no cluster: start one with `stator cluster start --data-dir " +
                          path_ + "`, or name its folder with --data-dir");
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto state = decode_cluster_state(text);
  if (!state)
    return model::Failure(state_path() + " cannot be used: " + state.error() +
                          "; if its processes are gone, delete that file and start again");
  if (state->boot_id != boot_id()) {
    for (ClusterNode& node : state->nodes) node.process = {};
  }
  return state;
}

Done ClusterFolder::save(ClusterState& state) {
  state.boot_id = boot_id();
  if (auto done = write_whole(state_path(), encode(state)); !done) return done;
  if (auto done = write_whole(targets_path(), scrape_targets(state)); !done) return done;
  return write_whole(prometheus_path(), cluster_prometheus(kPrometheusConfiguration));
}

Done ClusterFolder::remove(const ClusterState& state) {
  std::error_code error;
  const auto gone = [&](const std::string& path) {
    fs::remove_all(path, error);
    return !error;
  };
  for (unsigned id = 1; id < state.next_node; ++id) {  // decommissioned ones too
    if (!gone(node_path(id))) return failed("cannot delete", node_path(id), error.message());
  }
  // cluster.json last but for the lock: until then a purge that failed can be run again.
  for (const std::string& path :
       {prometheus_data_path(), targets_path() + ".tmp", prometheus_path() + ".tmp", state_path() + ".tmp",
        targets_path(), prometheus_path(), state_path(), lock_path()}) {
    if (!gone(path)) return failed("cannot delete", path, error.message());
  }
  fs::remove(path_, error);  // stays where something else is in it
  return {};
}

std::string cluster_prometheus(std::string_view configuration) {
  std::string out =
      "# Scrapes the nodes of this cluster, which targets.json lists; made by `stator cluster` from the\n"
      "# monitoring/prometheus.yml that it was built with. Overwritten at every start.\n";
  bool at_head = true;             // the comment there is of the other file
  std::optional<size_t> replaced;  // the indentation of the block that is left out
  while (!configuration.empty()) {
    const size_t end = configuration.find('\n');
    const std::string_view line = configuration.substr(0, end);
    configuration.remove_prefix(end == std::string_view::npos ? configuration.size() : end + 1);
    if (at_head && line.starts_with('#')) continue;
    at_head = false;
    if (replaced && (line.empty() || indentation(line) > *replaced)) continue;
    replaced.reset();
    if (line.substr(indentation(line)) == "static_configs:") {
      replaced = indentation(line);
      const std::string margin(*replaced, ' ');
      out += margin + "file_sd_configs:\n" + margin + "  - files: [\"targets.json\"]\n" + margin +
             "    refresh_interval: 5s\n";
      continue;
    }
    out += std::string(line) + "\n";
  }
  return out;
}

}  // namespace stator::cli
