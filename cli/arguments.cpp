// The other server's flags and ours. Those that ask for what Stator does anyway are taken and do nothing.
#include "cli/arguments.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stator::cli {
namespace {

struct Flag {
  std::string_view theirs;
  std::string_view ours;  // empty: nothing to do
};

constexpr std::array kFlags{
    Flag{"-port", "--port"},
    Flag{"-inMemory", "--in-memory"},
    Flag{"-dbPath", "--data-dir"},
    Flag{"-cors", "--cors"},
    Flag{"-sharedDb", ""},                 // every credential and region sees the same tables
    Flag{"-delayTransientStatuses", ""},   // no status here is delayed
    Flag{"-disableTelemetry", ""},         // there is none
    Flag{"-optimizeDbBeforeStartup", ""},  // compaction runs by itself
    Flag{"-help", "--help"},
    Flag{"-version", "--version"},
};

// Words that say by themselves what is to be done.
bool stands_alone(std::string_view word) {
  return word == "serve" || word == "--help" || word == "-h" || word == "--version";
}

}  // namespace

std::vector<std::string> rewrite_arguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  out.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) {
    // "-port=8000" is written too.
    const size_t equals = argument.find('=');
    const std::string_view name = std::string_view(argument).substr(0, equals);
    const auto flag =
        std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& f) { return f.theirs == name; });
    if (flag == kFlags.end()) {
      out.push_back(argument);
    } else if (!flag->ours.empty()) {
      std::string ours(flag->ours);
      if (equals != std::string::npos) ours += argument.substr(equals);
      out.push_back(std::move(ours));
    }
  }
  if (out.empty() ? !arguments.empty() : (out.front().starts_with('-') && !stands_alone(out.front()))) {
    out.insert(out.begin(), "serve");
  }
  return out;
}

}  // namespace stator::cli
