// Places of builds as bytes.
#include "cluster/build_place.h"

#include "model/byte_order.h"

namespace stator::cluster {
namespace {

constexpr size_t kStateAt = 8;
constexpr size_t kOldHeader = 9;
constexpr size_t kHeader = kOldHeader + 16;

enum State : char { kOldReading = 0, kOldDone = 1, kReading = 2, kDone = 3 };

}  // namespace

std::string build_key(uint16_t number) {
  std::string key;
  model::append_big_endian(key, number);
  return key;
}

std::string encode_build_place(uint64_t generation, const BuildPlace& place) {
  std::string value;
  model::append_big_endian(value, generation);
  value.push_back(place.done ? kDone : kReading);
  model::append_big_endian(value, place.read);
  model::append_big_endian(value, place.skipped);
  value.append(place.cursor);
  return value;
}

BuildPlace decode_build_place(const std::optional<std::string>& value, uint64_t generation) {
  if (!value || value->size() < kOldHeader) return {};
  if (model::load_big_endian<uint64_t>(value->data()) != generation) return {};
  BuildPlace place;
  const char state = (*value)[kStateAt];
  place.done = state == kOldDone || state == kDone;
  if (state == kOldReading || state == kOldDone) {
    place.cursor = value->substr(kOldHeader);
    return place;
  }
  if (state > kDone || value->size() < kHeader) return {};
  place.read = model::load_big_endian<uint64_t>(value->data() + kOldHeader);
  place.skipped = model::load_big_endian<uint64_t>(value->data() + kOldHeader + 8);
  place.cursor = value->substr(kHeader);
  return place;
}

}  // namespace stator::cluster
