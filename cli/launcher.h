// What the cluster commands share: how they are called, how they fail, how they see Ctrl-C.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/cluster_folder.h"

namespace stator::cli {

// How this binary was called, for lines that are to be pasted, and what it is.
struct Launcher {
  std::string program;  // argv[0], or `stator`
  std::string version;
};

// "PROGRAM cluster VERB --data-dir DIR", quoted for a shell.
std::string command_line(const Launcher& launcher, const std::string& verb, const std::string& data_dir);
std::string shell_quoted(const std::string& word);

// One line on stderr; returns the exit code of what failed.
int fail(const std::string& why);
// One line on stderr: what is going on.
void say(const std::string& what);

// The end of a node's log, indented, and where all of it is: for a node that ended or does not get ready.
std::string log_excerpt(const ClusterFolder& folder, unsigned node);

// SIGINT, SIGTERM and SIGHUP, blocked from the first call on for all threads that begin later, and asked for.
void block_stop_signals();
// Waits for up to `patience`; true where one came.
bool stop_signal_came(std::chrono::milliseconds patience);

// The node of that number; the error names those that there are.
model::Result<ClusterNode*, std::string> find_node(ClusterState& state, unsigned id,
                                                   const ClusterFolder& folder);

}  // namespace stator::cli
