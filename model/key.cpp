// Item keys: from attributes to bytes and back, and the partition hash. On the way of every request: the
// router hashes by it, the leader reads and writes by it. Pure; any thread (the digest context is one a
// thread).
#include "model/key.h"

#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>

#include "model/limits.h"

namespace stator::model {
namespace {

using Hash = std::array<char, kHashSize>;

// The service hashes this word before the key.
constexpr std::string_view kHashPrefix = "Outliers";

constexpr char kPartEscape = '\0';
constexpr char kPartNul = '\xff';  // after the escape: a 00 of the part
constexpr char kPartEnd = '\0';    // after the escape: the end of the part

struct FreeMd {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetching the algorithm and allocating the context cost several times the hash of a short key: once a
// thread.
struct Md5 {
  // "-fips": the digest places data and protects nothing, so it is wanted where OpenSSL is set to FIPS
  // algorithms too.
  std::unique_ptr<EVP_MD, FreeMd> md{EVP_MD_fetch(nullptr, "MD5", "-fips")};
  std::unique_ptr<EVP_MD_CTX, FreeMd> context{EVP_MD_CTX_new()};
};

Hash hash_of(std::string_view partition_key_bytes) {
  thread_local const Md5 md5;
  Hash hash;
  unsigned size = 0;
  const bool done =
      md5.md && md5.context && EVP_DigestInit_ex2(md5.context.get(), md5.md.get(), nullptr) == 1 &&
      EVP_DigestUpdate(md5.context.get(), kHashPrefix.data(), kHashPrefix.size()) == 1 &&
      EVP_DigestUpdate(md5.context.get(), partition_key_bytes.data(), partition_key_bytes.size()) == 1 &&
      EVP_DigestFinal_ex(md5.context.get(), reinterpret_cast<unsigned char*>(hash.data()), &size) == 1;
  STATOR_ASSERT(done && size == kHashSize, "OpenSSL offers no MD5: is its default provider loaded?");
  return hash;
}

// A key attribute's bytes as a view: S and B lend their own, N is encoded into `number`.
std::string_view attribute_bytes(const AttributeValue& value, std::string& number) {
  if (const std::string* text = value.as_s()) return *text;
  if (const Binary* binary = value.as_b()) return binary->bytes;
  STATOR_ASSERT(value.is(AttributeType::kN), "a key attribute is S, N or B");
  number = value.as_n()->key_bytes();
  return number;
}

uint64_t size_max(bool is_sort_key) { return is_sort_key ? kSortKeySizeMax : kPartitionKeySizeMax; }

// The bytes of one key attribute of `item`, checked.
Result<std::string_view, KeyFailure> checked_bytes(const KeyAttribute& attribute, bool is_sort_key,
                                                   const Item& item, std::string& number) {
  const auto fail = [&](KeyError error, AttributeType actual) {
    return Failure(KeyFailure{error, attribute.name, attribute.type, actual, is_sort_key});
  };
  const AttributeValue* value = item.find(attribute.name);
  if (value == nullptr) return fail(KeyError::kMissing, attribute.type);
  if (!value->is(attribute.type)) return fail(KeyError::kWrongType, value->type());
  const std::string_view bytes = attribute_bytes(*value, number);
  if (bytes.empty()) return fail(KeyError::kEmpty, value->type());
  if (bytes.size() > size_max(is_sort_key)) return fail(KeyError::kTooLong, value->type());
  return bytes;
}

// The value behind a key part; nullopt where no item can have it.
std::optional<AttributeValue> value_of_part(const KeyAttribute& attribute, bool is_sort_key,
                                            std::string bytes) {
  if (bytes.empty() || bytes.size() > size_max(is_sort_key)) return std::nullopt;
  switch (attribute.type) {
    case AttributeType::kS:
      return AttributeValue::s(std::move(bytes));
    case AttributeType::kB:
      return AttributeValue::b(std::move(bytes));
    case AttributeType::kN: {
      auto number = Number::from_key_bytes(bytes);
      if (!number.ok()) return std::nullopt;
      return AttributeValue::n(*number);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string key_attribute_bytes(const AttributeValue& value) {
  std::string number;
  return std::string(attribute_bytes(value, number));
}

std::string partition_hash(std::string_view partition_key_bytes) {
  const Hash hash = hash_of(partition_key_bytes);
  return std::string(hash.data(), hash.size());
}

void append_key_part(std::string& out, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t nul = bytes.find(kPartEscape);
    if (nul == std::string_view::npos) {
      out.append(bytes);
      break;
    }
    out.append(bytes.substr(0, nul + 1));
    out.push_back(kPartNul);
    bytes.remove_prefix(nul + 1);
  }
  out.push_back(kPartEscape);
  out.push_back(kPartEnd);
}

bool take_key_part(std::string_view& in, std::string& bytes) {
  bytes.clear();
  while (true) {
    const size_t escape = in.find(kPartEscape);
    if (escape == std::string_view::npos || escape + 1 == in.size()) return false;
    bytes.append(in.substr(0, escape));
    const char marker = in[escape + 1];
    in.remove_prefix(escape + 2);
    if (marker == kPartEnd) return true;
    if (marker != kPartNul) return false;
    bytes.push_back('\0');
  }
}

Result<std::string, KeyFailure> item_key(const KeySchema& schema, const Item& item) {
  std::string partition_number;
  std::string sort_number;
  auto partition = checked_bytes(schema.partition_key, false, item, partition_number);
  if (!partition.ok()) return Failure(std::move(partition.error()));
  std::string_view sort;
  if (schema.sort_key) {
    auto bytes = checked_bytes(*schema.sort_key, true, item, sort_number);
    if (!bytes.ok()) return Failure(std::move(bytes.error()));
    sort = *bytes;
  }
  const Hash hash = hash_of(*partition);
  std::string key;
  key.reserve(kHashSize + partition->size() + 2 + (schema.sort_key ? sort.size() + 2 : 0));
  key.append(hash.data(), hash.size());
  append_key_part(key, *partition);
  if (schema.sort_key) append_key_part(key, sort);
  return key;
}

Result<std::string, KeyFailure> key_of_key_map(const KeySchema& schema, const Item& key) {
  if (key.size() > (schema.sort_key ? 2u : 1u)) {
    for (const auto& [name, value] : key) {
      if (schema.is_key(name)) continue;
      return Failure(KeyFailure{KeyError::kTooManyMembers, name, value.type(), value.type(), false});
    }
  }
  return item_key(schema, key);
}

std::string partition_prefix(const AttributeValue& partition_key) {
  std::string number;
  const std::string_view bytes = attribute_bytes(partition_key, number);
  const Hash hash = hash_of(bytes);
  std::string prefix;
  prefix.reserve(kHashSize + bytes.size() + 2);
  prefix.append(hash.data(), hash.size());
  append_key_part(prefix, bytes);
  return prefix;
}

std::optional<Item> decode_item_key(const KeySchema& schema, std::string_view key) {
  if (key.size() < kHashSize) return std::nullopt;
  const std::string_view stored_hash = key.substr(0, kHashSize);
  key.remove_prefix(kHashSize);
  Item item;
  std::string bytes;
  if (!take_key_part(key, bytes)) return std::nullopt;
  const Hash hash = hash_of(bytes);
  if (stored_hash != std::string_view(hash.data(), hash.size())) return std::nullopt;
  auto partition = value_of_part(schema.partition_key, false, std::move(bytes));
  if (!partition) return std::nullopt;
  item.set(schema.partition_key.name, std::move(*partition));
  if (schema.sort_key) {
    if (!take_key_part(key, bytes)) return std::nullopt;
    auto sort = value_of_part(*schema.sort_key, true, std::move(bytes));
    if (!sort) return std::nullopt;
    item.set(schema.sort_key->name, std::move(*sort));
  }
  if (!key.empty()) return std::nullopt;
  return item;
}

}  // namespace stator::model
