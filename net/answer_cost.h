// What an answer holds in memory before it is JSON: many times its size as the service counts it, where it is
// made of small values. What waits to be written counts against the server's memory bound by it. Pure.
#pragma once

#include <cstdint>

#include "api/answer.h"

namespace stator::net {

// Bytes, nearly; without what malloc adds. One pass over all values.
uint64_t answer_cost(const api::Answer& answer);

}  // namespace stator::net
