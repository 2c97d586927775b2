// The commands of `stator cluster`, each from its options to an exit code: 0 done, 1 failed (stderr says
// what, where and what to do), 130 interrupted. They run on the main thread of a process of their own.
#pragma once

#include "cli/cluster_options.h"
#include "cli/launcher.h"

namespace stator::cli {

int run(const ClusterCommand& command, const Launcher& launcher);

// Files of their own; run() calls them.
int start_cluster(const ClusterCommand& command, const Launcher& launcher);
int show_status(const ClusterCommand& command);
int kill_nodes(const ClusterCommand& command);
int pause_nodes(const ClusterCommand& command);
int resume_nodes(const ClusterCommand& command);
int restart_nodes(const ClusterCommand& command, const Launcher& launcher);
int stop_cluster(const ClusterCommand& command);
int purge_cluster(const ClusterCommand& command);
int show_log(const ClusterCommand& command);
int initialise(const ClusterCommand& command, const Launcher& launcher);
int drill(const ClusterCommand& command, const Launcher& launcher);
int add_node(const ClusterCommand& command, const Launcher& launcher);
int decommission_node(const ClusterCommand& command, const Launcher& launcher);
int rolling_restart(const ClusterCommand& command, const Launcher& launcher);
int finalize_version(const ClusterCommand& command, const Launcher& launcher);

// Stays with the nodes until Ctrl-C, which stops them, or until they are gone: the end of `start
// --foreground`. Requires block_stop_signals() before.
int watch_nodes(ClusterFolder& folder, const Launcher& launcher);

inline constexpr int kInterrupted = 130;

}  // namespace stator::cli
