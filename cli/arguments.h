// The argument list before CLI11 sees it: the one-dash long flags of the local server that people run today
// are turned into ours, so that their compose files and test harnesses work as they are. Pure.
#pragma once

#include <string>
#include <vector>

namespace stator::cli {

// `arguments` without the program's name. `-port 8000 -inMemory` becomes `serve --port 8000 --in-memory`: a
// list whose first word is no subcommand means serve. What is not of the other server stays as it is.
std::vector<std::string> rewrite_arguments(const std::vector<std::string>& arguments);

}  // namespace stator::cli
