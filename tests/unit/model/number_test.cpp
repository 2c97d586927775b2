// Goal: Number is exact, canonical and ordered over its whole range, and its key bytes are the service's.
// Arithmetic and order are compared with a slow fixed-point reference that knows nothing of coefficients and
// exponents.
#include "model/number.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <random>
#include <sstream>

#include "model/number_digits.h"
#include "tests/unit/model/model_testing.h"

namespace stator::model {
namespace {

Number n(std::string_view text) {
  auto number = Number::parse(text);
  EXPECT_TRUE(number.ok()) << text.substr(0, 80);
  return number.ok() ? *number : Number();
}

std::string sum_text(std::string_view a, std::string_view b) {
  auto sum = Number::add(n(a), n(b));
  return sum.ok() ? sum->to_string() : "error " + std::to_string(static_cast<int>(sum.error()));
}

std::string difference_text(std::string_view a, std::string_view b) {
  auto difference = Number::subtract(n(a), n(b));
  return difference.ok() ? difference->to_string()
                         : "error " + std::to_string(static_cast<int>(difference.error()));
}

const std::string kNines38(38, '9');

TEST(NumberParse, GivesTheCanonicalText) {
  const std::pair<const char*, std::string> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"+0.00", "0"},
      {"0E999", "0"},
      {"1", "1"},
      {"1.0", "1"},
      {"1e0", "1"},
      {"+5", "5"},
      {".5", "0.5"},
      {"5.", "5"},
      {"1.e5", "100000"},
      {"-.5e1", "-5"},
      {"1E2", "100"},
      {"1e+02", "100"},
      {"00012.3400", "12.34"},
      {"0.000010", "0.00001"},
      {"1200e-2", "12"},
      {"-1E-3", "-0.001"},
      {"9007199254740993", "9007199254740993"},
      {"1E125", "1" + std::string(125, '0')},
      {"1E-130", "0." + std::string(129, '0') + "1"},
      {"1.00000000000000000000000000000000000000000000", "1"},
      {"99999999999999999999999999999999999999", kNines38},
      {"10000000000000000000000000000000000000000", "1" + std::string(40, '0')},
      {"0.00000000000000000000000000000000000000000001", "0." + std::string(43, '0') + "1"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(n(text).to_string(), canonical) << text;
}

TEST(NumberParse, TheLongestTextHas170Characters) {
  const Number number = n("-1.2345678901234567890123456789012345678E-130");
  EXPECT_EQ(number.to_string().size(), 170u);
  EXPECT_EQ(n(number.to_string()), number);
}

TEST(NumberParse, RefusesWhatIsNoNumber) {
  EXPECT_EQ(Number::parse("").error(), NumberError::kEmpty);
  for (const char* text : {" 1",   "1 ",    "1\n", "abc", "0x1",      "1e",   "1e+",   "1e-",     "e5",
                           ".e5",  ".",     "-",   "+",   "--1",      "+-1",  "1+2",   "+e2",     "1.2.3",
                           "1e5.", "1e5e5", "1,5", "NaN", "Infinity", "-inf", "1_000", "\xd9\xa1"}) {
    EXPECT_EQ(Number::parse(text).error(), NumberError::kSyntax) << text;
  }
  EXPECT_EQ(Number::parse(std::string_view("1\0", 2)).error(), NumberError::kSyntax);
}

TEST(NumberParse, BoundsDigitsAndMagnitude) {
  EXPECT_EQ(Number::parse("1" + kNines38).error(), NumberError::kTooManyDigits);
  EXPECT_EQ(Number::parse("1" + std::string(37, '0') + "1").error(), NumberError::kTooManyDigits);
  EXPECT_TRUE(Number::parse("1" + std::string(36, '0') + "1").ok());
  EXPECT_EQ(Number::parse("1E126").error(), NumberError::kOverflow);
  EXPECT_EQ(Number::parse("-10E125").error(), NumberError::kOverflow);
  EXPECT_EQ(Number::parse("0.1E127").error(), NumberError::kOverflow);
  EXPECT_TRUE(Number::parse("0.1E126").ok());
  EXPECT_TRUE(Number::parse("9." + std::string(37, '9') + "E125").ok());
  EXPECT_EQ(Number::parse("9." + std::string(38, '9') + "E125").error(), NumberError::kTooManyDigits);
  EXPECT_EQ(Number::parse("9E-131").error(), NumberError::kUnderflow);
  EXPECT_EQ(Number::parse("-0.9E-130").error(), NumberError::kUnderflow);
  EXPECT_TRUE(Number::parse("10E-131").ok());
  // Magnitude is judged before digits.
  EXPECT_EQ(Number::parse("1." + std::string(60, '3') + "E300").error(), NumberError::kOverflow);
}

TEST(NumberParse, SurvivesLongTexts) {
  const size_t length = 100'000;
  EXPECT_EQ(n(std::string(length, '0')).to_string(), "0");
  EXPECT_EQ(n(std::string(length, '0') + "7." + std::string(length, '0')).to_string(), "7");
  EXPECT_EQ(Number::parse("1" + std::string(length, '0')).error(), NumberError::kOverflow);
  EXPECT_EQ(Number::parse("0." + std::string(length, '0') + "1").error(), NumberError::kUnderflow);
  EXPECT_EQ(Number::parse("1e" + std::string(length, '9')).error(), NumberError::kOverflow);
  EXPECT_EQ(Number::parse("1e-" + std::string(length, '9')).error(), NumberError::kUnderflow);
  EXPECT_EQ(n("1e" + std::string(length, '0') + "3").to_string(), "1000");
  EXPECT_EQ(n("0e" + std::string(length, '9')).to_string(), "0");
  EXPECT_EQ(Number::parse(std::string(length, '7')).error(), NumberError::kOverflow);
  // A mantissa and an exponent that cancel each other.
  EXPECT_EQ(n("0." + std::string(length - 1, '0') + "1e100001").to_string(), "10");
  EXPECT_EQ(n("1" + std::string(length, '0') + "e-100000").to_string(), "1");
  EXPECT_EQ(Number::parse(std::string(length, '9') + "x").error(), NumberError::kSyntax);
}

TEST(NumberArithmetic, KeepsEveryDigit) {
  EXPECT_EQ(sum_text("1", "2"), "3");
  EXPECT_EQ(sum_text("0.1", "0.2"), "0.3");
  EXPECT_EQ(sum_text("-1.5", "1.5"), "0");
  EXPECT_EQ(sum_text("0", "-7"), "-7");
  EXPECT_EQ(sum_text("-7", "0"), "-7");
  EXPECT_EQ(difference_text("0", "7"), "-7");
  EXPECT_EQ(difference_text("7", "7.000"), "0");
  EXPECT_EQ(sum_text("99", "1"), "100");
  EXPECT_EQ(sum_text("1E37", "1"), "1" + std::string(36, '0') + "1");
  EXPECT_EQ(difference_text("1E38", "1"), kNines38);
  EXPECT_EQ(difference_text("-1E38", "-1"), "-" + kNines38);
  EXPECT_EQ(sum_text(kNines38, "1"), "1" + std::string(38, '0'));
  EXPECT_EQ(sum_text("5E37", "5E37"), "1" + std::string(38, '0'));
  EXPECT_EQ(difference_text("1E125", "1E125"), "0");
  EXPECT_EQ(difference_text("1E-130", "2E-130"), "-0." + std::string(129, '0') + "1");
}

TEST(NumberArithmetic, RefusesWhatNeedsMore) {
  const auto error = [](std::string_view a, std::string_view b) { return Number::add(n(a), n(b)).error(); };
  EXPECT_EQ(error("1E125", "1E-130"), NumberError::kTooManyDigits);
  EXPECT_EQ(error("-1E125", "1E-130"), NumberError::kTooManyDigits);
  EXPECT_EQ(error("1E38", "1"), NumberError::kTooManyDigits);
  EXPECT_EQ(error("2E38", "-1"), NumberError::kTooManyDigits);
  EXPECT_EQ(error("4E38", "-1"), NumberError::kTooManyDigits);  // 4E38 - 1 is above 2^128
  EXPECT_EQ(error("34E37", kNines38), NumberError::kTooManyDigits);
  EXPECT_EQ(error("9E38", kNines38), NumberError::kTooManyDigits);
  EXPECT_EQ(error("1E39", "-1"), NumberError::kTooManyDigits);
  EXPECT_EQ(error(kNines38, "2"), NumberError::kTooManyDigits);
  EXPECT_EQ(error("9.9999999999999999999999999999999999999E125", "1E88"), NumberError::kOverflow);
  EXPECT_EQ(error("-9E125", "-1E125"), NumberError::kOverflow);
  EXPECT_EQ(error("1.1E-130", "-1E-130"), NumberError::kUnderflow);
}

// Fixed point: 300 decimal digits, the first 130 left of the point.
struct Reference {
  static constexpr int kDigits = 300;
  static constexpr int kBeforePoint = 130;
  std::array<int, kDigits> digits{};
  bool negative = false;

