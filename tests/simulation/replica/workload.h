// The workload: operations drawn at random, as real requests, and real answers read back as what the model
// would say.
#pragma once

#include <string>

#include "api/answer.h"
#include "api/operation.h"
#include "raft/random.h"
#include "tests/simulation/replica/item_model.h"

namespace stator::replica_simulation {

// Few, so that they are contended. The first one is only ever appended to: what was added to it stays to be
// counted.
inline constexpr uint32_t kKeys = 3;

// `value` is the run's next number that no operation had; `seen` a value of v that the client saw last, for
// conditions.
Op draw_op(raft::Random& random, uint32_t key, int value, int seen);

// The same as a client sends it.
api::RequestPtr request_of(uint32_t key, const Op& op);
std::string item_key_of(uint32_t key);

// What an answer, or ConditionalCheckFailedException, says. Throws Violation for one that no operation of the
// workload gets.
Outcome outcome_of(const api::Result<api::Answer>& result);
// Whether the result is one of the two above: the call is over.
bool is_outcome(const api::Result<api::Answer>& result);

std::string text_of(const Op& op);
std::string text_of(const Attributes& attributes);

}  // namespace stator::replica_simulation
