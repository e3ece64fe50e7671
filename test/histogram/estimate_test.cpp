#include "metrics/histogram/estimate.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"
#include "metrics/histogram/buckets.h"
#include "metrics/histogram/interpolation.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

void expect_quantiles(const std::string& notation, const std::vector<std::pair<double, double>>& expected) {
  const Histogram histogram = read(notation);
  for (const auto& [q, value] : expected) {
    if (std::isnan(value)) EXPECT_TRUE(std::isnan(quantile(histogram, q).value)) << notation << " at " << q;
    else if (std::isinf(value)) EXPECT_EQ(quantile(histogram, q).value, value) << notation << " at " << q;
    else EXPECT_NEAR(quantile(histogram, q).value, value, 1e-12) << notation << " at " << q;
  }
}

TEST(quantile, interpolates_exponentially_in_exponential_buckets) {
  expect_quantiles("{{count:4 sum:5 buckets:[1 2 1]}}",
                   {{0.5, std::sqrt(2)}, {0.25, 1}, {0.75, 2}, {0, 0.5}, {1, 4}, {1.001, infinity}, {-0.1, -infinity},
                    {nan_value, nan_value}});
  expect_quantiles("{{count:4 sum:-5 n_buckets:[1 2 1]}}", {{0.5, -std::sqrt(2)}, {0.75, -1}, {0.25, -2}, {0, -4}, {1, -0.5}});
}

TEST(quantile, interpolates_linearly_in_the_zero_bucket) {
  expect_quantiles("{{count:4 z_bucket:4 z_bucket_w:0.5}}", {{0.25, -0.25}, {0.5, 0}, {1, 0.5}});
  expect_quantiles("{{count:8 z_bucket:4 z_bucket_w:0.5 buckets:[4]}}", {{0, 0}, {0.25, 0.25}, {0.5, 0.5}});
  expect_quantiles("{{count:8 z_bucket:4 z_bucket_w:0.5 n_buckets:[4]}}", {{1, 0}, {0.75, -0.25}, {0.5, -0.5}});
}

TEST(quantile, interpolates_linearly_in_custom_buckets) {
  expect_quantiles("{{schema:-53 count:8 sum:1 custom_values:[5 10] buckets:[4 2 2]}}",
                   {{0, 0}, {0.25, 2.5}, {0.5, 5}, {0.625, 7.5}, {0.75, 10}, {0.9, 10}, {1, 10}});
  expect_quantiles("{{schema:-53 count:8 sum:1 custom_values:[-5 10] buckets:[4 4]}}", {{0.1, -5}, {0.75, 2.5}});
}

TEST(quantile, of_nothing_is_nan) {
  expect_quantiles("{{}}", {{0.5, nan_value}, {0, nan_value}, {2, infinity}});
}

TEST(quantile, takes_observations_of_nan_as_the_largest) {
  const Histogram histogram = read("{{count:10 sum:NaN buckets:[4 4]}}");
  const Estimate low = quantile(histogram, 0.2);
  EXPECT_NEAR(low.value, std::sqrt(0.5), 1e-12);  // in the bucket that holds it, not in the last one
  EXPECT_TRUE(low.has_nan_observations);
  EXPECT_FALSE(low.is_nan_observation);
  const Estimate high = quantile(histogram, 0.81);
  EXPECT_TRUE(std::isnan(high.value));
  EXPECT_TRUE(high.is_nan_observation);
  EXPECT_FALSE(high.has_nan_observations);
  // A sum of NaN of +Inf and -Inf says nothing about observations.
  EXPECT_FALSE(quantile(read("{{count:8 sum:NaN buckets:[4 4]}}"), 0.2).has_nan_observations);
}

