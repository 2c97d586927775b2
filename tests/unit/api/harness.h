// Harness: a whole server in a few lines, so that tests read as request and response: parses a body,
// evaluates it against tables in memory, applies the effects and writes the answer. Pages are read in as many
// partitions as a test asks for.
#pragma once

#include <string>
#include <string_view>

#include "api/operation.h"
#include "tests/unit/api/memory_view.h"

namespace stator::api::testing {

class Harness {
 public:
  // The answer's body, or the error.
  Result<std::string> run(std::string_view operation, std::string_view body);
  // The same as one text: the body, or "ValidationException: <message>" and, on a line of its own, the
  // error's item.
  std::string text(std::string_view operation, std::string_view body);

  MemoryTables tables;
  uint32_t partitions = 1;                     // of the hash space, for pages
  model::Stamp now{1'700'000'000'000'000ULL};  // a second later with each request

 private:
  Evaluation evaluate(const Request& request);
  Evaluation item(const ItemOperation& operation, const Request& request);
  Evaluation page(const PageOperation& operation, const Request& request);
  Evaluation batch(const BatchOperation& operation, const Request& request);
  // Null, and the data plane's error, where there is none.
  MemoryTables::Entry* find(const Request& request);

  json::Parser parser_;
};

// JSON with members sorted by name, so that equal documents are equal texts; other text comes back as it is.
// Numbers keep their form: 1.0 is not 1.
std::string canonical(std::string_view json);

}  // namespace stator::api::testing
