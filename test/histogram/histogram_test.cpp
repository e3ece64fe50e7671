#include "metrics/histogram/histogram.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"
#include "metrics/histogram/classic.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(equality, is_of_bits_and_of_populated_buckets) {
  const std::string one = "{{schema:1 count:3 sum:NaN z_bucket:1 z_bucket_w:0.1 buckets:[1 0 2] n_buckets:[1]}}";
  EXPECT_TRUE(is_equal(read(one), read(one)));
  EXPECT_TRUE(is_equal(read("{{buckets:[0 1 0]}}"), read("{{buckets:[1] offset:1}}")));
  EXPECT_TRUE(is_equal(read("{{counter_reset_hint:gauge}}"), read("{{}}")));
  const std::vector<std::pair<std::string, std::string>> different{
      {"{{sum:NaN}}", "{{}}"}, {"{{sum:0}}", "{{sum:-0}}"}, {"{{count:1}}", "{{}}"}, {"{{schema:1}}", "{{schema:2}}"},
      {"{{z_bucket:1}}", "{{}}"}, {"{{z_bucket_w:1}}", "{{}}"}, {"{{buckets:[1]}}", "{{}}"}, {"{{n_buckets:[1]}}", "{{}}"},
      {"{{buckets:[1]}}", "{{buckets:[2]}}"}, {"{{buckets:[1]}}", "{{buckets:[1] offset:1}}"},
      {"{{buckets:[1]}}", "{{n_buckets:[1]}}"}, {"{{schema:-53 custom_values:[1]}}", "{{schema:-53 custom_values:[2]}}"},
      {"{{schema:-53 custom_values:[1]}}", "{{schema:-53}}"}};
  for (const auto& [left, right] : different) {
    EXPECT_FALSE(is_equal(read(left), read(right))) << left << right;
    EXPECT_FALSE(is_equal(read(right), read(left))) << left << right;
  }
  Histogram stale;
  stale.sum = std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
  EXPECT_FALSE(is_equal(stale, read("{{sum:NaN}}")));
  const auto is_near = [](double left, double right) { return std::abs(left - right) < 0.1; };
  EXPECT_TRUE(is_almost_equal(read("{{sum:1 buckets:[2]}}"), read("{{sum:1.05 buckets:[2.05]}}"), is_near));
  EXPECT_FALSE(is_almost_equal(read("{{sum:1 z_bucket_w:1}}"), read("{{sum:1 z_bucket_w:1.05}}"), is_near));
}

TEST(compact, removes_empty_buckets_only) {
  Histogram histogram = read("{{buckets:[0 1 -0 NaN 0] n_buckets:[0]}}");
  compact(histogram);
  ASSERT_EQ(histogram.positive.size(), 2U);
  EXPECT_EQ(histogram.positive[0], (BucketCount{1, 1}));
  EXPECT_EQ(histogram.positive[1].index, 3);
  EXPECT_TRUE(histogram.negative.empty());
}

TEST(check, names_what_is_wrong) {
  EXPECT_TRUE(check(read("{{schema:8 count:3 sum:NaN z_bucket:1 z_bucket_w:0.1 buckets:[1 0 2] n_buckets:[1]}}")));
  EXPECT_TRUE(check(read("{{schema:-53 custom_values:[-1 2] buckets:[1 2 3]}}")));
  EXPECT_TRUE(check({}));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{count:-1}}", "count: it is negative"},
      {"{{z_bucket:-1}}", "zero bucket: its count is negative"},
      {"{{buckets:[1 -1]}}", "positive bucket number 2: its count is negative"},
      {"{{n_buckets:[-1]}}", "negative bucket number 1: its count is negative"},
      {"{{custom_values:[1]}}", "expected none beside exponential"},
      {"{{schema:-53 z_bucket:1}}", "zero bucket: expected none"},
      {"{{schema:-53 n_buckets:[1]}}", "negative buckets: expected none"},
      {"{{schema:-53 custom_values:[1] buckets:[1 1 1]}}", "positive bucket number 3: index 2, expected 0 to 1"},
      {"{{schema:-53 custom_values:[1] buckets:[1] offset:-1}}", "index -1, expected 0 to 1"}};
  for (const auto& [notation, expected] : cases) {
    const Status status = check(read(notation));
    ASSERT_FALSE(status) << notation;
    EXPECT_NE(status.error().text().find(expected), std::string::npos) << status.error().text();
  }
  Histogram histogram{.schema = custom_schema};
  for (const double bound : {infinity, std::nan(""), 1.0}) {
    histogram.custom_bounds = make_bounds({2, bound});
    const Status status = check(histogram);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().text().find("custom bound number 2"), std::string::npos) << status.error().text();
  }
  histogram = {};
  histogram.positive = {{3, 1}, {3, 1}};
  EXPECT_FALSE(check(histogram));
  histogram.positive = {{0, 1}, {1, 1}};
  EXPECT_FALSE(check(histogram, {.buckets_max = 1}));
  histogram = {.schema = 9};
  EXPECT_FALSE(check(histogram));
  histogram = {.zero_threshold = infinity};
  EXPECT_FALSE(check(histogram));
}

