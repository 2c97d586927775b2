// Goal: keys and rows on disk keep their bytes (golden), and keys sort as reads need them.
#include "storage/key_layout.h"

#include <gtest/gtest.h>

#include "storage/log_rows.h"

namespace stator::storage {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kHex[c & 15]);
  }
  return out;
}

const ReplicaAddress kReplica{PartitionId(0x0102), ReplicaId(3)};

TEST(KeyLayout, GoldenKeys) {
  EXPECT_EQ(
      "0000000000000007"
      "01"
      "6b6579",
      hex(row_key(SpaceId(7), RowKind::kItem, "key")));
  EXPECT_EQ(
      "0000000000000000"
      "01"
      "0000000000000102",
      hex(partition_state_key(PartitionId(0x0102))));
  EXPECT_EQ(
      "0000000000000000"
      "02"
      "0000000000000007",
      hex(space_key(SpaceId(7))));
  EXPECT_EQ(
      "0000000000000000"
      "03",
      hex(next_space_key()));
  EXPECT_EQ(
      "0000000000000102"
      "0000000000000003"
      "01",
      hex(log_key(kReplica, LogRowKind::kHardState)));
  EXPECT_EQ(
      "0000000000000102"
      "0000000000000003"
      "04"
      "0000000000000100",
      hex(entry_key(kReplica, 256)));
  EXPECT_EQ(
      "ffffffffffffffffffffffffffffffff"
      "01",
      hex(incarnation_key()));
}

TEST(KeyLayout, EntriesSortByIndexWithinTheirReplica) {
  EXPECT_LT(entry_key(kReplica, 255), entry_key(kReplica, 256));
  EXPECT_LT(entry_key(kReplica, UINT64_MAX), log_key(kReplica, LogRowKind::kRemoved));
  EXPECT_LT(log_key(kReplica, LogRowKind::kMinimumReplica),
            log_key({PartitionId(0x0102), ReplicaId(4)}, LogRowKind::kHardState));
  EXPECT_LT(log_key(kReplica, LogRowKind::kMinimumReplica), incarnation_key());
}

TEST(KeyLayout, ParsesOnlyItsOwnKeys) {
  const auto key = parse_log_key(entry_key(kReplica, 256));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(kReplica, key->address);
  EXPECT_EQ(LogRowKind::kEntry, key->kind);
  EXPECT_EQ(256U, key->index);
  EXPECT_FALSE(parse_log_key(entry_key(kReplica, 256).substr(0, 20)).has_value());
  EXPECT_FALSE(parse_log_key(log_key(kReplica, static_cast<LogRowKind>(9))).has_value());
  EXPECT_FALSE(parse_log_key("").has_value());
}

TEST(LogRows, GoldenBytes) {
  EXPECT_EQ(
      "0100000000000000"
      "0500000000000000"
      "0300000000000000"
      "cce534fbd291f2d4",
      hex(encode_hard_state("k", {5, ReplicaId(3)})));
  EXPECT_EQ(
      "0100000000000000"
      "0900000000000000"
      "0200000000000000"
      "0400000000000000"
      "01000000"
      "01000000"
      "0300000000000000"
      "0800000000000000"
      "4d1532eca0037163",
      hex(encode_base("k", {{9, 2, {{ReplicaId(3)}, {ReplicaId(8)}}}, 4})));
  EXPECT_EQ(
      "0100000000000000"
      "0900000000000000"
      "7fa922ccac481721",
      hex(encode_number("k", 9)));
  EXPECT_EQ(
      "0100000000000000"
      "0100000000000000"
      "0900000000000000"
      "71e70d68788b744e",
      hex(encode_range("k", {1, 9})));
  std::string out;
  encode_entry("k", {7, 2, raft::EntryKind::kMembership, std::make_shared<const std::string>("data")}, out);
  EXPECT_EQ(
      "0103000000000000"
      "0200000000000000"
      "14fedc0204a4eba8"
      "64617461",
      hex(out));
}

TEST(LogRows, EveryFlippedBitIsFoundAndSoIsAWrongPlace) {
  const auto flips = [](const std::string& row, const auto& decodes) {
    EXPECT_TRUE(decodes("key", row));
    EXPECT_FALSE(decodes("kez", row));
    EXPECT_FALSE(decodes("key", row.substr(0, row.size() - 1)));
    EXPECT_FALSE(decodes("key", ""));
    for (size_t bit = 0; bit < row.size() * 8; ++bit) {
      std::string bad = row;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(decodes("key", bad)) << bit;
    }
  };
  using View = std::string_view;
  flips(encode_hard_state("key", {5, ReplicaId(3)}),
        [](View k, View v) { return decode_hard_state(k, v).has_value(); });
  flips(encode_base("key", {{9, 2, {{ReplicaId(3), ReplicaId(4)}, {}}}, 4}),
        [](View k, View v) { return decode_base(k, v).has_value(); });
  flips(encode_number("key", 9), [](View k, View v) { return decode_number(k, v).has_value(); });
  flips(encode_range("key", {1, 9}), [](View k, View v) { return decode_range(k, v).has_value(); });
  std::string out;
  encode_entry("key", {7, 2, raft::EntryKind::kNormal, std::make_shared<const std::string>("data")}, out);
  flips(out, [](View k, View v) { return decode_entry(k, v).has_value(); });
}

TEST(LogRows, RoundTrips) {
  const BaseRow base{{9, 2, {{ReplicaId(3), ReplicaId(5)}, {ReplicaId(8)}}}, 4};
  const auto decoded = decode_base("k", encode_base("k", base));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(base.base, decoded->base);
  EXPECT_EQ(4U, decoded->physical_first);
  std::string out;
  encode_entry("k", {7, 2, raft::EntryKind::kNoop, nullptr}, out);
  const auto entry = decode_entry("k", out);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(2U, entry->term);
  EXPECT_EQ(raft::EntryKind::kNoop, entry->kind);
  EXPECT_EQ("", *entry->data);
}

}  // namespace
}  // namespace stator::storage
