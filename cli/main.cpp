// The program: reads what it is asked to do and does it.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "cli/cluster_commands.h"
#include "cli/config.h"
#include "cli/serve.h"

namespace {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int print(const stator::cli::Message& message) {
  std::string text = message.text;
  if (!text.ends_with('\n')) text += '\n';
  std::fputs(text.c_str(), message.exit_code == 0 ? stdout : stderr);
  return message.exit_code;
}

int run_cluster(const std::string& program, const std::vector<std::string>& arguments) {
  const auto command = stator::cli::read_cluster_command(arguments, program);
  if (!command) return print(command.error());
  return stator::cli::run(*command, {program, STATOR_VERSION});
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (!arguments.empty() && arguments.front() == "cluster")
      return run_cluster(argv[0], {arguments.begin() + 1, arguments.end()});
    const auto config = stator::cli::read_config(arguments, environment, STATOR_VERSION);
    if (!config) return print(config.error());
    return stator::cli::serve(*config, STATOR_VERSION);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stator: %s\n", error.what());
    return 1;
  }
}
