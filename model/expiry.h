// Expiry: when an item's time to live ends, and the rows (RowKind::kTtl) that say so in the order of time. The service's
// rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
// Pure; any thread.
//
//   key   seconds u32, big-endian | item key          the value is empty
//
// In a table that holds an index the rows name tombstones, and when those may go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/attribute_value.h"
#include "model/table.h"

namespace stator::model {

// An item that expired longer ago is left alone: such a number is more likely a mistake than a time.
inline constexpr uint64_t kExpiredSecondsMax = uint64_t{5} * 366 * 24 * 3600;

// Epoch seconds (a fraction is cut off) at which `item` expires; nullopt where time to live is not enabled, or the attribute
// is missing, no Number, not positive, or beyond the year 2106.
std::optional<uint32_t> expiry_seconds(const TimeToLive& time_to_live, const Item& item);
// Whether an item that expires at `expiry` is to be deleted at `now`.
bool has_expired(uint32_t expiry, Stamp now);

std::string encode_expiry_key(uint32_t seconds, std::string_view item_key);
struct ExpiryKey {
  uint32_t seconds = 0;
  std::string_view item_key;
};
// nullopt for bytes that are no such key.
std::optional<ExpiryKey> decode_expiry_key(std::string_view key);

}  // namespace stator::model
