// Processes of a local cluster: started, looked at in /proc, sent signals. A process is its pid and its start
// time, so that a pid that the system gave to somebody else is never taken for a node. Linux.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"

namespace stator::cli {

struct ProcessId {
  int32_t pid = 0;          // 0: none
  uint64_t start_time = 0;  // clock ticks after the boot: field 22 of /proc/PID/stat
  bool operator==(const ProcessId&) const = default;
};

enum class ProcessState : uint8_t {
  kUp,
  kPaused,  // by SIGSTOP
  kDown,    // ended, a zombie too; or the pid is another process by now
};
ProcessState process_state(ProcessId process);

// Starts this binary with `arguments` in a session of its own (the terminal's Ctrl-C does not reach it),
// without signals blocked, its output appended to `log_path`. Variables named in `dropped` are taken out of
// its environment. The error names what failed.
model::Result<ProcessId, std::string> start_process(const std::vector<std::string>& arguments,
                                                    const std::string& log_path,
                                                    const std::vector<std::string>& dropped);

// False where the process has ended already.
bool send_signal(ProcessId process, int signal_number);

// How a child of ours ended, as in "exit code 1" or "signal 9 (Killed)"; nothing where it runs, or is no
// child of ours.
std::optional<std::string> how_it_ended(ProcessId process);

// Of the running system: pids and start times mean nothing after the next boot.
std::string boot_id();

}  // namespace stator::cli
