// Goal: item keys sort as items sort, hold what they were made of, name what is wrong with attributes that
// cannot be keys; and ranges of keys cover the hash space without gap or overlap.
#include "model/key.h"

#include <algorithm>
#include <thread>

#include "model/limits.h"
#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

const KeySchema kHashOnly = {{"pk", AttributeType::kS}, std::nullopt};
const KeySchema kWithNumber = {{"pk", AttributeType::kB}, KeyAttribute{"sk", AttributeType::kN}};

Number n(std::string_view text) { return *Number::parse(text); }

KeyFailure failure(const KeySchema& schema, const Item& item) {
  auto key = item_key(schema, item);
  EXPECT_FALSE(key.ok());
  return key.ok() ? KeyFailure{} : key.error();
}

TEST(PartitionHash, IsMd5OfOutliersAndTheKeysBytes) {
  EXPECT_EQ(hex(partition_hash("hello")), "8f051e5595141045598371ff05e3cc9d");
  EXPECT_EQ(hex(partition_hash(n("0").key_bytes())), "ce212d751674ab5d7a4c2add6a1b39b8");
  EXPECT_EQ(hex(partition_hash(n("1.0").key_bytes())), "c3a0310aed78739b8c9c4133f23ed717");
}

TEST(PartitionHash, FromManyThreads) {
  std::vector<std::thread> threads;
  std::vector<std::string> hashes(4);
  for (size_t i = 0; i < hashes.size(); ++i) {
    threads.emplace_back([&hashes, i] {
      for (int round = 0; round < 1000; ++round)
        hashes[i] = partition_hash(round % 2 == 0 ? "other" : "hello");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& hash : hashes) EXPECT_EQ(hex(hash), "8f051e5595141045598371ff05e3cc9d");
}

TEST(KeyPart, EscapesAndEnds) {
  std::string out = "x";
  append_key_part(out, std::string_view("a\0b\0", 4));
  EXPECT_EQ(hex(out),
            "7861"
            "00ff"
            "62"
            "00ff"
            "0000");
  std::string empty;
  append_key_part(empty, "");
  EXPECT_EQ(hex(empty), "0000");
}

TEST(KeyPart, RoundTripsAndKeepsOrder) {
  SeededRandom random;
  for (int round = 0; round < 20'000; ++round) {
    const std::string a = random.bytes(6);
    const std::string b = random.one_in(3) ? a + random.bytes(2) : random.bytes(6);
    std::string part_a, part_b;
    append_key_part(part_a, a);
    append_key_part(part_b, b);
    ASSERT_EQ(part_a < part_b, a < b) << hex(a) << " " << hex(b);
    std::string both = part_a + part_b + "rest";
    std::string_view in = both;
    std::string back;
    ASSERT_TRUE(take_key_part(in, back));
    ASSERT_EQ(back, a);
    ASSERT_TRUE(take_key_part(in, back));
    ASSERT_EQ(back, b);
    ASSERT_EQ(in, "rest");
  }
}

TEST(KeyPart, RefusesWhatHasNoEnd) {
  for (const char* text : {"", "61", "00", "6100", "00ff", "0001", "00ff00", "6100fe0000"}) {
    const std::string bytes = unhex(text);
    std::string_view in = bytes;
    std::string out;
    EXPECT_FALSE(take_key_part(in, out)) << text;
  }
}

TEST(ItemKey, HashThenParts) {
  const Item item = {{"pk", AttributeValue::s("hello")}, {"other", AttributeValue::null()}};
  auto key = item_key(kHashOnly, item);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(hex(*key),
            "8f051e5595141045598371ff05e3cc9d"
            "68656c6c6f"
            "0000");
  EXPECT_EQ(*key, partition_prefix(AttributeValue::s("hello")));
  const Item ranged = {{"pk", AttributeValue::b(std::string("\0\x01", 2))},
                       {"sk", AttributeValue::n(n("-0.5"))}};
  key = item_key(kWithNumber, ranged);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(hex(*key).substr(32),
            "00ff01"
            "0000"
            "3f3366"
            "0000");
  EXPECT_TRUE(key->starts_with(partition_prefix(AttributeValue::b(std::string("\0\x01", 2)))));
  EXPECT_EQ(key_attribute_bytes(AttributeValue::n(n("-0.5"))), unhex("3f3366"));
}

TEST(ItemKey, RoundTripsAndSortsByPartitionThenSortKey) {
  SeededRandom random;
  const auto random_item = [&random] {
    return Item{{"pk", AttributeValue::b(random.one_in(2) ? "same" : "p" + random.bytes(3))},
                {"sk", AttributeValue::n(random.number())}};
  };
  for (int round = 0; round < 5'000; ++round) {
    const Item a = random_item();
    const Item b = random_item();
    const std::string key_a = *item_key(kWithNumber, a);
    const std::string key_b = *item_key(kWithNumber, b);
    const std::string& pk_a = a.find("pk")->as_b()->bytes;
    const std::string& pk_b = b.find("pk")->as_b()->bytes;
    if (pk_a == pk_b) {
      ASSERT_EQ(key_a < key_b, *a.find("sk")->as_n() < *b.find("sk")->as_n());
    } else {
      ASSERT_EQ(key_a < key_b, partition_hash(pk_a) < partition_hash(pk_b));
    }
    ASSERT_EQ(decode_item_key(kWithNumber, key_a), a);
  }
}

TEST(ItemKey, SaysWhatIsWrong) {
  KeyFailure missing = failure(kHashOnly, {});
  EXPECT_EQ(missing.error, KeyError::kMissing);
  EXPECT_EQ(missing.attribute, "pk");
  EXPECT_FALSE(missing.is_sort_key);

  KeyFailure wrong = failure(kWithNumber, {{"pk", AttributeValue::b("x")}, {"sk", AttributeValue::s("1")}});
  EXPECT_EQ(wrong.error, KeyError::kWrongType);
  EXPECT_EQ(wrong.attribute, "sk");
  EXPECT_EQ(wrong.expected, AttributeType::kN);
  EXPECT_EQ(wrong.actual, AttributeType::kS);
  EXPECT_TRUE(wrong.is_sort_key);

  EXPECT_EQ(failure(kHashOnly, {{"pk", AttributeValue::s("")}}).error, KeyError::kEmpty);
  EXPECT_EQ(failure(kWithNumber, {{"pk", AttributeValue::b("")}, {"sk", AttributeValue::n(1)}}).error,
            KeyError::kEmpty);
}

TEST(ItemKey, BoundsItsSizes) {
  const auto partition = [](size_t size) { return Item{{"pk", AttributeValue::s(std::string(size, 'x'))}}; };
  EXPECT_TRUE(item_key(kHashOnly, partition(2048)).ok());
  EXPECT_EQ(failure(kHashOnly, partition(2049)).error, KeyError::kTooLong);
  const KeySchema strings = {{"pk", AttributeType::kS}, KeyAttribute{"sk", AttributeType::kB}};
  const auto sorted = [](size_t size) {
    return Item{{"pk", AttributeValue::s("x")}, {"sk", AttributeValue::b(std::string(size, '\0'))}};
  };
  EXPECT_TRUE(item_key(strings, sorted(1024)).ok());
  EXPECT_EQ(failure(strings, sorted(1025)).error, KeyError::kTooLong);
  EXPECT_TRUE(failure(strings, sorted(1025)).is_sort_key);
  EXPECT_EQ(decode_item_key(strings, *item_key(strings, sorted(1024))), sorted(1024));
}

TEST(KeyMap, HoldsTheKeyAndNothingElse) {
  const AttributeValue x = AttributeValue::s("x");
  EXPECT_TRUE(key_of_key_map(kHashOnly, {{"pk", x}}).ok());
  EXPECT_EQ(key_of_key_map(kHashOnly, {{"pk", x}}).value(),
            item_key(kHashOnly, {{"pk", x}, {"a", x}}).value());
  auto more = key_of_key_map(kHashOnly, {{"pk", x}, {"other", x}});
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().error, KeyError::kTooManyMembers);
  EXPECT_EQ(more.error().attribute, "other");
  EXPECT_EQ(key_of_key_map(kHashOnly, {}).error().error, KeyError::kMissing);
  EXPECT_EQ(key_of_key_map(kHashOnly, {{"other", x}}).error().error, KeyError::kMissing);
  EXPECT_EQ(key_of_key_map(kWithNumber, {{"pk", AttributeValue::b("x")}, {"zz", x}}).error().attribute, "sk");
}

TEST(DecodeItemKey, RefusesDamage) {
  const std::string key =
      *item_key(kWithNumber, {{"pk", AttributeValue::b("part")}, {"sk", AttributeValue::n(n("12.5"))}});
  ASSERT_TRUE(decode_item_key(kWithNumber, key));
  for (size_t length = 0; length < key.size(); ++length) {
    EXPECT_FALSE(decode_item_key(kWithNumber, std::string_view(key).substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_item_key(kWithNumber, key + "x"));
  EXPECT_FALSE(decode_item_key(kHashOnly, key));
  for (size_t at = 0; at < kHashSize + 6; ++at) {
    std::string damaged = key;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(decode_item_key(kWithNumber, damaged)) << at;
  }
  const std::string empty = partition_hash("") + unhex("0000");
  EXPECT_FALSE(decode_item_key(kHashOnly, empty));
  const std::string long_text(kPartitionKeySizeMax + 1, 'x');
  EXPECT_FALSE(decode_item_key(kHashOnly, partition_hash(long_text) + long_text + unhex("0000")));
}

TEST(KeyRange, Contains) {
  const KeyRange range{"b", "d"};
  EXPECT_FALSE(range.contains("a"));
  EXPECT_TRUE(range.contains("b"));
  EXPECT_TRUE(range.contains("czzz"));
  EXPECT_FALSE(range.contains("d"));
  EXPECT_TRUE((KeyRange{"b", ""}).contains("\xff\xff"));
  EXPECT_TRUE((KeyRange{}).contains(""));
}

TEST(PrefixEnd, IsTheSmallestStringAbove) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\x7f"), "\x80");
  EXPECT_EQ(prefix_end("\xfe\xff\xff"), "\xff");
  EXPECT_EQ(prefix_end("\xff\xff"), "");
  EXPECT_EQ(prefix_end(""), "");
}

TEST(SegmentRange, CoversTheHashSpaceInOrder) {
  for (const uint32_t total : {1u, 2u, 3u, 7u, 16u, 1000u, 999'999u, kScanSegmentsMax}) {
    EXPECT_EQ(segment_range(0, total).from, "");
    EXPECT_EQ(segment_range(total - 1, total).to, "");
    const uint32_t step = std::max(1u, total / 1000);
    for (uint32_t segment = 0; segment + 1 < total; segment += step) {
      const KeyRange range = segment_range(segment, total);
      const KeyRange next = segment_range(segment + 1, total);
      ASSERT_EQ(range.to.size(), kHashSize);
      ASSERT_EQ(range.to, next.from);
      ASSERT_LT(range.from, range.to);
    }
  }
}

TEST(SegmentRange, SplitsEvenly) {
  EXPECT_EQ(hex(segment_range(1, 2).from), "80000000000000000000000000000000");
  EXPECT_EQ(hex(segment_range(1, 4).from), "40000000000000000000000000000000");
  EXPECT_EQ(hex(segment_range(3, 4).from), "c0000000000000000000000000000000");
  EXPECT_EQ(hex(segment_range(1, 3).from), "55555555555555555555555555555555");
  EXPECT_EQ(hex(segment_range(2, 3).from), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  EXPECT_EQ(hex(segment_range(999'999, 1'000'000).from), "ffffef39085f4a1272c94b380cb6c7a7");
}

TEST(Intersect, CommonPart) {
  using Range = std::optional<KeyRange>;
  EXPECT_EQ(intersect({"a", "m"}, {"c", "z"}), Range(KeyRange{"c", "m"}));
  EXPECT_EQ(intersect({"c", "z"}, {"a", "m"}), Range(KeyRange{"c", "m"}));
  EXPECT_EQ(intersect({"a", ""}, {"c", "z"}), Range(KeyRange{"c", "z"}));
  EXPECT_EQ(intersect({"a", ""}, {"c", ""}), Range(KeyRange{"c", ""}));
  EXPECT_EQ(intersect({}, {}), Range(KeyRange{}));
  EXPECT_EQ(intersect({"a", "c"}, {"c", "d"}), std::nullopt);
  EXPECT_EQ(intersect({"d", ""}, {"a", "c"}), std::nullopt);
}

}  // namespace
}  // namespace stator::model
