// What holds for all histograms, tried on random ones.
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/buckets.h"
#include "metrics/histogram/estimate.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int run_count = 2000;

class Source {
 public:
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator_); }

  Histogram exponential() {
    Histogram histogram{.schema = static_cast<std::int8_t>(number(-2, 3))};
    constexpr double widths[] = {0, 0.001, 0.3, 1, 5};
    histogram.zero_threshold = widths[number(0, 4)];
    histogram.zero_count = number(0, 3);
    for (BucketCounts* side : {&histogram.positive, &histogram.negative}) {
      *side = buckets_from(number(-12, 8));
      // What lies in the zero bucket is counted there; buckets that it cuts may be.
      std::erase_if(*side, [&](const BucketCount& bucket) {
        return exponential_bound(bucket.index, histogram.schema) <= histogram.zero_threshold;
      });
    }
    complete(histogram);
    return histogram;
  }
  Histogram custom() {
    Histogram histogram{.schema = custom_schema};
    std::vector<double> bounds;
    for (int bound = -4; bound < 8; ++bound)
      if (number(0, 2) == 0) bounds.push_back(bound);
    const auto index_max = static_cast<std::int32_t>(bounds.size());
    for (std::int32_t index = 0; index <= index_max; ++index)
      if (number(0, 2) > 0) histogram.positive.push_back({index, static_cast<double>(number(0, 9))});
    histogram.custom_bounds = make_bounds(std::move(bounds));
    complete(histogram);
    return histogram;
  }

 private:
  BucketCounts buckets_from(int index) {
    BucketCounts buckets;
    for (int left = number(0, 8); left > 0; --left) {
      buckets.push_back({index, static_cast<double>(number(0, 9))});
      index += number(1, 3);
    }
    return buckets;
  }
  void complete(Histogram& histogram) {
    histogram.sum = number(-100, 100);
    histogram.count = histogram.zero_count;
    for (const BucketCount& bucket : histogram.positive) histogram.count += bucket.count;
    for (const BucketCount& bucket : histogram.negative) histogram.count += bucket.count;
  }

  std::mt19937 generator_{20260821};
};

double observation_count(const Histogram& histogram) {
  double count = 0;
  for (BucketWalk walk(histogram); walk.next();) count += walk.bucket().count;
  return count;
}