TEST(fraction, is_the_share_between_two_values) {
  const Histogram histogram = read("{{count:8 sum:1 z_bucket:2 z_bucket_w:0.5 buckets:[1 2] n_buckets:[1 2]}}");
  const auto share = [&](double lower, double upper) { return fraction(histogram, {lower, upper}).value; };
  EXPECT_DOUBLE_EQ(share(-infinity, infinity), 1);
  EXPECT_DOUBLE_EQ(share(1, 2), 0.25);
  EXPECT_DOUBLE_EQ(share(std::sqrt(2), 2), 0.125);
  EXPECT_DOUBLE_EQ(share(-2, -std::sqrt(2)), 0.125);
  EXPECT_DOUBLE_EQ(share(-0.25, 0.25), 0.125);
  EXPECT_DOUBLE_EQ(share(-infinity, 0), 0.5);
  EXPECT_DOUBLE_EQ(share(2, infinity), 0);
  EXPECT_DOUBLE_EQ(share(3, 2), 0);
  EXPECT_DOUBLE_EQ(share(2, 2), 0);
  EXPECT_TRUE(std::isnan(share(nan_value, 2)));
  EXPECT_TRUE(std::isnan(fraction(read("{{}}"), {0, 1}).value));
}

TEST(fraction, takes_nothing_of_an_open_custom_bucket) {
  const Histogram histogram = read("{{schema:-53 count:16 sum:1 custom_values:[-4 4 8] buckets:[4 4 4 4]}}");
  const auto share = [&](double lower, double upper) { return fraction(histogram, {lower, upper}).value; };
  EXPECT_DOUBLE_EQ(share(4, 6), 0.125);
  EXPECT_DOUBLE_EQ(share(-infinity, 100), 0.75);
  EXPECT_DOUBLE_EQ(share(-100, 4), 0.25);
  // A bucket around 0 begins there, as the zero bucket beside positive buckets does.
  EXPECT_DOUBLE_EQ(share(-2, 2), 0.125);
}

TEST(fraction, leaves_observations_of_nan_out) {
  const Estimate share = fraction(read("{{count:10 sum:NaN buckets:[4 4]}}"), {-infinity, infinity});
  EXPECT_DOUBLE_EQ(share.value, 0.8);
  EXPECT_TRUE(share.has_nan_observations);
}

TEST(moment, mean_and_variance_take_observations_in_the_middle_of_their_bucket) {
  const Histogram histogram = read("{{count:4 sum:10 buckets:[2] offset:2 z_bucket:1 n_buckets:[1] n_offset:1}}");
  EXPECT_DOUBLE_EQ(mean(histogram), 2.5);
  const auto square = [](double value) { return value * value; };
  const double expected = (2 * square(std::sqrt(8) - 2.5) + square(2.5) + square(-std::sqrt(2) - 2.5)) / 4;
  EXPECT_DOUBLE_EQ(variance(histogram), expected);
  EXPECT_DOUBLE_EQ(standard_deviation(histogram), std::sqrt(expected));
  EXPECT_DOUBLE_EQ(variance(read("{{schema:-53 count:2 sum:6 custom_values:[2 4] buckets:[0 2]}}")), 0);
  EXPECT_EQ(variance(read("{{schema:-53 count:2 sum:6 custom_values:[2 4] buckets:[2]}}")), infinity);
  EXPECT_TRUE(std::isnan(mean(read("{{}}"))));
}

TEST(interpolation, shares_are_those_of_the_reference) {
  struct Case {
    double lower;
    double upper;
    double value;
    bool is_linear;
    double share;
  };
  const std::vector<Case> cases{{0, 10, 5, true, 0.5}, {2, 6, 3, true, 0.25}, {-10, -5, -6, true, 0.8}, {1, 4, 2, false, 0.5},
                                {1, 16, 2, false, 0.25}, {-4, -1, -2, false, 0.5}, {-16, -1, -2, false, 0.75}};
  for (const Case& c : cases) {
    const Bucket bucket{.lower = c.lower, .upper = c.upper};
    EXPECT_DOUBLE_EQ(share_below(bucket, c.value, c.is_linear), c.share) << c.value;
    EXPECT_DOUBLE_EQ(value_at_share(bucket, c.share, c.is_linear), c.value) << c.value;
  }
}

}  // namespace
}  // namespace watchbill::metrics::histogram
