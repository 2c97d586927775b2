// Goal: when an item expires follows the service's rules, whatever the attribute holds, and the rows that say so sort by time.
#include "model/expiry.h"

#include <gtest/gtest.h>

namespace stator::model {
namespace {

const TimeToLive kEnabled{"expires", true, {}};

Item item_with(AttributeValue value) {
  Item item;
  item.set("k", AttributeValue::s("a"));
  item.set("expires", std::move(value));
  return item;
}

AttributeValue number(std::string_view text) { return AttributeValue::n(Number::parse(text).value()); }

TEST(Expiry, IsTheWholePartOfAPositiveNumber) {
  EXPECT_EQ(expiry_seconds(kEnabled, item_with(number("1700000000"))), 1'700'000'000u);
  EXPECT_EQ(expiry_seconds(kEnabled, item_with(number("1700000000.999"))), 1'700'000'000u);
  EXPECT_EQ(expiry_seconds(kEnabled, item_with(number("17E8"))), 1'700'000'000u);
  EXPECT_EQ(expiry_seconds(kEnabled, item_with(number("4294967295"))), 4'294'967'295u);
}

TEST(Expiry, OfEverythingElseThereIsNone) {
  for (const char* text : {"0", "-5", "0.4", "4294967296", "1E125", "1E-130"})
    EXPECT_FALSE(expiry_seconds(kEnabled, item_with(number(text)))) << text;
  EXPECT_FALSE(expiry_seconds(kEnabled, item_with(AttributeValue::s("1700000000"))));
  EXPECT_FALSE(expiry_seconds(kEnabled, Item{}));
  TimeToLive off = kEnabled;
  off.enabled = false;
  EXPECT_FALSE(expiry_seconds(off, item_with(number("1700000000"))));
}

TEST(Expiry, HasComeUnlessItCameYearsAgo) {
  const Stamp now{1'700'000'000'000'000};
  EXPECT_TRUE(has_expired(1'700'000'000, now));
  EXPECT_FALSE(has_expired(1'700'000'001, now));
  EXPECT_TRUE(has_expired(1'700'000'000 - 4 * 366 * 24 * 3600, now));
  EXPECT_FALSE(has_expired(1'700'000'000 - 6 * 365 * 24 * 3600, now));
}

TEST(ExpiryKey, SortsByTimeAndComesBack) {
  const std::string early(20, 'z');
  const std::string late(20, 'a');
  EXPECT_LT(encode_expiry_key(255, early), encode_expiry_key(256, late));
  const std::string key = encode_expiry_key(1'700'000'000, early);
  const auto back = decode_expiry_key(key);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seconds, 1'700'000'000u);
  EXPECT_EQ(back->item_key, early);
  EXPECT_FALSE(decode_expiry_key(key.substr(0, 19)));
}

}  // namespace
}  // namespace stator::model
