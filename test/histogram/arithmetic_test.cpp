#include "metrics/histogram/arithmetic.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"

namespace watchbill::metrics::histogram {
namespace {

struct Case {
  std::string left;
  std::string right;
  std::string result;
  Notes notes{};
};

void expect_notes(const Notes& actual, const Notes& expected) {
  EXPECT_EQ(actual.is_incompatible, expected.is_incompatible);
  EXPECT_EQ(actual.has_reset_collision, expected.has_reset_collision);
  EXPECT_EQ(actual.has_reconciled_bounds, expected.has_reconciled_bounds);
}

// The tables below hold what the reference's unit tests hold.
const std::vector<Case> sums{
    // the same buckets, written with and without the empty ones between them
    {"{{z_bucket_w:0.01 z_bucket:11 count:30 sum:2.5 offset:-2 buckets:[1 0 0 3 4 7] n_offset:3 n_buckets:[3 1 0 0 0 5 6]}}",
     "{{z_bucket_w:0.01 z_bucket:8 count:21 sum:1.25 offset:1 buckets:[2 3 6] n_offset:3 n_buckets:[1 1 0 0 0 4 4]}}",
     "{{z_bucket_w:0.01 z_bucket:19 count:51 sum:3.75 offset:-2 buckets:[1 0 0 5 7 13] n_offset:3 n_buckets:[4 2 0 0 0 9 10]}}"},
    // no bucket in common
    {"{{z_bucket_w:0.001 z_bucket:11 count:30 sum:2.5 offset:-2 buckets:[1 0 0 0 3 4 7]}}",
     "{{z_bucket_w:0.001 z_bucket:8 count:21 sum:1.25 buckets:[5 4 0 0 0 2 3 6] n_offset:-9 n_buckets:[1 1]}}",
     "{{z_bucket_w:0.001 z_bucket:19 count:51 sum:3.75 offset:-2 buckets:[1 0 5 4 3 4 7 2 3 6] n_offset:-9 n_buckets:[1 1]}}"},
    // the lower resolution
    {"{{schema:0 count:30 sum:2 offset:-2 buckets:[2 5 4 2 3 6 7 5] n_offset:3 n_buckets:[4 10 1]}}",
     "{{schema:1 count:21 sum:1 offset:-4 buckets:[1 0 0 3 2 2] n_offset:6 n_buckets:[1 1 1 0 4]}}",
     "{{schema:0 count:51 sum:3 offset:-2 buckets:[3 5 9 4 3 6 7 5] n_offset:3 n_buckets:[5 12 5]}}"},
    {"{{schema:1 count:4 sum:1 offset:-1 buckets:[1 1 1 1]}}", "{{schema:-1 count:1 sum:1 buckets:[1]}}",
     "{{schema:-1 count:5 sum:2 buckets:[3 2]}}"},
    // the wider zero bucket, which takes what lies below it
    {"{{z_bucket_w:1 z_bucket:17 count:21 sum:1 offset:1 buckets:[2 3 6 2 5] n_offset:4 n_buckets:[1 1 0 4 4]}}",
     "{{z_bucket_w:0.01 z_bucket:11 count:30 sum:2 offset:-2 buckets:[1 0 0 0 3 4 7] n_offset:3 n_buckets:[3 1 0 0 0 5 6]}}",
     "{{z_bucket_w:1 z_bucket:29 count:51 sum:3 offset:1 buckets:[2 6 10 9 5] n_offset:3 n_buckets:[3 2 1 0 4 9 6]}}"},
    // both: a populated bucket of the other that would be cut widens it further
    {"{{z_bucket_w:0.6 z_bucket:1 count:3 sum:1 offset:1 buckets:[1 1]}}",
     "{{z_bucket_w:0.001 z_bucket:1 count:5 sum:1 offset:-3 buckets:[1 0 1 1 0 1]}}",
     "{{z_bucket_w:1 z_bucket:5 count:8 sum:2 offset:1 buckets:[1 2]}}"},
    {"{{z_bucket_w:0.001 z_bucket:1 count:5 sum:1 offset:-3 buckets:[1 0 1 1 0 1] n_offset:2 n_buckets:[1]}}",
     "{{z_bucket_w:3 z_bucket:1 count:3 sum:1 offset:3 buckets:[1]}}",
     "{{z_bucket_w:4 z_bucket:7 count:8 sum:2 offset:3 buckets:[1]}}"},
    // what the zero bucket takes shares a bucket of the lower resolution with what it leaves, and counts once
    {"{{schema:0 z_bucket_w:0.001 z_bucket:1 count:2 sum:1 buckets:[1]}}",
     "{{schema:1 z_bucket_w:0.75 z_bucket:1 count:4 sum:1 buckets:[3]}}",
     "{{schema:0 z_bucket_w:1 z_bucket:6 count:6 sum:2}}"},
    {"{{schema:-1 z_bucket_w:0.5 z_bucket:1 count:2 sum:1 offset:1 buckets:[1]}}",
     "{{schema:1 z_bucket_w:0.001 z_bucket:1 count:9 sum:1 offset:-2 buckets:[3 1 4]}}",
     "{{schema:-1 z_bucket_w:0.5 z_bucket:5 count:11 sum:2 buckets:[5 1]}}"},
    // custom bounds: equal, common, none in common, none at all
    {"{{schema:-53 count:4 sum:1 custom_values:[1 2 3 4] buckets:[1 0 3 4 7]}}",
     "{{schema:-53 count:4 sum:1 custom_values:[1 2 3 4] offset:1 buckets:[2 3]}}",
     "{{schema:-53 count:8 sum:2 custom_values:[1 2 3 4] buckets:[1 2 6 4 7]}}"},
    {"{{schema:-53 count:6 sum:1 custom_values:[2 4] buckets:[1 0 5]}}",
     "{{schema:-53 count:10 sum:2 custom_values:[3 4 5] buckets:[1 2 3 4]}}",
     "{{schema:-53 count:16 sum:3 custom_values:[4] buckets:[4 12]}}", {.has_reconciled_bounds = true}},
    {"{{schema:-53 count:6 sum:1 custom_values:[1 2] buckets:[1 0 5]}}",
     "{{schema:-53 count:10 sum:2 custom_values:[3 4 5] buckets:[1 2 3 4]}}", "{{schema:-53 count:16 sum:3 buckets:[16]}}",
     {.has_reconciled_bounds = true}},
    {"{{schema:-53 count:6 sum:1 buckets:[6]}}", "{{schema:-53 count:2 sum:2 custom_values:[3] buckets:[1 1]}}",
     "{{schema:-53 count:8 sum:3 buckets:[8]}}", {.has_reconciled_bounds = true}},
    // hints
    {"{{counter_reset_hint:reset}}", "{{counter_reset_hint:reset}}", "{{counter_reset_hint:reset}}"},
    {"{{counter_reset_hint:reset}}", "{{counter_reset_hint:not_reset}}", "{{}}", {.has_reset_collision = true}},
    {"{{counter_reset_hint:reset}}", "{{}}", "{{}}"},
    {"{{counter_reset_hint:reset}}", "{{counter_reset_hint:gauge}}", "{{counter_reset_hint:gauge}}"},
    {"{{counter_reset_hint:gauge}}", "{{}}", "{{counter_reset_hint:gauge}}"},
    {"{{}}", "{{}}", "{{}}"},
};

TEST(add, gives_what_the_reference_gives_in_either_order) {
  for (const Case& c : sums) {
    SCOPED_TRACE(c.left + " + " + c.right);
    Histogram sum = read(c.left);
    expect_notes(add(sum, read(c.right)), c.notes);
    EXPECT_TRUE(are_same(sum, read(c.result)));
    Histogram other_sum = read(c.right);
    expect_notes(add(other_sum, read(c.left)), c.notes);
    EXPECT_TRUE(are_same(other_sum, read(c.result)));
  }
}

TEST(add, with_compensations_gives_the_same_for_small_integers) {
  for (const Case& c : sums) {
    SCOPED_TRACE(c.left + " + " + c.right);
    Sum sum;
    sum.add(read(c.left));
    sum.add(read(c.right));
    expect_notes(sum.notes(), c.notes);
    EXPECT_TRUE(are_same(sum.value(), read(c.result)));
  }
}

TEST(add, refuses_a_mix_of_exponential_and_custom_buckets) {
  const Histogram exponential = read("{{count:1 sum:1 buckets:[1] counter_reset_hint:reset}}");
  const Histogram custom = read("{{schema:-53 count:1 sum:1 custom_values:[1] buckets:[1] counter_reset_hint:not_reset}}");
  Histogram sum = exponential;
  expect_notes(add(sum, custom), {.is_incompatible = true});
  EXPECT_TRUE(are_same(sum, exponential));
  sum = custom;
  expect_notes(subtract(sum, exponential), {.is_incompatible = true});
  EXPECT_TRUE(are_same(sum, custom));
}

TEST(add, of_a_histogram_to_itself_doubles_it) {
  Histogram histogram = read("{{z_bucket_w:0.01 z_bucket:1 count:7 sum:5 buckets:[1 0 2] n_buckets:[3]}}");
  expect_notes(add(histogram, histogram), {});
  EXPECT_TRUE(are_same(histogram, read("{{z_bucket_w:0.01 z_bucket:2 count:14 sum:10 buckets:[2 0 4] n_buckets:[6]}}")));
}

TEST(subtract, gives_what_the_reference_gives) {
  const std::vector<Case> cases{
      {"{{z_bucket_w:0.01 z_bucket:11 count:30 sum:23 offset:-2 buckets:[1 0 0 3 4 7] n_offset:3 n_buckets:[3 1 0 0 0 5 6]}}",
       "{{z_bucket_w:0.01 z_bucket:8 count:21 sum:12 offset:1 buckets:[2 3 6] n_offset:3 n_buckets:[1 1 0 0 0 4 4]}}",
       "{{z_bucket_w:0.01 z_bucket:3 count:9 sum:11 offset:-2 buckets:[1 0 0 1 1 1] n_offset:3 n_buckets:[2 0 0 0 0 1 2]}}"},
      {"{{schema:0 count:9 sum:3 buckets:[4 5]}}", "{{schema:1 count:3 sum:1 buckets:[1 1 1] offset:-1}}",
       "{{schema:0 count:6 sum:2 buckets:[2 4]}}"},
      {"{{schema:1 count:1 sum:1 buckets:[1]}}", "{{schema:1 count:2 sum:2 buckets:[2] offset:5}}",
       "{{schema:1 count:-1 sum:-1 buckets:[1 0 0 0 0 -2]}}"},
      {"{{schema:-53 count:6 sum:1 custom_values:[2 4] buckets:[1 0 5]}}",
       "{{schema:-53 count:10 sum:2 custom_values:[3 4 5] buckets:[1 2 3 4]}}",
       "{{schema:-53 count:-4 sum:-1 custom_values:[4] buckets:[-2 -2]}}", {.has_reconciled_bounds = true}},
      {"{{counter_reset_hint:not_reset}}", "{{counter_reset_hint:reset}}", "{{}}", {.has_reset_collision = true}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.left + " - " + c.right);
    Histogram difference = read(c.left);
    expect_notes(subtract(difference, read(c.right)), c.notes);
    EXPECT_TRUE(are_same(difference, read(c.result)));
  }
}

TEST(scale, changes_every_count_and_the_sum) {
  Histogram histogram =
      read("{{z_bucket_w:0.5 z_bucket:5 count:30 sum:-3 buckets:[1 2] n_buckets:[4] counter_reset_hint:reset}}");
  multiply(histogram, 2);
  EXPECT_TRUE(are_same(
      histogram, read("{{z_bucket_w:0.5 z_bucket:10 count:60 sum:-6 buckets:[2 4] n_buckets:[8] counter_reset_hint:reset}}")));
  divide(histogram, -4);
  EXPECT_TRUE(are_same(histogram, read("{{z_bucket_w:0.5 z_bucket:-2.5 count:-15 sum:1.5 buckets:[-0.5 -1] n_buckets:[-2] "
                                       "counter_reset_hint:gauge}}")));
  multiply(histogram, -1);
  EXPECT_EQ(histogram.count, 15);
  EXPECT_EQ(histogram.reset_hint, ResetHint::gauge);
}

TEST(scale, by_0_leaves_no_bucket) {
  Histogram histogram = read("{{z_bucket:0 count:30 sum:-3 buckets:[1 2] n_buckets:[4]}}");
  divide(histogram, 0);
  EXPECT_TRUE(histogram.positive.empty());
  EXPECT_TRUE(histogram.negative.empty());
  EXPECT_EQ(histogram.count, std::numeric_limits<double>::infinity());
  EXPECT_EQ(histogram.sum, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(histogram.zero_count));

  histogram = read("{{count:30 sum:-3 buckets:[1 2]}}");
  multiply(histogram, 0);
  compact(histogram);
  EXPECT_TRUE(are_same(histogram, read("{{sum:-0}}")));
}

TEST(schema, is_reduced_by_merging_neighbours) {
  Histogram histogram = read(
      "{{schema:1 z_bucket_w:0.01 z_bucket:11 count:30 sum:2 offset:-4 buckets:[1 0 0 0 0 0 0 0 3 2 2 3 4] n_offset:6 "
      "n_buckets:[3 0.5 0.5 0 0 0 0 0 0 2 3 2 4]}}");
  reduce_to_schema(histogram, 0);
  EXPECT_TRUE(are_same(histogram, read("{{schema:0 z_bucket_w:0.01 z_bucket:11 count:30 sum:2 offset:-2 buckets:[1 0 0 0 3 4 7] "
                                       "n_offset:3 n_buckets:[3 1 0 0 0 5 6]}}")));
  reduce_to_schema(histogram, 0);
  EXPECT_EQ(histogram.schema, 0);
  reduce_to_schema(histogram, -4);
  EXPECT_TRUE(are_same(histogram, read("{{schema:-4 z_bucket_w:0.01 z_bucket:11 count:30 sum:2 buckets:[1 14] n_offset:1 "
                                       "n_buckets:[15]}}")));
}

TEST(reset, is_detected_by_the_rules_of_the_reference) {
  const std::string counter = "{{z_bucket_w:0.01 z_bucket:5.5 count:350 sum:9 offset:-2 buckets:[1 0 0 3.5 4 1] n_offset:3 "
                              "n_buckets:[3 3 0 100]}}";
  struct ResetCase {
    std::string what;
    std::string previous;
    std::string current;
    bool is_reset;
  };
  const std::vector<ResetCase> cases{
      {"nothing", "{{}}", "{{}}", false},
      {"nothing changed", counter, counter, false},
      {"buckets appear", "{{}}", counter, false},
      {"buckets go", counter, "{{}}", true},
      {"count falls", "{{count:2}}", "{{count:1}}", true},
      {"sum falls", "{{count:2 sum:2}}", "{{count:2 sum:1}}", false},
      {"zero count falls", "{{z_bucket_w:0.1 z_bucket:5.5}}", "{{z_bucket_w:0.1 z_bucket:5.4}}", true},
      {"zero count rises", "{{z_bucket_w:0.1 z_bucket:5.5}}", "{{z_bucket_w:0.1 z_bucket:5.6}}", false},
      {"a bucket falls", "{{count:3 buckets:[1 2]}}", "{{count:3 buckets:[2 1]}}", true},
      {"a negative bucket falls", "{{count:3 n_buckets:[1 2]}}", "{{count:3 n_buckets:[2 1]}}", true},
      {"a bucket goes", "{{count:3 buckets:[1 2]}}", "{{count:3 buckets:[3] offset:1}}", true},
      {"an empty bucket goes", "{{count:3 buckets:[0 2]}}", "{{count:3 buckets:[3] offset:1}}", false},
      {"the last bucket goes", "{{count:3 buckets:[1 2]}}", "{{count:3 buckets:[3]}}", true},
      {"an empty last bucket goes", "{{count:3 buckets:[1 0]}}", "{{count:3 buckets:[3]}}", false},
      {"only an empty bucket goes", "{{buckets:[0] offset:23}}", "{{}}", false},
      {"resolution rises", "{{schema:0}}", "{{schema:1}}", true},
      {"resolution falls, counts stay", "{{schema:1 count:4 buckets:[1 1 2]}}", "{{schema:0 count:4 buckets:[1 3]}}", false},
      {"resolution falls, a count too", "{{schema:1 count:4 buckets:[1 1 2]}}", "{{schema:0 count:4 buckets:[2 2]}}", true},
      {"zero bucket narrower", "{{z_bucket_w:0.1}}", "{{z_bucket_w:0.01}}", true},
      {"zero bucket wider, between buckets", "{{z_bucket_w:0.1 z_bucket:1 count:4 offset:-1 buckets:[1 2]}}",
       "{{z_bucket_w:0.5 z_bucket:2 count:5 offset:0 buckets:[2]}}", false},
      {"zero bucket wider by an empty part of a bucket", "{{z_bucket_w:0.1 z_bucket:1 count:3 offset:-1 buckets:[0 2]}}",
       "{{z_bucket_w:0.4 z_bucket:2 count:5 offset:0 buckets:[2]}}", false},
      {"zero bucket wider by a part of a bucket", "{{z_bucket_w:0.1 z_bucket:1 count:4 offset:-1 buckets:[1 2]}}",
       "{{z_bucket_w:0.4 z_bucket:2 count:5 offset:0 buckets:[2]}}", true},
      {"zero bucket wider with less", "{{z_bucket_w:0.1 z_bucket:1 count:4 offset:-1 buckets:[1 2]}}",
       "{{z_bucket_w:0.5 z_bucket:0 count:5 offset:0 buckets:[2]}}", true},
      {"zero bucket wider to a bucket of 1, with less", "{{z_bucket_w:0.1 z_bucket:1 count:4 buckets:[3]}}",
       "{{z_bucket_w:1 z_bucket:3 count:4}}", true},
      {"zero bucket wider to a bucket of 1", "{{z_bucket_w:0.1 z_bucket:1 count:4 buckets:[3]}}",
       "{{z_bucket_w:1 z_bucket:4 count:4}}", false},
      {"marked as reset", "{{}}", "{{counter_reset_hint:reset}}", true},
      {"marked as not reset", "{{count:3}}", "{{count:1 counter_reset_hint:not_reset}}", false},
      {"a gauge falls", "{{count:3}}", "{{count:1 counter_reset_hint:gauge}}", true},
      {"the one before was marked", "{{count:3 counter_reset_hint:reset}}", "{{count:3}}", false},
      {"exponential becomes custom", "{{}}", "{{schema:-53 custom_values:[1]}}", true},
      {"custom becomes exponential", "{{schema:-53 custom_values:[1]}}", "{{}}", true},
      {"custom, falls", "{{schema:-53 count:3 custom_values:[1] buckets:[2 1]}}",
       "{{schema:-53 count:3 custom_values:[1] buckets:[1 2]}}", true},
      {"custom, rises", "{{schema:-53 count:3 custom_values:[1] buckets:[2 1]}}",
       "{{schema:-53 count:4 custom_values:[1] buckets:[2 2]}}", false},
      {"bounds change, common ones rise", "{{schema:-53 count:6 custom_values:[1 2 3] buckets:[1 2 3 0]}}",
       "{{schema:-53 count:6 custom_values:[0 2 3] buckets:[3 0 3 0]}}", false},
      {"bounds change, a common one falls", "{{schema:-53 count:6 custom_values:[1 2 3] buckets:[1 2 3 0]}}",
       "{{schema:-53 count:6 custom_values:[0 2 3] buckets:[2 0 4 0]}}", true},
      {"no bound in common", "{{schema:-53 count:6 custom_values:[1 2] buckets:[6]}}",
       "{{schema:-53 count:6 custom_values:[3] buckets:[0 6]}}", false},
  };
  for (const ResetCase& c : cases) EXPECT_EQ(detect_reset(read(c.previous), read(c.current)), c.is_reset) << c.what;
}

}  // namespace
}  // namespace watchbill::metrics::histogram
