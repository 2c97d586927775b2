// Goal: item records come back as they were written, stay byte for byte what they are on disks already, and
// no damage to one is ever read as an item, crashes the reader, or makes it allocate what the bytes do not
// hold.
#include "model/item_record.h"

#include <capnp/message.h>

#include "model/byte_order.h"
#include "model/checksum.h"
#include "model/item_codec.h"
#include "model/key.h"
#include "model/size.h"
#include "schemas/item.capnp.h"
#include "tests/unit/model/golden.h"

namespace stator::model {
namespace {

Number n(std::string_view text) { return *Number::parse(text); }

ItemRecordHeader a_header(const Item& item) {
  ItemRecordHeader header;
  header.version_index = 0x0102030405060708;
  header.version_ordinal = 0x090a;
  header.origin_region = 0;
  header.stamp = Stamp{1'700'000'000'000'000};
  header.schema_version = 3;
  header.item_bytes = static_cast<uint32_t>(size_bytes(item));
  return header;
}

// The example of docs/storage_format.md.
Item small_item() { return {{"pk", AttributeValue::s("user#1")}, {"visits", AttributeValue::n(n("-12.5"))}}; }

Item item_of_all_types() {
  return {
      {"s", AttributeValue::s(std::string("a\0\xc3\xa9", 4))},
      {"s-empty", AttributeValue::s("")},
      {"n", AttributeValue::n(n("-1234567890123456789012345678.9012345678"))},
      {"n-zero", AttributeValue::n(0)},
      {"b", AttributeValue::b("\xff\x01")},
      {"bool", AttributeValue::boolean(true)},
      {"null", AttributeValue::null()},
      {"m", AttributeValue::m({{"x", AttributeValue::m({})}, {"y", AttributeValue::l({})}})},
      {"l", AttributeValue::l({AttributeValue::boolean(false), AttributeValue::s("nine bytes")})},
      {"ss", AttributeValue(AttributeValue::Variant(StringSet{{"", "a", "b"}}))},
      {"ns", AttributeValue(AttributeValue::Variant(NumberSet{{n("-1"), n("1E-130"), n("1E125")}}))},
      {"bs", AttributeValue(AttributeValue::Variant(BinarySet{{std::string("\0", 1), "\xff"}}))},
  };
}

const KeySchema kSchema = {{"pk", AttributeType::kS}, std::nullopt};

std::string small_key() { return *item_key(kSchema, small_item()); }

void expect_same(const ItemRecordHeader& a, const ItemRecordHeader& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.key_id, b.key_id);
  EXPECT_EQ(a.version_index, b.version_index);
  EXPECT_EQ(a.version_ordinal, b.version_ordinal);
  EXPECT_EQ(a.origin_region, b.origin_region);
  EXPECT_EQ(a.stamp, b.stamp);
  EXPECT_EQ(a.schema_version, b.schema_version);
  EXPECT_EQ(a.item_bytes, b.item_bytes);
}

// Changes fixed fields of a record and makes its checksum right again.
std::string resealed(std::string_view key, std::string record, size_t at, uint8_t value) {
  record[at] = static_cast<char>(value);
  const std::string_view view = record;
  store_little_endian(record.data() + 44, checksum_of({key, view.substr(0, 44), view.substr(52)}));
  return record;
}

TEST(ItemRecord, GoldenBytes) {
  expect_golden("item_record_small", encode_item_record(small_key(), a_header(small_item()), small_item()));
  expect_golden("item_record_all_types",
                encode_item_record("the key", a_header(item_of_all_types()), item_of_all_types()));
  ItemRecordHeader tombstone = a_header({});
  tombstone.kind = RecordKind::kTombstone;
  tombstone.origin_region = 7;
  expect_golden("item_record_tombstone", encode_item_record("the key", tombstone, {}));
}

TEST(ItemRecord, GoldenBytesAreRead) {
  auto small = decode_item_record(small_key(), read_golden("item_record_small"));
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(small->item, small_item());
  expect_same(small->header, a_header(small_item()));
  auto all = decode_item_record("the key", read_golden("item_record_all_types"));
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->item, item_of_all_types());
  auto tombstone = decode_item_record("the key", read_golden("item_record_tombstone"));
  ASSERT_TRUE(tombstone.ok());
  EXPECT_EQ(tombstone->header.kind, RecordKind::kTombstone);
  EXPECT_EQ(tombstone->header.origin_region, 7);
  EXPECT_TRUE(tombstone->item.empty());
}

TEST(ItemRecord, RandomItemsRoundTrip) {
  SeededRandom random;
  for (int round = 0; round < 5'000; ++round) {
    const Item item = random.item();
    const std::string key = random.bytes(40);
    ItemRecordHeader header;
    header.version_index = random.below(UINT64_MAX);
    header.version_ordinal = static_cast<uint16_t>(random.below(65536));
    header.origin_region = static_cast<uint16_t>(random.below(65536));
    header.stamp = Stamp{random.below(UINT64_MAX)};
    header.schema_version = static_cast<uint32_t>(random.below(UINT32_MAX));
    header.item_bytes = static_cast<uint32_t>(size_bytes(item));
    const std::string record = encode_item_record(key, header, item);
    auto back = decode_item_record(key, record);
    ASSERT_TRUE(back.ok()) << record_error_text(back.error());
    ASSERT_EQ(back->item, item);
    expect_same(back->header, header);
    auto alone = decode_item_record_header(key, record);
    ASSERT_TRUE(alone.ok());
    expect_same(*alone, header);
    // At any alignment.
    const std::string shifted = "x" + record;
    ASSERT_EQ(decode_item_record(key, std::string_view(shifted).substr(1))->item, item);
  }
}

TEST(ItemRecord, TheLargestItems) {
  // 400 KB in one value, and as 200 k elements, where the message is 8 times the item.
  for (const Item& item : {Item{{"pk", AttributeValue::s(std::string(400 * 1024 - 2, 'x'))}},
                           Item{{"pk", AttributeValue::l(AttributeList(204'000, AttributeValue::null()))}}}) {
    const std::string record = encode_item_record("k", a_header(item), item);
    auto back = decode_item_record("k", record);
    ASSERT_TRUE(back.ok());
    EXPECT_TRUE(back->item == item);
  }
}

TEST(ItemRecord, NestsAsDeepAsItsBound) {
  for (const bool maps : {true, false}) {
    AttributeValue value = AttributeValue::s("bottom");
    for (uint32_t depth = 0; depth < kRecordNestingMax; ++depth) {
      value = maps ? AttributeValue::m({{"d", value}}) : AttributeValue::l({value});
    }
    const Item item = {{"deep", value}};
    auto back = decode_item_record("k", encode_item_record("k", a_header(item), item));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->item, item);
    const Item deeper = {{"deep", AttributeValue::l({value})}};
    EXPECT_DEATH(encode_item_record("k", {}, deeper), "nesting");
  }
}

TEST(ItemRecordDamage, EveryFlippedBitIsAnError) {
  for (const Item& item : {small_item(), item_of_all_types(), Item{}}) {
    const std::string record = encode_item_record("the key", a_header(item), item);
    for (size_t at = 0; at < record.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = record;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        ASSERT_FALSE(decode_item_record("the key", damaged).ok()) << "byte " << at << " bit " << bit;
        ASSERT_FALSE(decode_item_record_header("the key", damaged).ok()) << "byte " << at << " bit " << bit;
      }
    }
  }
}

TEST(ItemRecordDamage, EveryOtherLengthIsAnError) {
  const std::string record =
      encode_item_record("the key", a_header(item_of_all_types()), item_of_all_types());
  for (size_t length = 0; length < record.size(); ++length) {
    auto result = decode_item_record("the key", std::string_view(record).substr(0, length));
    ASSERT_FALSE(result.ok()) << length;
    ASSERT_EQ(result.error(), RecordError::kTruncated) << length;
  }
  EXPECT_EQ(decode_item_record("the key", record + '\0').error(), RecordError::kMalformed);
}

TEST(ItemRecordDamage, ARecordUnderAnotherKeyIsFound) {
  const std::string record = encode_item_record("the key", a_header(small_item()), small_item());
  for (const char* key : {"", "the ke", "the key ", "thE key"}) {
    EXPECT_EQ(decode_item_record(key, record).error(), RecordError::kChecksum) << key;
  }
}

TEST(ItemRecordDamage, WhatALaterVersionWroteIsRefused) {
  const std::string record = encode_item_record("k", a_header(small_item()), small_item());
  ASSERT_TRUE(decode_item_record("k", resealed("k", record, 0, 1)).ok());
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 0, 2)).error(), RecordError::kUnknownFormat);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 1, 0)).error(), RecordError::kUnknownFormat);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 1, 4)).error(), RecordError::kUnknownFormat);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 2, 2)).error(), RecordError::kUnknownFormat);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 3, 1)).error(), RecordError::kUnknownFormat);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 38, 1)).error(), RecordError::kUnknownFormat);
  // A tombstone with a payload, an item without a codec.
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 1, 2)).error(), RecordError::kMalformed);
  EXPECT_EQ(decode_item_record("k", resealed("k", record, 2, 0)).error(), RecordError::kMalformed);
  // Sealed under a key: the header can be read, the item cannot.
  const std::string sealed = resealed("k", record, 4, 1);
  EXPECT_EQ(decode_item_record("k", sealed).error(), RecordError::kUnknownFormat);
  ASSERT_TRUE(decode_item_record_header("k", sealed).ok());
  EXPECT_EQ(decode_item_record_header("k", sealed)->key_id, 1u);
}

