#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/number.h"
#include "histogram/notation.h"
#include "metrics/histogram/arithmetic.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_close(double left, double right) noexcept {
  return left == right || (std::isnan(left) && std::isnan(right)) ||
         std::abs(left - right) <= 1e-12 * std::max(std::abs(left), std::abs(right));
}

struct Case {
  double limit;
  std::string below;
  std::string above;
};

void expect_trimmed(const std::string& whole, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(whole + " at " + std::to_string(c.limit));
    Histogram below = read(whole);
    trim_upper(below, c.limit);
    EXPECT_TRUE(is_almost_equal(below, read(c.below), is_close)) << notation(below) << "\n  not " << c.below;
    Histogram above = read(whole);
    trim_lower(above, c.limit);
    EXPECT_TRUE(is_almost_equal(above, read(c.above), is_close)) << notation(above) << "\n  not " << c.above;
  }
}

TEST(trim, of_exponential_buckets_interpolates_on_a_logarithmic_scale) {
  const std::string whole = "{{count:16 sum:7 z_bucket:4 z_bucket_w:0.25 offset:1 buckets:[2 4] n_offset:1 n_buckets:[2 4]}}";
  // A bucket (1,2] stands at √2, (2,4] at √8; half of the latter lies below √8, at √(2·√8) and √(√8·4).
  const double root2 = std::sqrt(2.0);
  const double root8 = std::sqrt(8.0);
  const auto number = [](double value) {
    std::string text;
    append_number(text, value);
    return text;
  };
  const std::string nothing = "{{z_bucket_w:0.25}}";
  expect_trimmed(
      whole,
      {{infinity, whole, nothing},
       {-infinity, nothing, whole},
       {4, whole, nothing},
       {0, "{{count:8 sum:" + number(-0.125 * 2 - 2 * root2 - 4 * root8) +
               " z_bucket:2 z_bucket_w:0.25 n_offset:1 n_buckets:[2 4]}}",
        "{{count:8 sum:" + number(0.125 * 2 + 2 * root2 + 4 * root8) + " z_bucket:2 z_bucket_w:0.25 offset:1 buckets:[2 4]}}"},
       {root8,
        "{{count:14 sum:" + number(2 * root2 + 2 * std::sqrt(2 * root8) - 2 * root2 - 4 * root8) +
            " z_bucket:4 z_bucket_w:0.25 offset:1 buckets:[2 2] n_offset:1 n_buckets:[2 4]}}",
        "{{count:2 sum:" + number(2 * std::sqrt(4 * root8)) + " z_bucket_w:0.25 offset:2 buckets:[2]}}"},
       {-root8, "{{count:2 sum:" + number(-2 * std::sqrt(4 * root8)) + " z_bucket_w:0.25 n_offset:2 n_buckets:[2]}}",
        "{{count:14 sum:" + number(2 * root2 + 4 * root8 - 2 * root2 - 2 * std::sqrt(2 * root8)) +
            " z_bucket:4 z_bucket_w:0.25 offset:1 buckets:[2 4] n_offset:1 n_buckets:[2 2]}}"}});
}

TEST(trim, ends_the_zero_bucket_at_0_where_no_observations_are) {
  expect_trimmed("{{count:8 sum:5 z_bucket:4 z_bucket_w:1 offset:1 n_offset:1 n_buckets:[0] buckets:[4]}}",
                 {{-0.5, "{{z_bucket_w:1}}", "{{count:8 sum:5 z_bucket:4 z_bucket_w:1 offset:1 buckets:[4]}}"},
                  {0.25, "{{count:1 sum:0.125 z_bucket:1 z_bucket_w:1}}",
                   "{{count:7 sum:7.531854249492381 z_bucket:3 z_bucket_w:1 offset:1 buckets:[4]}}"}});
  expect_trimmed("{{count:8 sum:5 z_bucket:4 z_bucket_w:1 n_offset:1 n_buckets:[4]}}",
                 {{0.5, "{{count:8 sum:5 z_bucket:4 z_bucket_w:1 n_offset:1 n_buckets:[4]}}", "{{z_bucket_w:1}}"},
                  {-0.25, "{{count:7 sum:-7.531854249492381 z_bucket:3 z_bucket_w:1 n_offset:1 n_buckets:[4]}}",
                   "{{count:1 sum:-0.125 z_bucket:1 z_bucket_w:1}}"}});
  expect_trimmed("{{count:4 sum:1 z_bucket:4 z_bucket_w:1}}",
                 {{0.5, "{{count:3 sum:-0.75 z_bucket:3 z_bucket_w:1}}", "{{count:1 sum:0.75 z_bucket:1 z_bucket_w:1}}"}});
}

TEST(trim, of_custom_buckets_interpolates_linearly_and_lets_open_ends_go) {
  const std::string whole = "{{schema:-53 count:16 sum:99 custom_values:[4 8] buckets:[4 8 4]}}";
  expect_trimmed(
      whole,
      {{6, "{{schema:-53 count:8 sum:28 custom_values:[4 8] buckets:[4 4]}}",
        "{{schema:-53 count:8 sum:60 custom_values:[4 8] offset:1 buckets:[4 4]}}"},
       {1, "{{schema:-53 count:1 sum:0.5 custom_values:[4 8] buckets:[1]}}",
        "{{schema:-53 count:15 sum:87.5 custom_values:[4 8] buckets:[3 8 4]}}"},
       {-1, "{{schema:-53 custom_values:[4 8]}}", "{{schema:-53 count:12 sum:80 custom_values:[4 8] offset:1 buckets:[8 4]}}"},
       {9, "{{schema:-53 count:12 sum:56 custom_values:[4 8] buckets:[4 8]}}",
        "{{schema:-53 count:4 sum:36 custom_values:[4 8] offset:2 buckets:[4]}}"},
       {infinity, whole, "{{schema:-53 custom_values:[4 8]}}"},
       {-infinity, "{{schema:-53 custom_values:[4 8]}}", whole}});
  expect_trimmed("{{schema:-53 count:4 sum:-9 custom_values:[-2] buckets:[4]}}",
                 {{-3, "{{schema:-53 count:4 sum:-9 custom_values:[-2] buckets:[4]}}", "{{schema:-53 custom_values:[-2]}}"}});
  expect_trimmed("{{schema:-53 count:4 sum:-9 buckets:[4]}}", {{1, "{{schema:-53}}", "{{schema:-53}}"}});
}

TEST(trim, by_nan_leaves_nothing_certain) {
  Histogram histogram = read("{{count:5 sum:5 z_bucket:1 z_bucket_w:0.1 buckets:[4]}}");
  trim_upper(histogram, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(histogram.positive.empty());
  EXPECT_TRUE(std::isnan(histogram.count));
}

TEST(trim, keeps_the_hint) {
  Histogram histogram = read("{{count:4 buckets:[4] counter_reset_hint:not_reset}}");
  trim_upper(histogram, 0.75);
  EXPECT_EQ(histogram.reset_hint, ResetHint::not_reset);
}

}  // namespace
}  // namespace watchbill::metrics::histogram
