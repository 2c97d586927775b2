// The program: reads what it is asked to do and does it.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "cli/config.h"
#include "cli/serve.h"

namespace {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto config = stator::cli::read_config(arguments, environment, STATOR_VERSION);
    if (!config) {
      std::string text = config.error().text;
      if (!text.ends_with('\n')) text += '\n';
      std::fputs(text.c_str(), config.error().exit_code == 0 ? stdout : stderr);
      return config.error().exit_code;
    }
    return stator::cli::serve(*config, STATOR_VERSION);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stator: %s\n", error.what());
    return 1;
  }
}