TEST(spans, are_the_runs_of_neighbours) {
  const BucketCounts counts{{-2, 1}, {-1, 0}, {2, 3}, {3, 4}, {4, 7}};
  const std::vector<Span> spans{{-2, 2}, {2, 3}};
  EXPECT_EQ(spans_of(counts), spans);
  const std::vector<double> values{1, 0, 3, 4, 7};
  EXPECT_EQ(*from_spans(spans, values), counts);
  // Empty and adjacent spans are the same runs.
  EXPECT_EQ(*from_spans(std::vector<Span>{{-2, 1}, {0, 1}, {1, 0}, {1, 3}}, values), counts);
  EXPECT_TRUE(spans_of({}).empty());
  EXPECT_TRUE(from_spans({}, {})->empty());
}

TEST(spans, that_do_not_fit_are_refused) {
  const std::vector<double> values{1, 0, 3};
  EXPECT_FALSE(from_spans(std::vector<Span>{{0, 2}}, values));
  EXPECT_FALSE(from_spans(std::vector<Span>{{0, 4}}, values));
  EXPECT_FALSE(from_spans(std::vector<Span>{{0, 2}, {-1, 1}}, values));
  EXPECT_FALSE(from_spans(std::vector<Span>{{1 << 20, 3}}, values));
  EXPECT_FALSE(from_spans(std::vector<Span>{{std::numeric_limits<std::int32_t>::min(), 3}}, values));
  EXPECT_FALSE(from_spans(std::vector<Span>{{0, 3}}, values, {.buckets_max = 2}));
  EXPECT_FALSE(from_spans(std::vector<Span>{{0, 4'000'000'000}}, values));
}

TEST(classic, becomes_a_histogram_with_custom_buckets) {
  const auto result = from_classic({{{infinity, 9}, {1, 2}, {5, 2}, {10, 6}, {1, 99}}, 9.0, 42});
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_TRUE(are_same(*result, read("{{schema:-53 count:9 sum:42 custom_values:[1 5 10] buckets:[2 0 4 3]}}")));
  EXPECT_TRUE(check(*result));
}

TEST(classic, needs_neither_count_nor_the_last_bucket) {
  EXPECT_TRUE(are_same(*from_classic({{{1, 2}, {5, 3}}, {}, 42}),
                       read("{{schema:-53 count:3 sum:42 custom_values:[1 5] buckets:[2 1]}}")));
  EXPECT_TRUE(are_same(*from_classic({{{1, 2}, {5, 3}}, 7.5, 42}),
                       read("{{schema:-53 count:7.5 sum:42 custom_values:[1 5] buckets:[2 1 4.5]}}")));
  EXPECT_TRUE(are_same(*from_classic({{}, 3, 42}), read("{{schema:-53 count:3 sum:42 buckets:[3]}}")));
  EXPECT_TRUE(are_same(*from_classic({}), read("{{schema:-53}}")));
}

TEST(classic, that_is_none_is_refused) {
  const std::vector<std::pair<Classic, std::string>> cases{
      {{{{std::nan(""), 2}}, {}, 0}, "le=\"NaN\": expected a number"},
      {{{{1, -2}}, {}, 0}, "le=\"1\": its count is -2, expected 0 or more"},
      {{{{1, 2}, {5, 1.5}}, {}, 0}, "le=\"5\": its count is 1.5, expected at least the 2 of the bucket below"},
      {{{{1, 2}, {infinity, 3}}, 4, 0}, "le=\"+Inf\": its count is 3, expected the count of all, 4"},
      {{{{1, 2}}, -1, 0}, "le=\"+Inf\": the count is -1"}};
  for (const auto& [classic, expected] : cases) {
    const auto result = from_classic(classic);
    ASSERT_FALSE(result) << expected;
    EXPECT_NE(result.error().text().find(expected), std::string::npos) << result.error().text();
  }
  EXPECT_FALSE(from_classic({{{1, 2}, {2, 3}}, {}, 0}, {.buckets_max = 1}));
}

}  // namespace
}  // namespace watchbill::metrics::histogram
