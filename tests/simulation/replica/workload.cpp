// Drawing operations, writing them as JSON, reading answers back.
#include "tests/simulation/replica/workload.h"

#include <cstdlib>

#include "api/json.h"
#include "api/registry.h"
#include "model/key.h"
#include "model/number.h"
#include "tests/simulation/replica/server.h"

namespace stator::replica_simulation {
namespace {

std::string name_of(uint32_t key) { return "item" + std::to_string(key); }

int number_of(const model::AttributeValue& value) {
  std::string json;
  api::json::Writer(json).value(value);  // {"N":"12"} or {"S":"12"}
  return std::atoi(json.c_str() + 6);
}

Attributes attributes_of(const model::Item* item) {
  Attributes attributes;
  if (!item) return attributes;
  attributes.there = true;
  if (const auto* v = item->find("v")) attributes.v = number_of(*v);
  if (const auto* n = item->find("n")) attributes.n = number_of(*n);
  if (const auto* l = item->find("l")) {
    attributes.l.emplace();
    for (const model::AttributeValue& element : *l->as_l()) attributes.l->push_back(number_of(element));
  }
  return attributes;
}

std::string condition_text(const Op& op) {
  switch (op.condition) {
    case Condition::kNone:
      return "";
    case Condition::kAbsent:
      return R"json(,"ConditionExpression":"attribute_not_exists(k)")json";
    case Condition::kPresent:
      return R"json(,"ConditionExpression":"attribute_exists(k)")json";
    case Condition::kValueIs:
      return R"json(,"ConditionExpression":"v = :expected")json";
  }
  return "";
}

std::string_view returns_text(Returns returns) {
  switch (returns) {
    case Returns::kNone:
      return "NONE";
    case Returns::kAllOld:
      return "ALL_OLD";
    case Returns::kAllNew:
      return "ALL_NEW";
    case Returns::kUpdatedOld:
      return "UPDATED_OLD";
    case Returns::kUpdatedNew:
      return "UPDATED_NEW";
  }
  return "";
}

std::string quoted_key(uint32_t key) { return R"({"k":{"S":")" + name_of(key) + R"("}})"; }

}  // namespace

Op draw_op(raft::Random& random, uint32_t key, int value, int seen) {
  const auto chance = [&](uint32_t of_100) { return random.between(1, 100) <= of_100; };
  Op op;
  op.value = value;
  const uint32_t kind = key == 0 ? random.between(55, 100) : random.between(1, 100);
  if (kind <= 30) {
    op.verb = Verb::kPut;
    op.returns = chance(40) ? Returns::kAllOld : Returns::kNone;
  } else if (kind <= 55 && key != 0) {
    op.verb = Verb::kDelete;
    op.returns = chance(60) ? Returns::kAllOld : Returns::kNone;
  } else if (kind <= 85) {
    op.verb = Verb::kUpdate;
    op.add = static_cast<int>(random.between(1, 5));
    op.returns = static_cast<Returns>(random.between(0, 4));
  } else {
    return op;
  }
  if (key == 0 || chance(50)) return op;
  op.condition = static_cast<Condition>(random.between(1, 3));
  op.expected = seen;
  op.old_on_failure = chance(50);
  return op;
}

api::RequestPtr request_of(uint32_t key, const Op& op) {
  std::string json = R"({"TableName":"Tab")";
  std::string values;
  std::string_view operation;
  switch (op.verb) {
    case Verb::kGet:
      operation = "GetItem";
      json += R"(,"ConsistentRead":true,"Key":)" + quoted_key(key);
      break;
    case Verb::kPut:
      operation = "PutItem";
      json +=
          R"(,"Item":{"k":{"S":")" + name_of(key) + R"("},"v":{"S":")" + std::to_string(op.value) + R"("}})";
      break;
    case Verb::kDelete:
      operation = "DeleteItem";
      json += R"(,"Key":)" + quoted_key(key);
      break;
    case Verb::kUpdate:
      operation = "UpdateItem";
      json +=
          R"(,"Key":)" + quoted_key(key) +
          R"json(,"UpdateExpression":"SET l = list_append(if_not_exists(l, :empty), :new) ADD n :add")json";
      values = R"(":empty":{"L":[]},":new":{"L":[{"N":")" + std::to_string(op.value) +
               R"("}]},":add":{"N":")" + std::to_string(op.add) + R"("})";
      break;
  }
  json += condition_text(op);
  if (op.condition == Condition::kValueIs) {
    if (!values.empty()) values += ",";
    values += R"(":expected":{"S":")" + std::to_string(op.expected) + R"("})";
  }
  if (!values.empty()) json += R"(,"ExpressionAttributeValues":{)" + values + "}";
  if (op.returns != Returns::kNone)
    json += R"(,"ReturnValues":")" + std::string(returns_text(op.returns)) + "\"";
  if (op.condition != Condition::kNone && op.old_on_failure) {
    json += R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")";
  }
  json += "}";
  api::json::Parser parser;
  auto body = parser.parse(json);
  if (!body.ok()) throw Violation("the workload's own JSON: " + json);
  auto request = api::find_operation(operation)->parse(*body);
  if (!request.ok()) throw Violation(json + ": " + request.error().message);
  return *request;
}

std::string item_key_of(uint32_t key) {
  return *model::item_key(table_of_run(1).key, {{"k", model::AttributeValue::s(name_of(key))}});
}

bool is_outcome(const api::Result<api::Answer>& result) {
  if (result.ok()) return true;
  switch (result.error().code) {
    case api::ErrorCode::kConditionalCheckFailed:
      return true;
    case api::ErrorCode::kServiceUnavailable:
    case api::ErrorCode::kNotLeading:
    case api::ErrorCode::kInternalServerError:
      return false;
    default:
      throw Violation("an answer that nobody asked for: " + result.error().message);
  }
}

Outcome outcome_of(const api::Result<api::Answer>& result) {
  if (!result.ok()) return {false, attributes_of(result.error().item.get())};
  return {true, attributes_of(std::get<api::ItemAnswer>(*result).item.get())};
}

std::string text_of(const Attributes& attributes) {
  if (!attributes.there) return "-";
  std::string text = "{";
  if (attributes.v) text += " v=" + std::to_string(*attributes.v);
  if (attributes.n) text += " n=" + std::to_string(*attributes.n);
  if (attributes.l) {
    text += " l=[";
    for (int element : *attributes.l) text += " " + std::to_string(element);
    text += " ]";
  }
  return text + " }";
}

std::string text_of(const Op& op) {
  static constexpr const char* kVerbs[] = {"put", "update", "delete", "get"};
  static constexpr const char* kConditions[] = {"", " if absent", " if present", " if v="};
  std::string text = kVerbs[static_cast<int>(op.verb)];
  if (op.verb == Verb::kPut || op.verb == Verb::kUpdate) text += " " + std::to_string(op.value);
  if (op.verb == Verb::kUpdate) text += " +" + std::to_string(op.add);
  text += kConditions[static_cast<int>(op.condition)];
  if (op.condition == Condition::kValueIs) text += std::to_string(op.expected);
  return text + " returns " + std::string(returns_text(op.returns));
}

}  // namespace stator::replica_simulation
