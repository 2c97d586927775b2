// Item sizes as the service counts them (size.h has the rules). Runs once for each write, and for each item a
// page reads that does not carry its size. Pure; any thread.
#include "model/size.h"

namespace stator::model {
namespace {

constexpr uint64_t kContainerBytes = 3;  // an L or M
constexpr uint64_t kElementBytes = 1;    // each of its elements

template <class Strings>
uint64_t total_length(const Strings& strings) {
  uint64_t sum = 0;
  for (const std::string& text : strings) sum += text.size();
  return sum;
}

}  // namespace

uint64_t size_bytes(const AttributeValue& value) {
  // Recursion is bounded by the readers: JSON by kJsonDepthMax, item records by their own nesting limit.
  switch (value.type()) {
    case AttributeType::kS:
      return value.as_s()->size();
    case AttributeType::kN:
      return value.as_n()->size_bytes();
    case AttributeType::kB:
      return value.as_b()->bytes.size();
    case AttributeType::kBool:
    case AttributeType::kNull:
      return 1;
    case AttributeType::kM:
      return kContainerBytes + kElementBytes * value.as_m()->size() + size_bytes(*value.as_m());
    case AttributeType::kL: {
      uint64_t sum = kContainerBytes + kElementBytes * value.as_l()->size();
      for (const AttributeValue& element : *value.as_l()) sum += size_bytes(element);
      return sum;
    }
    case AttributeType::kSS:
      return total_length(value.as_ss()->values);
    case AttributeType::kNS: {
      uint64_t sum = 0;
      for (const Number& number : value.as_ns()->values) sum += number.size_bytes();
      return sum;
    }
    case AttributeType::kBS:
      return total_length(value.as_bs()->values);
  }
  STATOR_ASSERT(false, "an AttributeType outside the enum");
  return 0;
}

uint64_t size_bytes(const Item& item) {
  uint64_t sum = 0;
  for (const auto& [name, value] : item) sum += name.size() + size_bytes(value);
  return sum;
}

}  // namespace stator::model