template <class Check>
void for_pairs(Check check_pair) {
  Source source;
  for (int run = 0; run < run_count; ++run) {
    const bool is_custom = run % 2 == 0;
    const Histogram left = is_custom ? source.custom() : source.exponential();
    const Histogram right = is_custom ? source.custom() : source.exponential();
    SCOPED_TRACE(notation(left) + " and " + notation(right));
    check_pair(left, right);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(property, random_histograms_are_valid_and_survive_their_notation) {
  for_pairs([](const Histogram& left, const Histogram&) {
    EXPECT_TRUE(check(left));
    EXPECT_TRUE(are_same(read(notation(left)), left));
    EXPECT_EQ(notation(read(notation(left))), notation(left));
  });
}

TEST(property, addition_commutes_and_loses_no_observation) {
  for_pairs([](const Histogram& left, const Histogram& right) {
    Histogram one = left;
    Histogram other = right;
    EXPECT_EQ(add(one, right).has_reconciled_bounds, add(other, left).has_reconciled_bounds);
    EXPECT_TRUE(are_same(one, other));
    EXPECT_TRUE(check(one));
    EXPECT_EQ(one.count, left.count + right.count);
    EXPECT_EQ(observation_count(one), one.count);
  });
}

// Not so the layout: which buckets the zero bucket takes depends on the resolution that they had when it came to them.
TEST(property, a_sum_of_three_is_that_of_additions_and_has_their_observations_from_either_end) {
  Source source;
  for (int run = 0; run < run_count; ++run) {
    const Histogram parts[] = {source.exponential(), source.exponential(), source.exponential()};
    Sum forward;
    Sum backward;
    for (int i = 0; i < 3; ++i) {
      forward.add(parts[i]);
      backward.add(parts[2 - i]);
    }
    Histogram plain = parts[0];
    EXPECT_FALSE(add(plain, parts[1]).is_incompatible);
    EXPECT_FALSE(add(plain, parts[2]).is_incompatible);
    ASSERT_TRUE(are_same(forward.value(), plain));
    ASSERT_EQ(backward.value().schema, plain.schema);
    ASSERT_EQ(observation_count(plain), plain.count);
    ASSERT_EQ(observation_count(backward.value()), plain.count);
  }
}

TEST(property, what_is_added_can_be_subtracted) {
  for_pairs([](const Histogram& left, const Histogram& right) {
    // In the layout that both have in the end: what reconciliation merged stays merged.
    Histogram layout = left;
    EXPECT_FALSE(add(layout, right).is_incompatible);
    EXPECT_FALSE(subtract(layout, right).is_incompatible);
    Histogram again = layout;
    EXPECT_FALSE(add(again, right).is_incompatible);
    EXPECT_FALSE(subtract(again, right).is_incompatible);
    EXPECT_TRUE(are_same(again, layout));
    EXPECT_EQ(layout.count, left.count);
    EXPECT_EQ(observation_count(layout), left.count);
  });
}

TEST(property, a_lower_schema_has_the_same_observations) {
  for_pairs([](const Histogram& left, const Histogram&) {
    if (left.has_custom_bounds()) return;
    for (int schema = left.schema; schema >= schema_min; --schema) {
      Histogram reduced = left;
      reduce_to_schema(reduced, static_cast<std::int8_t>(schema));
      EXPECT_EQ(observation_count(reduced), left.count);
      EXPECT_TRUE(check(reduced));
      EXPECT_FALSE(detect_reset(left, reduced));
      EXPECT_EQ(detect_reset(reduced, left), schema != left.schema);
    }
  });
}

TEST(property, a_sum_is_no_reset_and_a_part_is_one) {
  for_pairs([](const Histogram& left, const Histogram& right) {
    Histogram sum = left;
    EXPECT_FALSE(add(sum, right).is_incompatible);
    EXPECT_FALSE(detect_reset(left, sum));
    EXPECT_FALSE(detect_reset(sum, sum));
    if (right.count > 0) {
      EXPECT_TRUE(detect_reset(sum, left));
    }
  });
}

TEST(property, quantiles_rise_with_q) {
  for_pairs([](const Histogram& left, const Histogram&) {
    // One bucket for everything has no quantiles: it reaches from 0 to infinity.
    if (left.count == 0 || (left.has_custom_bounds() && left.bounds().empty())) return;
    double before = -infinity;
    for (int i = 0; i <= 40; ++i) {
      const double value = quantile(left, i / 40.0).value;
      EXPECT_GE(value, before - 1e-9 * std::abs(value)) << i;
      before = value;
    }
  });
}

TEST(property, fractions_add_up_to_1) {
  for_pairs([](const Histogram& left, const Histogram&) {
    if (left.count == 0) return;
    EXPECT_DOUBLE_EQ(fraction(left, {-infinity, infinity}).value, 1);
    double before = 0;
    for (int i = -40; i <= 40; ++i) {
      const double below = fraction(left, {-infinity, i / 4.0}).value;
      const double above = fraction(left, {i / 4.0, infinity}).value;
      EXPECT_NEAR(below + above, 1, 1e-9) << i;
      EXPECT_GE(below, before - 1e-9) << i;
      before = below;
    }
  });
}

TEST(property, the_parts_of_a_trimmed_histogram_are_the_whole) {
  for_pairs([](const Histogram& left, const Histogram&) {
    if (left.has_custom_bounds()) return;  // open buckets go on both sides
    for (int i = -20; i <= 20; ++i) {
      Histogram below = left;
      Histogram above = left;
      trim_upper(below, i / 2.0);
      trim_lower(above, i / 2.0);
      EXPECT_NEAR(below.count + above.count, left.count, 1e-9) << i;
      EXPECT_NEAR(observation_count(below), below.count, 1e-9);
    }
  });
}

TEST(property, the_mean_of_equals_is_each_of_them) {
  for_pairs([](const Histogram& left, const Histogram&) {
    Mean mean;
    for (int i = 0; i < 4; ++i) mean.add(left);
    EXPECT_TRUE(are_same(mean.value(), left));
  });
}

}  // namespace
}  // namespace watchbill::metrics::histogram
