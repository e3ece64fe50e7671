// Histograms as bytes: what goes in comes out, and nothing else is read.
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "metrics/histogram/codec.h"

namespace watchbill::metrics::histogram {
namespace {

double some_number(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0: return static_cast<double>(random() % 1'000);
    case 1: return static_cast<double>(random() % 1'000'000) / 1e6;
    case 2: return -static_cast<double>(random() % 1'000) / 7;
    case 3: return std::bit_cast<double>(random());
    case 4: return 0;
    default: return -0.0;
  }
}

Histogram some_histogram(std::mt19937_64& random) {
  Histogram out;
  const bool is_custom = random() % 4 == 0;
  out.schema = is_custom ? custom_schema : static_cast<std::int8_t>(static_cast<int>(random() % 13) + schema_min);
  out.reset_hint = static_cast<ResetHint>(random() % 4);
  out.count = some_number(random);
  out.sum = some_number(random);
  const bool are_whole = random() % 2 == 0;
  const auto fill = [&](BucketCounts& buckets, std::int32_t from) {
    std::int32_t index = from;
    for (std::size_t i = random() % 30; i > 0; --i) {
      index += random() % 5 == 0 ? static_cast<std::int32_t>(random() % 100) + 1 : 1;
      buckets.push_back({index, are_whole ? static_cast<double>(random() % 5'000) : some_number(random)});
    }
  };
  fill(out.positive, is_custom ? -1 : -50);
  if (is_custom) {
    std::vector<double> bounds;
    for (std::size_t i = random() % 200 + 4'000; i > 0; --i) bounds.push_back(some_number(random));
    out.custom_bounds = make_bounds(std::move(bounds));
    return out;
  }
  fill(out.negative, -50);
  out.zero_threshold = some_number(random);
  out.zero_count = some_number(random);
  return out;
}

bool are_same_bits(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y); });
}

void expect_same(const BucketCounts& a, const BucketCounts& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].index, b[i].index);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a[i].count), std::bit_cast<std::uint64_t>(b[i].count));
  }
}

TEST(codec, every_histogram_comes_back_bit_for_bit) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2'000; ++i) {
    const Histogram original = some_histogram(random);
    const std::string bytes = encode(original);
    const std::optional<Histogram> read = decode(bytes);
    ASSERT_TRUE(read) << i;
    EXPECT_EQ(read->schema, original.schema);
    EXPECT_EQ(read->reset_hint, original.reset_hint);
    const double numbers[] = {original.count, original.sum, original.zero_threshold, original.zero_count};
    const double read_numbers[] = {read->count, read->sum, read->zero_threshold, read->zero_count};
    EXPECT_TRUE(are_same_bits(numbers, read_numbers)) << i;
    expect_same(original.positive, read->positive);
    expect_same(original.negative, read->negative);
    EXPECT_TRUE(are_same_bits(original.bounds(), read->bounds())) << i;
    EXPECT_EQ(encode(*read), bytes);
  }
}

TEST(codec, whole_counts_take_little_more_than_a_byte_each) {
  Histogram histogram;
  for (std::int32_t i = 0; i < 100; ++i) histogram.positive.push_back({i - 50, 1'000.0 + i % 7});
  histogram.count = 100'300;
  histogram.sum = 12.25;
  EXPECT_LE(encode(histogram).size(), 125U);
}

TEST(codec, a_hint_is_written_over) {
  Histogram histogram;
  histogram.count = 3;
  for (const ResetHint hint : {ResetHint::gauge, ResetHint::reset, ResetHint::not_reset, ResetHint::unknown}) {
    std::string bytes = encode(histogram);
    set_reset_hint(bytes, hint);
    EXPECT_EQ(decode(bytes)->reset_hint, hint);
  }
}

TEST(codec, bytes_that_are_cut_longer_or_changed_are_never_read_past_their_end) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = encode(some_histogram(random));
    for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 200); ++size) {
      // Cut short it is another histogram at most where numbers end early, never this one.
      const auto read = decode(std::string_view(bytes).substr(0, size));
      if (read) { EXPECT_NE(encode(*read), bytes); }
    }
    EXPECT_FALSE(decode(bytes + "x"));
    for (int change = 0; change < 50; ++change) {
      std::string changed = bytes;
      changed[random() % changed.size()] ^= static_cast<char>(1U << random() % 8);
      static_cast<void>(decode(changed));  // under the sanitizers: nothing but an answer
    }
  }
}

TEST(codec, limits_hold) {
  Histogram histogram;
  for (std::int32_t i = 0; i < 100; ++i) histogram.positive.push_back({i, 1});
  Limits limits;
  limits.buckets_max = 99;
  EXPECT_FALSE(decode(encode(histogram), limits));
  limits.buckets_max = 100;
  EXPECT_TRUE(decode(encode(histogram), limits));
}

}  // namespace
}  // namespace watchbill::metrics::histogram
