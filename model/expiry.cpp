// When items expire, and the keys of the rows that say so.
#include "model/expiry.h"

#include <limits>

#include "model/byte_order.h"
#include "model/key.h"

namespace stator::model {
namespace {

constexpr size_t kSecondsSize = sizeof(uint32_t);

// Of a positive number, without its fraction; nullopt above `max`.
std::optional<uint32_t> whole_part(const Number& number, uint32_t max) {
  unsigned __int128 value = number.coefficient();
  for (int exponent = number.exponent(); exponent < 0 && value != 0; ++exponent) value /= 10;
  for (int exponent = number.exponent(); exponent > 0; --exponent) {
    value *= 10;
    if (value > max) return std::nullopt;
  }
  if (value > max) return std::nullopt;
  return static_cast<uint32_t>(value);
}

}  // namespace

std::optional<uint32_t> expiry_seconds(const TimeToLive& time_to_live, const Item& item) {
  if (!time_to_live.enabled) return std::nullopt;
  const AttributeValue* value = item.find(time_to_live.attribute);
  const Number* number = value ? value->as_n() : nullptr;
  if (!number || number->is_negative()) return std::nullopt;
  const auto seconds = whole_part(*number, std::numeric_limits<uint32_t>::max());
  if (!seconds || *seconds == 0) return std::nullopt;
  return seconds;
}

bool has_expired(uint32_t expiry, Stamp now) {
  const uint64_t seconds = now.micros / 1'000'000;
  return expiry <= seconds && expiry + kExpiredSecondsMax > seconds;
}

std::string encode_expiry_key(uint32_t seconds, std::string_view item_key) {
  std::string key;
  key.reserve(kSecondsSize + item_key.size());
  append_big_endian(key, seconds);
  key.append(item_key);
  return key;
}

std::optional<ExpiryKey> decode_expiry_key(std::string_view key) {
  if (key.size() < kSecondsSize + kHashSize) return std::nullopt;
  ExpiryKey expiry;
  expiry.seconds = load_big_endian<uint32_t>(key.data());
  expiry.item_key = key.substr(kSecondsSize);
  return expiry;
}

}  // namespace stator::model
