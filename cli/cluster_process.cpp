// posix_spawn, /proc and kill.
#include "cli/cluster_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

extern char** environ;

namespace stator::cli {
namespace {

constexpr int kFirstDescriptorNotTheChilds = 3;
constexpr int kLogMode = 0644;

struct Stat {
  char state = 0;
  uint64_t threads = 0;
  uint64_t start_time = 0;
};

// Fields 3, 20 and 22: the name before them is in parentheses and may hold anything.
std::optional<Stat> read_stat(int32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 20; ++field) fields >> skipped;
  fields >> stat.threads >> skipped >> stat.start_time;
  if (!fields) return std::nullopt;
  return stat;
}

// The file that runs now, under its own name, so that `ps` and `pgrep` show it; where it was replaced since,
// through /proc, which still has it.
std::string own_binary() {
  std::array<char, 4096> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0 || size == static_cast<ssize_t>(path.size())) return "/proc/self/exe";
  std::string name(path.data(), static_cast<size_t>(size));
  return access(name.c_str(), X_OK) == 0 ? name : "/proc/self/exe";
}

std::vector<char*> environment_without(const std::vector<std::string>& dropped) {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(dropped.begin(), dropped.end(), name) == dropped.end()) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

// posix_spawn's two settings objects, freed with the scope.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

void settle(SpawnSettings& settings, const std::string& log_path) {
  posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&settings.files, STDOUT_FILENO, log_path.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, kLogMode);
  posix_spawn_file_actions_adddup2(&settings.files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&settings.files, kFirstDescriptorNotTheChilds);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

ProcessState process_state(ProcessId process) {
  if (process.pid <= 0) return ProcessState::kDown;
  const auto stat = read_stat(process.pid);
  if (!stat || stat->start_time != process.start_time) return ProcessState::kDown;
  switch (stat->state) {
    case 'Z':
      // Its first thread has ended. Another may be in the middle of a sync, and the folder is locked until that is over.
      return stat->threads > 1 ? ProcessState::kUp : ProcessState::kDown;
    case 'X':
      return ProcessState::kDown;
    case 'T':
    case 't':
      return ProcessState::kPaused;
    default:
      return ProcessState::kUp;
  }
}

model::Result<ProcessId, std::string> start_process(const std::vector<std::string>& arguments,
                                                    const std::string& log_path,
                                                    const std::vector<std::string>& dropped) {
  // posix_spawn does not say which of its steps failed; the one that a user can cause is tried here.
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kLogMode);
  if (log < 0) return model::Failure("cannot write " + log_path + ": " + std::strerror(errno));
  close(log);
  const std::string binary = own_binary();
  std::vector<std::string> words{binary};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> variables = environment_without(dropped);
  SpawnSettings settings;
  settle(settings, log_path);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, binary.c_str(), &settings.files, &settings.attributes, argv.data(), variables.data());
  if (error != 0) return model::Failure("cannot start " + binary + ": " + std::strerror(error));
  const auto stat = read_stat(pid);  // a zombie too has its entry until somebody asks how it ended
  if (!stat) return model::Failure("/proc/" + std::to_string(pid) + "/stat cannot be read");
  return ProcessId{pid, stat->start_time};
}

bool send_signal(ProcessId process, int signal_number) {
  return process_state(process) != ProcessState::kDown && kill(process.pid, signal_number) == 0;
}

std::optional<std::string> how_it_ended(ProcessId process) {
  int status = 0;
  if (process.pid <= 0 || waitpid(process.pid, &status, WNOHANG) != process.pid) return std::nullopt;
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  return "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

}  // namespace stator::cli
