// How the answers that are made whole by evaluation become the body. Used inside api/operations/ only. Pure.
#pragma once

#include <variant>

#include "api/answer.h"
#include "api/json.h"
#include "model/assert.h"

namespace stator::api {

// Requires a StaticAnswer.
inline void write_static_answer(const Answer& answer, json::Writer& out) {
  const auto* fixed = std::get_if<StaticAnswer>(&answer);
  STATOR_ASSERT(fixed != nullptr, "this operation gives static answers");
  out.raw(fixed->json);
}

}  // namespace stator::api
