#include "base/number.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace watchbill {
namespace {

std::string text(double v) {
  std::string out;
  append_number(out, v);
  return out;
}

TEST(number, is_written_as_go_does) {
  const std::vector<std::pair<double, std::string>> cases{
      {0, "0"}, {-0.0, "-0"}, {1, "1"}, {-1, "-1"}, {0.1, "0.1"}, {100000, "100000"}, {999999, "999999"}, {1000000, "1e+06"},
      {1234567, "1.234567e+06"}, {123456.789, "123456.789"}, {0.0001, "0.0001"}, {0.00001, "1e-05"}, {0.000123, "0.000123"},
      {1e21, "1e+21"}, {1e100, "1e+100"}, {1.7976931348623157e308, "1.7976931348623157e+308"}, {5e-324, "5e-324"},
      {8.252989e9, "8.252989e+09"}, {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"}, {std::numeric_limits<double>::quiet_NaN(), "NaN"}};
  for (const auto& [value, expected] : cases) EXPECT_EQ(text(value), expected);
}

TEST(number, any_double_reads_back_bit_for_bit) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t bits = random();
    double value = std::bit_cast<double>(bits);
    if (i % 3 == 0) value = static_cast<double>(random() % 1'000'000'000) / 1000;
    if (std::isnan(value)) continue;
    const std::optional<double> read = parse_number(text(value));
    ASSERT_TRUE(read.has_value()) << text(value);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*read), std::bit_cast<std::uint64_t>(value)) << text(value);
  }
}

TEST(number, a_short_decimal_is_read_as_the_number_that_it_is) {
  std::mt19937_64 random(20261122);
  std::size_t read_count = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string written;
    for (std::size_t left = random() % 20; left > 0; --left) written += "0123456789.-+eE 7"[random() % 17];
    const std::optional<ShortDecimal> read = read_short_decimal(written);
    if (!read) continue;
    ++read_count;
    const std::optional<double> expected = parse_number(written.substr(0, read->size));
    ASSERT_TRUE(expected.has_value()) << written;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read->value), std::bit_cast<std::uint64_t>(*expected)) << written;
  }
  EXPECT_GT(read_count, 40'000U);
  for (const auto& [written, size] : std::vector<std::pair<std::string, std::size_t>>{{"0", 1},
                                                                                      {"-0 ", 2},
                                                                                      {"12.50 3", 5},
                                                                                      {".5", 2},
                                                                                      {"5.", 2},
                                                                                      {"1.2.3", 3},
                                                                                      {"123456789012345", 15},
                                                                                      {"1.5e+06\n", 7},
                                                                                      {"1E-9", 4}}) {
    const std::optional<ShortDecimal> read = read_short_decimal(written);
    ASSERT_TRUE(read.has_value()) << written;
    EXPECT_EQ(read->size, size) << written;
  }
  for (const std::string written : {"", "-", ".", "-.", "+1", "NaN", "Inf", "1e", "1e+", "1e99", "1234567890123456", " 1"})
    EXPECT_FALSE(read_short_decimal(written).has_value()) << written;
}

TEST(number, a_page_cannot_send_a_staleness_marker) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(*parse_number("NaN")), 0x7ff8000000000001U);
}

TEST(number, reads_what_strconv_reads_and_nothing_else) {
  const auto expect = [](const std::string& input, double value) {
    const std::optional<double> read = parse_number(input);
    ASSERT_TRUE(read.has_value()) << input;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*read), std::bit_cast<std::uint64_t>(value)) << input;
  };
  expect("+5", 5);
  expect("5.", 5);
  expect(".5", 0.5);
  expect("-.5e-3", -0.5e-3);
  expect("1E5", 1e5);
  expect("00001.0", 1);
  expect("-0", -0.0);
  expect("iNf", std::numeric_limits<double>::infinity());
  expect("-Infinity", -std::numeric_limits<double>::infinity());
  expect("1e-400", 0);
  expect("-1e-400", -0.0);
  expect("0e999999999999999999999", 0);
  expect("1e-999999999999999999999", 0);
  expect("0.000000000000000000000000000001e30", 1);
  expect("123456789012345678901234567890", 123456789012345678901234567890.0);
  expect("9007199254740993", 9007199254740992.0);
  expect("2.2250738585072011e-308", 2.2250738585072011e-308);
  expect(std::string(400, '0') + "1", 1);
  expect("1" + std::string(400, '0') + "e-400", 1);
  for (const std::string bad : {"",
                                "+",
                                "-",
                                ".",
                                "e5",
                                "1e",
                                "1e+",
                                "1e5.",
                                "1.2.3",
                                "1,5",
                                "1_0",
                                "0x10",
                                "0x1p4",
                                "nan1",
                                "+nan",
                                "-NaN",
                                "infin",
                                "++1",
                                "1 ",
                                " 1",
                                "1e400",
                                "-1e400",
                                "1e999999999999999999999",
                                "\xc3\xbc"})
    EXPECT_FALSE(parse_number(bad).has_value()) << bad;
}

}  // namespace
}  // namespace watchbill