  explicit Reference(const Number& number) : negative(number.is_negative()) {
    std::string text = number.to_string();
    if (text[0] == '-') text.erase(0, 1);
    const size_t point = std::min(text.find('.'), text.size());
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '.') continue;
      const int place =
          i < point ? static_cast<int>(i) - static_cast<int>(point) : static_cast<int>(i - point) - 1;
      digits[static_cast<size_t>(kBeforePoint + place)] = text[i] - '0';
    }
  }

  static Reference sum(const Reference& a, const Reference& b) {
    Reference out = a;
    if (a.negative == b.negative) {
      for (int i = kDigits - 1, carry = 0; i >= 0; --i) {
        const int digit = a.digits[i] + b.digits[i] + carry;
        out.digits[i] = digit % 10;
        carry = digit / 10;
      }
      return out;
    }
    const bool a_larger = a.digits >= b.digits;
    const Reference& larger = a_larger ? a : b;
    const Reference& smaller = a_larger ? b : a;
    out.negative = larger.negative;
    for (int i = kDigits - 1, borrow = 0; i >= 0; --i) {
      const int digit = larger.digits[i] - smaller.digits[i] - borrow;
      out.digits[i] = (digit + 10) % 10;
      borrow = digit < 0 ? 1 : 0;
    }
    return out;
  }

