// XXH3 over length-prefixed parts; a change of it would break retries across a rolling upgrade.
#include "net/request_id.h"

#define XXH_STATIC_LINKING_ONLY  // a state on the stack; the library is the system's
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace stator::net {
namespace {

constexpr size_t kRegionBytesMax = 32;
constexpr size_t kTextBytes = 52;

RequestIdBytes canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  RequestIdBytes out;
  static_assert(sizeof bytes.digest == std::tuple_size_v<RequestIdBytes>);
  std::memcpy(out.data(), bytes.digest, out.size());
  return out;
}

void add_part(XXH3_state_t& state, std::string_view part) {
  uint8_t size[8];  // little-endian; keeps "ab" + "c" from "a" + "bc"
  for (int i = 0; i < 8; ++i) size[i] = static_cast<uint8_t>(uint64_t{part.size()} >> (8 * i));
  XXH3_128bits_update(&state, size, sizeof size);
  XXH3_128bits_update(&state, part.data(), part.size());
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= kRegionBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

// AWS4-HMAC-SHA256 Credential=KEY/20261121/us-east-1/dynamodb/aws4_request, SignedHeaders=..., Signature=...
CredentialScope credential_scope(std::string_view authorization) {
  static constexpr std::string_view kMark = "Credential=";
  const size_t at = authorization.find(kMark);
  if (at == std::string_view::npos) return {};
  std::string_view rest = authorization.substr(at + kMark.size());
  rest = rest.substr(0, rest.find_first_of(", "));
  // From the end: an access key may hold slashes.
  std::array<std::string_view, 4> parts;  // terminator, service, region, date
  for (auto& part : parts) {
    const size_t slash = rest.rfind('/');
    if (slash == std::string_view::npos) return {};
    part = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  return {rest, is_region(parts[2]) ? parts[2] : std::string_view()};
}

RequestIds::RequestIds(uint64_t boot_epoch, uint64_t thread)
    : boot_epoch_(boot_epoch),
      thread_(thread),
      random_state_(boot_epoch ^ (thread * 0x9E3779B97F4A7C15ULL)) {}

RequestIdBytes RequestIds::of_client(std::string_view invocation_id, std::string_view access_key,
                                     std::string_view target, std::string_view body) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  add_part(state, invocation_id);
  add_part(state, access_key);
  add_part(state, target);
  add_part(state, body);
  return canonical(XXH3_128bits_digest(&state));
}

RequestIdBytes RequestIds::next() {
  const uint64_t parts[] = {boot_epoch_, thread_, counter_++};
  return canonical(XXH3_128bits(parts, sizeof parts));
}

// SplitMix64: distinct over 2^64 calls, and nobody relies on it being unguessable.
uint64_t RequestIds::next_random() {
  uint64_t z = (random_state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::string RequestIds::next_text() {
  static constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  std::string text(kTextBytes, '0');
  uint64_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 12 == 0) bits = next_random();  // 12 characters of 5 bits each
    text[i] = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return text;
}

}  // namespace stator::net
