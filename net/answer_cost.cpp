// Walks an answer's items and adds up what they allocate.
#include "net/answer_cost.h"

#include <type_traits>

namespace stator::net {
namespace {

uint64_t cost(const model::AttributeMap& map);

// What a string allocates: nothing where it fits inside.
uint64_t cost(const std::string& text) { return text.capacity() > 15 ? text.capacity() + 1 : 0; }

uint64_t cost(const std::vector<std::string>& texts) {
  uint64_t sum = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) sum += cost(text);
  return sum;
}

// Beyond the value itself. As deep as items nest (model::kNestingMax).
uint64_t cost(const model::AttributeValue& value) {
  return std::visit(
      [](const auto& held) -> uint64_t {
        using Held = std::remove_cvref_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string> || std::is_same_v<Held, model::AttributeMap>) {
          return cost(held);
        } else if constexpr (std::is_same_v<Held, model::Binary>) {
          return cost(held.bytes);
        } else if constexpr (std::is_same_v<Held, model::AttributeList>) {
          uint64_t sum = held.capacity() * sizeof(model::AttributeValue);
          for (const model::AttributeValue& element : held) sum += cost(element);
          return sum;
        } else if constexpr (std::is_same_v<Held, model::StringSet> ||
                             std::is_same_v<Held, model::BinarySet>) {
          return cost(held.values);
        } else if constexpr (std::is_same_v<Held, model::NumberSet>) {
          return held.values.capacity() * sizeof(model::Number);
        } else {
          return 0;  // inside the value
        }
      },
      value.variant());
}

uint64_t cost(const model::AttributeMap& map) {
  uint64_t sum = map.size() * sizeof(model::AttributeMap::Entry);
  for (const auto& [name, value] : map) sum += cost(name) + cost(value);
  return sum;
}

uint64_t cost(const api::ItemAnswer& answer) { return answer.item ? cost(*answer.item) : 0; }

uint64_t cost(const api::PageAnswer& answer) {
  uint64_t sum = answer.items.capacity() * sizeof(model::Item);
  for (const model::Item& item : answer.items) sum += cost(item);
  return sum;
}

uint64_t cost(const api::BatchAnswer& answer) {
  uint64_t sum = 0;
  for (const auto& part : answer.parts) {
    if (const auto* item = std::get_if<api::ItemAnswer>(&part)) sum += cost(*item);
  }
  return sum;
}

}  // namespace

uint64_t answer_cost(const api::Answer& answer) {
  if (const auto* item = std::get_if<api::ItemAnswer>(&answer)) return cost(*item);
  if (const auto* page = std::get_if<api::PageAnswer>(&answer)) return cost(*page);
  if (const auto* batch = std::get_if<api::BatchAnswer>(&answer)) return cost(*batch);
  return 0;  // descriptions and names: kilobytes at most
}

}  // namespace stator::net