  int compare(const Reference& other) const {
    const bool zero = digits == std::array<int, kDigits>{};
    const bool other_zero = other.digits == std::array<int, kDigits>{};
    const int sign = zero ? 0 : negative ? -1 : 1;
    const int other_sign = other_zero ? 0 : other.negative ? -1 : 1;
    if (sign != other_sign) return sign < other_sign ? -1 : 1;
    if (digits == other.digits) return 0;
    return (digits < other.digits ? -1 : 1) * (sign < 0 ? -1 : 1);
  }

  // What Number ought to answer for this value.
  std::string expected() const {
    int first = -1;
    int last = -1;
    for (int i = 0; i < kDigits; ++i) {
      if (digits[i] == 0) continue;
      if (first < 0) first = i;
      last = i;
    }
    if (first < 0) return "0";
    const int first_place = kBeforePoint - 1 - first;
    const bool too_many = last - first + 1 > kNumberDigitsMax;
    if (first_place > kNumberExponentMax) return too_many ? "too many or overflow" : "overflow";
    if (first_place < kNumberExponentMin) return "underflow";
    if (too_many) return "too many";
    std::string text = negative ? "-" : "";
    for (int i = std::min(first, kBeforePoint - 1); i <= std::max(last, kBeforePoint - 1); ++i) {
      if (i == kBeforePoint) text.push_back('.');
      text.push_back(static_cast<char>('0' + digits[i]));
    }
    return text;
  }
};

std::string actual(const Result<Number, NumberError>& result, const std::string& expected) {
  if (result.ok()) return result->to_string();
  const bool either = expected == "too many or overflow";
  switch (result.error()) {
    case NumberError::kTooManyDigits:
      return either ? expected : "too many";
    case NumberError::kOverflow:
      return either ? expected : "overflow";
    case NumberError::kUnderflow:
      return "underflow";
    default:
      return "syntax";
  }
}

