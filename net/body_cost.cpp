// Counts what structures a body: simdjson's DOM takes 4 bytes of index for each token and 8 or 16 of tape for
// each value (doc/tape.md of simdjson), and 5 and its text for each string; an attribute value takes its
// variant and its name.
#include "net/body_cost.h"

#include <algorithm>
#include <array>

#include "model/attribute_value.h"

namespace stator::net {
namespace {

constexpr uint64_t kIndexBytes = 4;
constexpr uint64_t kTapeBytes = 8;
constexpr uint64_t kStringBytes = 5;
constexpr uint64_t kValueBytes =
    sizeof(model::AttributeMap::Entry);  // {"N": "1"} in a map; a list's are smaller

enum Kind : uint8_t { kOther, kOpen, kClose, kSeparator, kQuote, kKinds };

constexpr std::array<uint8_t, 256> make_kinds() {
  std::array<uint8_t, 256> kinds{};
  kinds['{'] = kinds['['] = kOpen;
  kinds['}'] = kinds[']'] = kClose;
  kinds[','] = kinds[':'] = kSeparator;
  kinds['"'] = kQuote;
  return kinds;
}
constexpr std::array<uint8_t, 256> kKindOf = make_kinds();

}  // namespace

BodyCost body_cost(std::string_view body) {
  std::array<uint64_t, kKinds> count{};
  for (const char c : body) ++count[kKindOf[static_cast<uint8_t>(c)]];
  const uint64_t strings = count[kQuote] / 2;
  // Every key and value but the first follows an opening bracket or a separator; what is no string and no
  // bracket there is a number or a word.
  const uint64_t tokens = count[kOpen] + count[kSeparator];
  const uint64_t bare = tokens - std::min(tokens, strings + count[kOpen]);
  const uint64_t indexed = tokens + count[kClose] + strings + bare;
  const uint64_t taped = count[kOpen] + count[kClose] + strings + 2 * bare;
  BodyCost cost;
  cost.parsing_bytes = 2 * body.size() + kIndexBytes * indexed + kTapeBytes * taped + kStringBytes * strings;
  cost.request_bytes = body.size() + kValueBytes * count[kOpen];
  return cost;
}

}  // namespace stator::net
