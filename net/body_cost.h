// What a JSON body costs in memory beyond its own bytes: many times as much where it is dense, so that a
// bound on bodies alone bounds nothing. Estimated from the text before it is parsed. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace stator::net {

struct BodyCost {
  uint64_t parsing_bytes = 0;  // the parser's, while it parses: its copy, its index, its tape, its strings
  uint64_t request_bytes = 0;  // the typed request's, until the answer
};

// An upper bound but for small change, in one pass. Right for JSON; of anything else the parser stops early.
BodyCost body_cost(std::string_view body);

}  // namespace stator::net
