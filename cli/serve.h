// `stator serve`: one node, its gateway and its admin port, from start to stop.
#pragma once

#include <string_view>

#include "cli/config.h"

namespace stator::cli {

// Serves until SIGINT or SIGTERM, then drains and stops; a second signal ends the process at once. Returns
// the exit code: 0 after a clean stop, 1 where it could not start (one line on stderr says why and what to
// do). Call from the main thread, before any other thread exists: the signals are blocked for all.
int serve(const ServeConfig& config, std::string_view version);

}  // namespace stator::cli