TEST(NumberArithmetic, AgreesWithFixedPoint) {
  SeededRandom random;
  int exact = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Number a = random.number();
    const Number b = random.number_near(a);
    const std::string expected = Reference::sum(Reference(a), Reference(b)).expected();
    const auto sum = Number::add(a, b);
    exact += sum.ok() ? 1 : 0;
    ASSERT_EQ(actual(sum, expected), expected) << a.to_string() << " + " << b.to_string();
    Reference negated(b);
    negated.negative = !negated.negative;
    const std::string expected_difference = Reference::sum(Reference(a), negated).expected();
    ASSERT_EQ(actual(Number::subtract(a, b), expected_difference), expected_difference)
        << a.to_string() << " - " << b.to_string();
  }
  EXPECT_GT(exact, 5'000) << "the generator no longer makes sums that fit";
  EXPECT_LT(exact, 19'000) << "the generator no longer makes sums that do not fit";
}

TEST(NumberOrder, AgreesWithFixedPointAndWithKeyBytes) {
  SeededRandom random;
  for (int round = 0; round < 20'000; ++round) {
    const Number a = random.number();
    const Number b = random.number_near(a);
    const int expected = Reference(a).compare(Reference(b));
    const auto order = a <=> b;
    ASSERT_EQ(order < 0 ? -1 : order > 0 ? 1 : 0, expected) << a.to_string() << " <=> " << b.to_string();
    ASSERT_EQ(a == b, expected == 0);
    const int by_key = a.key_bytes().compare(b.key_bytes());
    ASSERT_EQ(by_key < 0 ? -1 : by_key > 0 ? 1 : 0, expected) << a.to_string() << " <=> " << b.to_string();
  }
}

TEST(NumberOrder, AcrossExponents) {
  const char* ascending[] = {"-1E125",  "-9.9E124", "-100.5", "-100",
                             "-99.999", "-1",       "-0.1",   "-0.01",
                             "-1E-130", "0",        "1E-130", "1.1E-130",
                             "0.01",    "0.1",      "1",      "1.0000000000000000000000000000000000001",
                             "99.999",  "100",      "100.5",  "1E38",
                             "9.9E124", "1E125"};
  for (size_t i = 0; i < std::size(ascending); ++i) {
    for (size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(n(ascending[i]) <=> n(ascending[j]), i <=> j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(n(ascending[i]).key_bytes() < n(ascending[j]).key_bytes(), i < j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(NumberKey, GoldenBytes) {
  std::ifstream file(std::string(STATOR_TEST_DATA) + "/model/number_keys.txt");
  ASSERT_TRUE(file.is_open());
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string text, expected;
    words >> text >> expected;
    EXPECT_EQ(hex(n(text).key_bytes()), expected) << text;
    auto back = Number::from_key_bytes(unhex(expected));
    ASSERT_TRUE(back.ok()) << text;
    EXPECT_EQ(*back, n(text));
    ++count;
  }
  EXPECT_GE(count, 20);
}

TEST(NumberKey, RoundTrips) {
  SeededRandom random;
  for (int round = 0; round < 50'000; ++round) {
    const Number number = random.number();
    const std::string bytes = number.key_bytes();
    ASSERT_LE(bytes.size(), 21u);
    auto back = Number::from_key_bytes(bytes);
    ASSERT_TRUE(back.ok()) << number.to_string();
    ASSERT_EQ(*back, number);
    ASSERT_EQ(n(number.to_string()), number);
  }
}

TEST(NumberKey, OneEncodingForEachNumber) {
  for (const char* text : {"",
                           "81",
                           "7f",
                           "8000",
                           "80",
                           "c1",
                           "c101",
                           "c10200",
                           "c10201",
                           "c10165",
                           "c1ff",
                           "3e",
                           "3e66",
                           "3e64",
                           "3e6465",
                           "3e646666",
                           "3e6566",
                           "ff0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
                           "c1020202020202020202020202020202020202020202",
                           "d32c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c"}) {
    auto number = Number::from_key_bytes(unhex(text));
    if (std::string_view(text) == "80") {
      EXPECT_TRUE(number.ok() && number->is_zero());
    } else {
      EXPECT_FALSE(number.ok()) << text << " " << number->to_string();
    }
  }
  // Whatever is accepted is its own re-encoding.
  SeededRandom random;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = random.number().key_bytes();
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    auto number = Number::from_key_bytes(bytes);
    if (!number.ok()) continue;
    ASSERT_EQ(number->key_bytes(), bytes);
  }
}

TEST(NumberInt64, BothWays) {
  const int64_t lowest = std::numeric_limits<int64_t>::min();
  const int64_t highest = std::numeric_limits<int64_t>::max();
  for (int64_t value :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1'000'000}, lowest, lowest + 1, highest, highest - 1}) {
    const Number number = Number::from_int(value);
    EXPECT_EQ(number.to_string(), std::to_string(value));
    EXPECT_EQ(number, n(std::to_string(value)));
    int64_t back = 42;
    ASSERT_TRUE(number.to_int64(back));
    EXPECT_EQ(back, value);
  }
  int64_t untouched = 42;
  for (const char* text : {"0.5", "9223372036854775808", "-9223372036854775809", "1E19", "1E125", "1E-130",
                           "99999999999999999999999999999999999999"}) {
    EXPECT_FALSE(n(text).to_int64(untouched)) << text;
  }
  EXPECT_EQ(untouched, 42);
}

TEST(NumberSize, CountsDigitsAroundThePoint) {
  const std::pair<const char*, uint32_t> cases[] = {
      {"0", 1},
      {"27", 2},
      {"-27", 3},
      {"101", 3},
      {"0.0000001", 2},
      {"1E125", 2},
      {"1.5", 3},
      {"100.5", 4},
      {"-100.05", 5},
      {"120", 2},
      {"0.05", 2},
      {"1", 2},
      {"1234", 3},
      {"99999999999999999999999999999999999999", 20},
      {"-9999999999999999999999999999999999999.9", 22},
  };
  for (const auto& [text, size] : cases) EXPECT_EQ(n(text).size_bytes(), size) << text;
}

TEST(NumberParts, OnlyCanonicalOnes) {
  SeededRandom random;
  for (int round = 0; round < 10'000; ++round) {
    const Number number = random.number();
    auto back = Number::from_parts(number.is_negative(), number.coefficient(), number.exponent());
    ASSERT_TRUE(back.ok());
    ASSERT_EQ(*back, number);
  }
  EXPECT_TRUE(Number::from_parts(false, 0, 0).ok());
  EXPECT_FALSE(Number::from_parts(true, 0, 0).ok());
  EXPECT_FALSE(Number::from_parts(false, 0, 1).ok());
  EXPECT_FALSE(Number::from_parts(false, 10, 0).ok());
  EXPECT_FALSE(Number::from_parts(false, kPowersOfTen[38], 0).ok());
  EXPECT_TRUE(Number::from_parts(false, kPowersOfTen[38] - 1, 0).ok());
  EXPECT_FALSE(Number::from_parts(false, kPowersOfTen[38] + 1, 0).ok());
  EXPECT_FALSE(Number::from_parts(false, ~uint128{0}, 0).ok());
  EXPECT_TRUE(Number::from_parts(false, 1, 125).ok());
  EXPECT_FALSE(Number::from_parts(false, 1, 126).ok());
  EXPECT_TRUE(Number::from_parts(true, 1, -130).ok());
  EXPECT_FALSE(Number::from_parts(true, 1, -131).ok());
  EXPECT_FALSE(Number::from_parts(false, 1, std::numeric_limits<int>::max()).ok());
  EXPECT_FALSE(Number::from_parts(false, 1, std::numeric_limits<int>::min()).ok());
}

TEST(NumberDigits, CountAndLastDigit) {
  for (size_t power = 0; power < kPowersOfTen.size(); ++power) {
    const uint128 value = kPowersOfTen[power];
    EXPECT_EQ(digit_count(value), static_cast<int>(power) + 1);
    EXPECT_EQ(digit_count(value - 1), std::max(1, static_cast<int>(power)));
    EXPECT_EQ(last_digit(value), power == 0 ? 1u : 0u);
    EXPECT_EQ(last_digit(value + 7), power == 0 ? 8u : 7u);
  }
  EXPECT_EQ(digit_count(0), 1);
  for (int bit = 0; bit < 128; ++bit) {
    const uint128 value = uint128{1} << bit;
    char digits[kDigitsBufferSize];
    uint128 back = 0;
    const int count = write_digits(value, digits);
    for (int i = 0; i < count; ++i) back = back * 10 + static_cast<unsigned>(digits[i] - '0');
    EXPECT_TRUE(back == value) << bit;
    EXPECT_NE(digits[0], '0');
    EXPECT_EQ(last_digit(value), static_cast<unsigned>(digits[count - 1] - '0'));
  }
}

}  // namespace
}  // namespace stator::model
