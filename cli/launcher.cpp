// Texts and signals.
#include "cli/launcher.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cctype>
#include <cstdio>
#include <sstream>

#include "cli/node_log.h"

namespace stator::cli {
namespace {

constexpr size_t kExcerptLines = 12;

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  bool plain = !word.empty();
  for (const char c : word) {
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) ||
                      std::string_view("._-/:,=+@").find(c) != std::string_view::npos);
  }
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_line(const Launcher& launcher, const std::string& verb, const std::string& data_dir) {
  return shell_quoted(launcher.program) + " cluster " + verb + " --data-dir " + shell_quoted(data_dir);
}

int fail(const std::string& why) {
  std::fprintf(stderr, "stator: %s\n", why.c_str());
  return 1;
}

void say(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

std::string log_excerpt(const ClusterFolder& folder, unsigned node) {
  const std::string path = folder.log_path(node);
  std::istringstream lines(last_lines(path, kExcerptLines).text);
  std::string text;
  for (std::string line; std::getline(lines, line);) text += "    " + line + "\n";
  return text + "  all of it is in " + path;
}

void block_stop_signals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

bool stop_signal_came(std::chrono::milliseconds patience) {
  const sigset_t signals = stop_signals();
  timespec time{};
  time.tv_sec = patience.count() / 1000;
  time.tv_nsec = patience.count() % 1000 * 1'000'000;
  return sigtimedwait(&signals, nullptr, &time) > 0;
}

model::Result<ClusterNode*, std::string> find_node(ClusterState& state, unsigned id,
                                                   const ClusterFolder& folder) {
  if (ClusterNode* node = state.find(id)) return node;
  std::string there = state.nodes.size() == 1 ? "node " : "nodes ";
  for (const ClusterNode& node : state.nodes)
    there += (node.id == state.nodes.front().id ? "" : ", ") + std::to_string(node.id);
  return model::Failure("there is no node " + std::to_string(id) + " in " + folder.path() + ": it has " +
                        there);
}

}  // namespace stator::cli
