// Goal: what every expression yields, or the exact text it is refused with. The cases are text,
// tests/data/expressions/*.txt:
//
//   # a comment
//   item {a: 1}             what follows is evaluated against this item; `item none`: there is none
//   values {:v: 1}          ExpressionAttributeValues of what follows; names likewise
//   schema pk:S sk:N        the key schema of what follows
//   condition a = :v        a case: condition, filter, projection, key, update, update-old, update-new
//   (UPDATED_OLD and _NEW)
//   => true                 what it yields; errors are the whole text after "error: "; an update yields what
//   it changes
//
// STATOR_REWRITE=1 in the environment writes what was found as what is expected: read the difference before
// you keep it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "api/expressions/condition.h"
#include "api/expressions/key_condition.h"
#include "api/expressions/projection.h"
#include "api/expressions/update.h"
#include "literal.h"

namespace stator::expressions::testing {
namespace {

struct World {
  std::optional<model::Item> item;
  model::Item names;
  model::Item values;
  model::KeySchema schema;

  Substitutions substitutions() const {
    Substitutions out;
    for (const auto& [key, value] : names) out.add_name(key, *value.as_s());
    for (const auto& [key, value] : values) out.add_value(key, value);
    return out;
  }
};

std::string refused(const std::string& text) { return "error: " + text; }

std::string run_condition(const World& world, ExpressionKind kind, const std::string& text) {
  Substitutions substitutions = world.substitutions();
  const auto parsed = parse_condition(kind, text, substitutions);
  if (!parsed) return refused(parsed.error());
  return parsed->matches(world.item ? &*world.item : nullptr) ? "true" : "false";
}

std::string run_projection(const World& world, const std::string& text) {
  Substitutions substitutions = world.substitutions();
  const auto parsed = parse_projection(text, substitutions);
  if (!parsed) return refused(parsed.error());
  return print(parsed->apply(world.item.value()));
}

std::string print_predicate(const KeyPredicate& predicate) {
  const std::string operand = print(predicate.operand);
  switch (predicate.op) {
    case KeyOperator::kEqual:
      return predicate.attribute + " = " + operand;
    case KeyOperator::kLess:
      return predicate.attribute + " < " + operand;
    case KeyOperator::kLessOrEqual:
      return predicate.attribute + " <= " + operand;
    case KeyOperator::kGreater:
      return predicate.attribute + " > " + operand;
    case KeyOperator::kGreaterOrEqual:
      return predicate.attribute + " >= " + operand;
    case KeyOperator::kBetween:
      return predicate.attribute + " from " + operand + " to " + print(predicate.upper);
    case KeyOperator::kBeginsWith:
      return predicate.attribute + " begins with " + operand;
    case KeyOperator::kNotIndexable:
      break;
  }
  std::abort();
}

std::string run_key(const World& world, const std::string& text) {
  Substitutions substitutions = world.substitutions();
  const auto parsed = parse_key_condition(text, substitutions);
  if (!parsed) return refused(parsed.error());
  if (const auto shape = parsed->check_shape(); !shape) return "shape " + refused(shape.error());
  const auto query = parsed->resolve(world.schema);
  if (!query) return "schema " + refused(query.error());
  std::string out = print(query->partition_key.front());
  for (const KeyPredicate& predicate : query->sort_key) out += ", " + print_predicate(predicate);
  return out;
}

// The attributes that are new or different, then the names of those that are gone: {a: 1} without b, c.
std::string print_changes(const model::Item& before, const model::Item& after) {
  model::Item changed;
  for (const auto& [name, value] : after) {
    const model::AttributeValue* old = before.find(name);
    if (old == nullptr || !(*old == value)) changed.set(name, value);
  }
  std::string gone;
  for (const auto& entry : before) {
    if (!after.contains(entry.first)) gone += (gone.empty() ? " without " : ", ") + entry.first;
  }
  return print(changed) + gone;
}

std::string run_update(const World& world, const std::string& verb, const std::string& text) {
  Substitutions substitutions = world.substitutions();
  const auto parsed = parse_update(text, substitutions);
  if (!parsed) return refused(parsed.error());
  const model::Item old = world.item.value_or(model::Item());
  const auto result = parsed->apply(old);
  if (!result) return refused(result.error());
  if (verb == "update-old") return print(parsed->touched(old));
  if (verb == "update-new") return print(parsed->touched(*result));
  return print_changes(old, *result);
}

model::KeyAttribute read_key_attribute(const std::string& text) {
  model::KeyAttribute out;
  const size_t colon = text.find(':');
  out.name = text.substr(0, colon);
  EXPECT_TRUE(model::parse_type_name(text.substr(colon + 1), out.type)) << text;
  return out;
}

// True where the line sets something for the cases after it.
bool set_up(World& world, const std::string& verb, const std::string& rest) {
  if (verb == "item") {
    world.item = rest == "none" ? std::nullopt : std::optional(read_item(rest));
  } else if (verb == "names") {
    world.names = read_item(rest);
  } else if (verb == "values") {
    world.values = read_item(rest);
  } else if (verb == "schema") {
    std::istringstream words(rest);
    std::string word;
    words >> word;
    world.schema = {read_key_attribute(word), std::nullopt};
    if (words >> word) world.schema.sort_key = read_key_attribute(word);
  } else {
    return false;
  }
  return true;
}

std::string run(const World& world, const std::string& verb, const std::string& text) {
  if (verb == "condition") return run_condition(world, ExpressionKind::kCondition, text);
  if (verb == "filter") return run_condition(world, ExpressionKind::kFilter, text);
  if (verb == "projection") return run_projection(world, text);
  if (verb == "key") return run_key(world, text);
  if (verb == "update" || verb == "update-old" || verb == "update-new") return run_update(world, verb, text);
  ADD_FAILURE() << "no such verb: " << verb;
  return {};
}

class DatadrivenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DatadrivenTest, YieldsWhatTheFileSays) {
  const std::string path = std::string(STATOR_TEST_DATA) + "/expressions/" + GetParam() + ".txt";
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  const bool rewrite = std::getenv("STATOR_REWRITE") != nullptr;
  std::string rewritten;
  World world;
  std::string line;
  std::string found;
  int number = 0;
  int cases = 0;
  bool open = false;  // a case waits for its expectation
  while (std::getline(in, line)) {
    ++number;
    if (line.starts_with("=> ")) {
      EXPECT_TRUE(std::exchange(open, false)) << path << ":" << number << ": no case before this line";
      if (!rewrite) {
        EXPECT_EQ(found, line.substr(3)) << path << ":" << number;
      }
      continue;
    }
    EXPECT_TRUE(rewrite || !open) << path << ":" << number
                                  << ": a case without an expectation before this line";
    open = false;
    rewritten += line + "\n";
    if (line.empty() || line[0] == '#') continue;
    const size_t space = std::min(line.find(' '), line.size());
    const std::string verb = line.substr(0, space);
    const std::string rest = space == line.size() ? "" : line.substr(space + 1);
    if (set_up(world, verb, rest)) continue;
    found = run(world, verb, rest);
    rewritten += "=> " + found + "\n";
    open = true;
    ++cases;
  }
  EXPECT_TRUE(rewrite || !open) << path << ": the last case has no expectation";
  EXPECT_GT(cases, 0);
  if (rewrite) std::ofstream(path) << rewritten;
}

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(STATOR_TEST_DATA) + "/expressions")) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Expressions, DatadrivenTest, ::testing::ValuesIn(files()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace stator::expressions::testing