TEST(ItemRecord, AnExtensionWithoutAFlagIsSkipped) {
  std::string record = encode_item_record("k", a_header(small_item()), small_item());
  record.insert(52, "extra");
  record[36] = 5;
  record = resealed("k", record, 36, 5);
  auto back = decode_item_record("k", record);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->item, small_item());
}

// --- payloads with a right checksum and wrong contents ---

template <class Fill>
bool payload_accepted(Fill&& fill) {
  capnp::MallocMessageBuilder builder(1 << 16);
  fill(builder.initRoot<schemas::Item>());
  const auto segments = builder.getSegmentsForOutput();
  EXPECT_EQ(segments.size(), 1u);
  const auto bytes = segments[0].asBytes();
  Item item;
  return read_item_payload({reinterpret_cast<const char*>(bytes.begin()), bytes.size()}, item);
}

capnp::Data::Reader as_data(std::string_view text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

bool names_accepted(const std::vector<std::string_view>& names) {
  return payload_accepted([&](schemas::Item::Builder root) {
    auto list = root.initAttributes(static_cast<unsigned>(names.size()));
    for (unsigned i = 0; i < names.size(); ++i) {
      list[i].setName(as_data(names[i]));
      list[i].initValue().setNull();
    }
  });
}

template <class Fill>
bool value_accepted(Fill&& fill) {
  return payload_accepted([&](schemas::Item::Builder root) {
    auto list = root.initAttributes(1);
    list[0].setName(as_data("a"));
    fill(list[0].initValue());
  });
}

TEST(ItemPayload, NamesInOrderEachOnce) {
  EXPECT_TRUE(names_accepted({}));
  EXPECT_TRUE(names_accepted({"", "a", "b"}));
  EXPECT_FALSE(names_accepted({"b", "a"}));
  EXPECT_FALSE(names_accepted({"a", "a"}));
  EXPECT_FALSE(names_accepted({"\xff", "a"}));
}

TEST(ItemPayload, NumbersAreCanonical) {
  const auto accepted = [](uint64_t high, uint64_t low, int16_t exponent, bool negative) {
    return value_accepted([&](schemas::AttributeValue::Builder value) {
      auto number = value.initN();
      number.setHigh(high);
      number.setLow(low);
      number.setExponent(exponent);
      number.setNegative(negative);
    });
  };
  EXPECT_TRUE(accepted(0, 0, 0, false));
  EXPECT_TRUE(accepted(0, 15, 124, true));
  EXPECT_FALSE(accepted(0, 0, 0, true));
  EXPECT_FALSE(accepted(0, 0, 5, false));
  EXPECT_FALSE(accepted(0, 10, 0, false));
  EXPECT_FALSE(accepted(0, 15, 125, false));
  EXPECT_FALSE(accepted(0, 1, -131, false));
  EXPECT_FALSE(accepted(~uint64_t{0}, ~uint64_t{0}, 0, false));
}

TEST(ItemPayload, SetsAreSortedAndNotEmpty) {
  const auto strings = [](const std::vector<std::string_view>& members, bool binary) {
    return value_accepted([&](schemas::AttributeValue::Builder value) {
      const auto count = static_cast<unsigned>(members.size());
      auto list = binary ? value.initBs(count) : value.initSs(count);
      for (unsigned i = 0; i < count; ++i) list.set(i, as_data(members[i]));
    });
  };
  for (const bool binary : {false, true}) {
    EXPECT_TRUE(strings({""}, binary));
    EXPECT_TRUE(strings({"a", "b"}, binary));
    EXPECT_FALSE(strings({}, binary));
    EXPECT_FALSE(strings({"b", "a"}, binary));
    EXPECT_FALSE(strings({"a", "a"}, binary));
  }
  const auto numbers = [](const std::vector<uint64_t>& members) {
    return value_accepted([&](schemas::AttributeValue::Builder value) {
      auto list = value.initNs(static_cast<unsigned>(members.size()));
      for (unsigned i = 0; i < members.size(); ++i) list[i].setLow(members[i]);
    });
  };
  EXPECT_TRUE(numbers({0, 1, 2}));
  EXPECT_FALSE(numbers({}));
  EXPECT_FALSE(numbers({2, 1}));
  EXPECT_FALSE(numbers({1, 1}));
  EXPECT_FALSE(numbers({1, 20}));
}

TEST(ItemPayload, NestingBeyondTheBoundIsRefused) {
  const auto nested = [](uint32_t levels) {
    return value_accepted([&](schemas::AttributeValue::Builder value) {
      for (uint32_t i = 0; i < levels; ++i) value = value.initL(1)[0];
      value.setNull();
    });
  };
  EXPECT_TRUE(nested(kRecordNestingMax));
  EXPECT_FALSE(nested(kRecordNestingMax + 1));
  EXPECT_FALSE(nested(1000));
}

TEST(ItemPayload, ListsThatClaimMoreThanTheBytesHold) {
  // Words as text: a root with one pointer, then its list of attributes.
  const char* hostile[] = {
      "0000000000000100 0100000007000000 fcffffff00000000",  // 2^30 - 1 structs of no size
      "0000000000000100 01000000f8ffffff",                   // 2^29 - 1 elements of no size
      "0000000000000100 01000000faffffff",                   // as many bytes, beyond the end
      "0000000000000100 fdffffff07000000",                   // a list that begins at its own pointer
      "0000000000000100 0200000000000000",                   // a far pointer into itself
      "0000000000000100",                                    // nothing behind the root
      "0300000000000000",                                    // a capability
  };
  Item item;
  for (const char* text : hostile) EXPECT_FALSE(read_item_payload(unhex(text), item)) << text;
  EXPECT_FALSE(read_item_payload("", item));
  EXPECT_FALSE(read_item_payload("1234567", item));
  // A list of bytes can be read as a list of structs, an element a byte: more than elements of ours ever come
  // to.
  std::string payload;
  append_item_payload(payload, {{"a", AttributeValue::s(std::string(4096, '\0'))}});
  const size_t type_at = 48;  // behind the root, the item, the list's tag, one attribute and its name
  ASSERT_EQ(payload[type_at], 0);
  ASSERT_TRUE(read_item_payload(payload, item));
  payload[type_at] = 6;  // L instead of S
  EXPECT_FALSE(read_item_payload(payload, item));
}

TEST(ItemPayload, DamagedPayloadsNeverCrashNorReadAsAnythingUncanonical) {
  SeededRandom random;
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string payload;
    append_item_payload(payload, random.item(4, 3));
    const uint64_t changes = 1 + random.below(3);
    for (uint64_t i = 0; i < changes; ++i) {
      payload[random.below(payload.size())] =
          static_cast<char>(random.one_in(2) ? random.below(8) : random.below(256));
    }
    Item item;
    if (!read_item_payload(payload, item)) continue;
    ++accepted;
    // What was accepted is an item: it can be written, and is the same when read.
    std::string again;
    append_item_payload(again, item);
    Item back;
    ASSERT_TRUE(read_item_payload(again, back));
    ASSERT_EQ(back, item);
  }
  EXPECT_GT(accepted, 100) << "the damage no longer leaves anything readable: too coarse to test the reader";
}

}  // namespace
}  // namespace stator::model
