// STATOR_MUTANT's name to a number.
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace stator::mutants {
namespace {

constexpr const char* kNames[] = {
#include "mutant_names.inc"
};

unsigned of_environment() {
  const char* wanted = std::getenv("STATOR_MUTANT");
  if (wanted == nullptr || *wanted == '\0') return 0;
  unsigned number = 0;
  for (const char* name : kNames) {
    ++number;
    if (std::strcmp(name, wanted) == 0) return number;
  }
  std::fprintf(stderr, "STATOR_MUTANT: there is no mutant '%s'\n", wanted);
  std::exit(2);
}

}  // namespace

extern const unsigned active = of_environment();

}  // namespace stator::mutants
