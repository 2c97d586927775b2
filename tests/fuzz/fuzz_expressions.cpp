// Fuzz target: the first byte says the kind of expression, the rest is its text. Goal: no text does anything
// but be parsed or be refused, and what parses can be evaluated against items with and without what it names.
#include <array>
#include <cstdint>
#include <string_view>

#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "api/expressions/projection.h"
#include "api/expressions/update.h"
#include "model/assert.h"

namespace {

using namespace stator::expressions;
using stator::model::AttributeType;
using stator::model::AttributeValue;
using stator::model::Item;

// Names and values that a generated text has a chance to hit: one letter each.
Substitutions substitutions() {
  Substitutions out;
  for (const char* name : {"#a", "#b", "#l"}) out.add_name(name, std::string(name).substr(1));
  out.add_value(":n", AttributeValue::n(1));
  out.add_value(":s", AttributeValue::s("s"));
  out.add_value(":b", AttributeValue::b("b"));
  out.add_value(":l", AttributeValue::l({AttributeValue::n(1), AttributeValue::s("s")}));
  out.add_value(":m", AttributeValue::m({{"a", AttributeValue::n(1)}}));
  out.add_value(":x", AttributeValue(stator::model::StringSet{{"s", "t"}}));
  return out;
}

const std::array<Item, 2>& items() {
  static const std::array<Item, 2> kItems = {
      Item{},
      Item{{"a", AttributeValue::n(1)},
           {"b", AttributeValue::m({{"a", AttributeValue::s("s")}, {"l", AttributeValue::l({})}})},
           {"l", AttributeValue::l({AttributeValue::n(1), AttributeValue::m({{"a", AttributeValue::n(2)}})})},
           {"s", AttributeValue::s("text")},
           {"x", AttributeValue(stator::model::StringSet{{"s"}})}}};
  return kItems;
}

void fuzz_condition(std::string_view text) {
  Substitutions values = substitutions();
  const auto parsed = parse_condition(ExpressionKind::kFilter, text, values);
  if (!parsed) return;
  (void)parsed->matches(nullptr);
  for (const Item& item : items()) (void)parsed->matches(item);
}

void fuzz_update(std::string_view text) {
  Substitutions values = substitutions();
  const auto parsed = parse_update(text, values);
  if (!parsed) return;
  for (const Item& item : items()) {
    const auto result = parsed->apply(item);
    if (!result) continue;
    STATOR_ASSERT(parsed->touched(*result).size() <= result->size(), "fragments add nothing");
    STATOR_ASSERT(!parsed->only_removes() || result->size() <= item.size(), "what only removes adds nothing");
  }
}

void fuzz_projection(std::string_view text) {
  Substitutions values = substitutions();
  const auto parsed = parse_projection(text, values);
  if (!parsed) return;
  for (const Item& item : items()) {
    const Item once = parsed->apply(item);
    STATOR_ASSERT(once.size() <= item.size(), "a projection adds nothing");
  }
}

void fuzz_key_condition(std::string_view text) {
  Substitutions values = substitutions();
  const auto parsed = parse_key_condition(text, values);
  if (!parsed) return;
  const auto query =
      parsed->resolve({{"a", AttributeType::kS}, stator::model::KeyAttribute{"b", AttributeType::kN}});
  if (!query) return;
  const stator::model::KeyRange range = key_range(*query);
  STATOR_ASSERT(range.to.empty() || range.from <= range.to, "a range does not end before it begins");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      fuzz_condition(text);
      break;
    case 1:
      fuzz_update(text);
      break;
    case 2:
      fuzz_projection(text);
      break;
    default:
      fuzz_key_condition(text);
      break;
  }
  return 0;
}
