#include "metrics/tsdb/column.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metrics/tsdb/checksum.h"
#include "metrics/tsdb/residuals.h"

namespace watchbill::metrics::tsdb {
namespace {

std::size_t bytes_of(const std::vector<double>& values) {
  std::string bytes;
  write_values(values, bytes);
  std::vector<double> again(values.size());
  EXPECT_TRUE(read_values(bytes, again));
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(again[i]), std::bit_cast<std::uint64_t>(values[i]))
        << "sample " << i << " " << values[i];
  return bytes.size();
}

template <class Next>
std::vector<double> column(std::size_t count, Next next) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(next(i));
  return values;
}

TEST(column, every_double_comes_back_bit_for_bit) {
  std::mt19937_64 random(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> odd{
      0.0,    -0.0,         nan,  stale_marker(),     infinity,           -infinity,           1e300,
      5e-324, 0.1,          1e15, 4503599627370496.0, 4503599627370495.0, -4503599627370495.0, 0.30000000000000004,
      1e-12,  123.456789012};
  for (std::size_t count : {1U, 2U, 3U, 17U, 240U, 1024U}) {
    bytes_of(column(count, [&](std::size_t) { return std::bit_cast<double>(random()); }));
    bytes_of(column(count, [&](std::size_t) { return odd[random() % odd.size()]; }));
    bytes_of(
        column(count, [&](std::size_t i) { return i % 7 == 3 ? stale_marker() : static_cast<double>(random() % 100) / 100; }));
    bytes_of(column(count, [&](std::size_t i) { return static_cast<double>(i * i); }));
    bytes_of(column(count, [&](std::size_t) { return static_cast<double>(random() % 1000) * 4096; }));
    bytes_of(column(count, [&](std::size_t) { return static_cast<double>(static_cast<std::int64_t>(random()) >> 12); }));
    bytes_of(column(count, [&](std::size_t) { return std::sin(static_cast<double>(random() % 1000)); }));
  }
}

TEST(column, what_rests_costs_next_to_nothing) {
  EXPECT_LE(bytes_of(column(1024, [](std::size_t) { return 1.0; })), 3U);
  EXPECT_LE(bytes_of(column(1024, [](std::size_t) { return 0.25; })), 3U);
  EXPECT_LE(bytes_of(column(1024, [](std::size_t) { return stale_marker(); })), 16U);
  EXPECT_LE(bytes_of(column(1024, [](std::size_t i) { return static_cast<double>(i) * 4096; })), 24U) << "a straight line";
  EXPECT_LE(bytes_of(column(1024, [](std::size_t i) { return i == 500 ? 2.0 : 1.0; })), 24U) << "one change";
}

TEST(column, usual_columns_keep_their_size) {
  std::mt19937_64 random(1);
  double counter = 1e6;
  const std::size_t requests =
      bytes_of(column(1024, [&](std::size_t) { return counter += static_cast<double>(random() % 200); }));
  EXPECT_LE(requests, 1024U * 9 / 8) << "200 kinds of differences are 7.6 bits";
  const std::size_t memory =
      bytes_of(column(1024, [&](std::size_t) { return 8e9 + static_cast<double>(random() % 1000) * 4096; }));
  EXPECT_LE(memory, 1024U * 13 / 8) << "1000 kinds of pages are 10 bits";
}

TEST(column, times_on_a_grid_cost_their_jitter) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> times;
  for (std::int64_t i = 0; i < 1024; ++i)
    times.push_back(1'700'000'000'000 + i * 15'000 + static_cast<std::int64_t>(random() % 5));
  std::string bytes;
  write_times(times, bytes);
  EXPECT_LE(bytes.size(), 1024U * 4 / 8);
  std::vector<std::int64_t> again(times.size());
  ASSERT_TRUE(read_times(bytes, again));
  EXPECT_EQ(again, times);
  for (std::int64_t& t : times) t = static_cast<std::int64_t>(random());
  bytes.clear();
  write_times(times, bytes);
  ASSERT_TRUE(read_times(bytes, again));
  EXPECT_EQ(again, times) << "any 64 bits come back";
}

TEST(column, bytes_that_end_early_are_refused) {
  std::mt19937_64 random(1);
  std::string bytes;
  write_values(column(200, [&](std::size_t i) { return i == 20 ? stale_marker() : static_cast<double>(random() % 1000); }),
               bytes);
  std::vector<double> again(200);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_values(std::string_view(bytes).substr(0, size), again)) << size << " of " << bytes.size() << " bytes";
}

TEST(residuals, any_numbers_come_back) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::uint64_t> numbers(random() % 300);
    const auto zeros = random() % 100;
    const auto width = random() % 65;
    for (std::uint64_t& number : numbers)
      if (random() % 100 >= zeros) number = width == 0 ? 0 : random() >> (64 - width);
    std::string bytes;
    write_residuals(numbers, bytes);
    std::vector<std::uint64_t> again(numbers.size(), 7);
    ASSERT_TRUE(read_residuals(bytes, again));
    ASSERT_EQ(again, numbers);
  }
}

TEST(checksum, is_that_of_the_specification) {
  EXPECT_EQ(checksum("123456789"), 0xE3069283U);
  EXPECT_EQ(checksum(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(checksum("6789", checksum("12345")), 0xE3069283U);
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
