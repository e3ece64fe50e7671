#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"
#include "metrics/histogram/arithmetic.h"

namespace watchbill::metrics::histogram {
namespace {

template <class Kind>
Kind of(const std::vector<std::string>& notations) {
  Kind result;
  for (const std::string& notation : notations) result.add(read(notation));
  return result;
}

TEST(sum, keeps_what_rounding_would_lose) {
  const Histogram sum = of<Sum>({"{{z_bucket_w:0.1 z_bucket:1 count:1 sum:1e100 buckets:[1e17] n_buckets:[1]}}",
                                 "{{z_bucket_w:0.1 z_bucket:1e17 count:1e17 sum:1 buckets:[1] n_buckets:[1e17]}}",
                                 "{{z_bucket_w:0.1 z_bucket:-1e17 count:-1e17 sum:-1e100 buckets:[-1e17] n_buckets:[-1e17]}}"})
                            .value();
  EXPECT_TRUE(are_same(sum, read("{{z_bucket_w:0.1 z_bucket:1 count:1 sum:1 buckets:[1] n_buckets:[1]}}")));
}

TEST(sum, keeps_compensations_through_reconciliation) {
  // Each time 1 is lost in 1e17 until that goes again: resolution falls, the zero bucket takes the bucket, bounds change.
  EXPECT_TRUE(are_same(of<Sum>({"{{schema:1 buckets:[1e17] offset:3}}", "{{schema:1 buckets:[1 1] offset:2}}",
                                "{{schema:0 buckets:[1 -1e17] offset:1}}"})
                           .value(),
                       read("{{schema:0 buckets:[2 1] offset:1}}")));
  EXPECT_TRUE(are_same(of<Sum>({"{{z_bucket_w:0.1 buckets:[1e17 1]}}", "{{z_bucket_w:0.1 buckets:[1]}}",
                                "{{z_bucket_w:1 z_bucket:-1e17}}"})
                           .value(),
                       read("{{z_bucket_w:1 z_bucket:1 buckets:[1] offset:1}}")));
  EXPECT_TRUE(are_same(of<Sum>({"{{schema:-53 custom_values:[1 2 3] buckets:[1e17 1 0 0]}}",
                                "{{schema:-53 custom_values:[1 2 3] buckets:[1 0 0 0]}}",
                                "{{schema:-53 custom_values:[2 3] buckets:[-1e17]}}"})
                           .value(),
                       read("{{schema:-53 custom_values:[2 3] buckets:[2]}}")));
}

TEST(sum, of_one_is_that_one) {
  const std::string one = "{{schema:2 z_bucket_w:0.1 z_bucket:3 count:9 sum:4 buckets:[0 2 1] n_buckets:[3] "
                          "counter_reset_hint:not_reset}}";
  EXPECT_TRUE(are_same(of<Sum>({one}).value(), read(one)));
  EXPECT_TRUE(are_same(of<Mean>({one}).value(), read(one)));
}

TEST(sum, tells_of_resets_among_all_operands) {
  EXPECT_FALSE(of<Sum>({"{{counter_reset_hint:reset}}"}).notes().has_reset_collision);
  EXPECT_FALSE(of<Sum>({"{{counter_reset_hint:reset}}", "{{}}", "{{counter_reset_hint:gauge}}"}).notes().has_reset_collision);
  const Sum sum = of<Sum>({"{{counter_reset_hint:reset}}", "{{counter_reset_hint:gauge}}", "{{counter_reset_hint:not_reset}}"});
  EXPECT_TRUE(sum.notes().has_reset_collision);
  EXPECT_EQ(sum.value().reset_hint, ResetHint::gauge);
  EXPECT_TRUE(of<Mean>({"{{counter_reset_hint:reset}}", "{{}}", "{{counter_reset_hint:not_reset}}"}).notes().has_reset_collision);
}

TEST(sum, remembers_reconciled_bounds_and_incompatible_operands) {
  const std::string custom = "{{schema:-53 custom_values:[1 2]}}";
  const std::string other = "{{schema:-53 custom_values:[1 3]}}";
  EXPECT_TRUE(of<Sum>({custom, other, other}).notes().has_reconciled_bounds);
  EXPECT_FALSE(of<Sum>({custom, custom}).notes().has_reconciled_bounds);
  EXPECT_TRUE(of<Sum>({custom, "{{}}", custom}).notes().is_incompatible);
  EXPECT_TRUE(of<Mean>({"{{}}", custom, custom, "{{}}"}).notes().is_incompatible);
}

TEST(mean, is_the_sum_by_the_count) {
  EXPECT_TRUE(are_same(
      of<Mean>({"{{count:1 sum:1 buckets:[1]}}", "{{count:2 sum:4 buckets:[0 2]}}", "{{count:3 sum:4 buckets:[5 1]}}"}).value(),
      read("{{count:2 sum:3 buckets:[2 1]}}")));
}

TEST(mean, is_incremental_once_the_sum_overflows) {
  const Mean mean = of<Mean>({"{{count:1 sum:1.5e308 buckets:[1]}}", "{{count:3 sum:1.5e308 buckets:[3]}}",
                              "{{count:5 sum:1.5e308 buckets:[0 5] z_bucket:9}}"});
  EXPECT_TRUE(has_infinity(of<Sum>({"{{sum:1.5e308}}", "{{sum:1.5e308}}"}).value()));
  const Histogram value = mean.value();
  EXPECT_DOUBLE_EQ(value.sum, 1.5e308);
  EXPECT_DOUBLE_EQ(value.count, 3);
  EXPECT_DOUBLE_EQ(value.zero_count, 3);
  ASSERT_EQ(value.positive.size(), 2U);
  EXPECT_DOUBLE_EQ(value.positive[0].count, 4.0 / 3);
  EXPECT_DOUBLE_EQ(value.positive[1].count, 5.0 / 3);
}

TEST(mean, of_infinite_ones_is_infinite) {
  const Histogram value = of<Mean>({"{{sum:Inf count:1}}", "{{sum:1 count:1}}", "{{sum:1 count:4}}"}).value();
  EXPECT_EQ(value.sum, std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(value.count, 2);
}

}  // namespace
}  // namespace watchbill::metrics::histogram
