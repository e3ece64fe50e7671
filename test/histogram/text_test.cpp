#include "metrics/histogram/text.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "histogram/notation.h"

namespace watchbill::metrics::histogram {
namespace {

TEST(text, is_that_of_the_reference) {
  const Histogram exponential = read(
      "{{schema:1 z_bucket_w:0.01 z_bucket:5.5 count:3493.3 sum:2349209.324 offset:-2 buckets:[1 0 0 3.3 4.2 0.1] n_offset:3 "
      "n_buckets:[3.1 3 0 0 0 1.234e5 1000]}}");
  EXPECT_EQ(text(exponential),
            "{count:3493.3, sum:2.349209324e+06, [-22.62741699796952,-16):1000, [-16,-11.31370849898476):123400, "
            "[-4,-2.82842712474619):3, [-2.82842712474619,-2):3.1, [-0.01,0.01]:5.5, (0.35355339059327373,0.5]:1, "
            "(1,1.414213562373095]:3.3, (1.414213562373095,2]:4.2, (2,2.82842712474619]:0.1}");
  EXPECT_EQ(text(read("{{schema:-53 count:9 sum:NaN custom_values:[1 2 5] buckets:[1 0 3 5]}}")),
            "{count:9, sum:NaN, [-Inf,1]:1, (2,5]:3, (5,+Inf]:5}");
  EXPECT_EQ(text({}), "{count:0, sum:0}");
}

TEST(notation, is_read_and_written) {
  const std::vector<std::string> canonical{
      "{{}}",
      "{{schema:1 count:3.1 sum:-0.3 z_bucket:7.1 z_bucket_w:0.05 counter_reset_hint:gauge offset:-3 buckets:[5.1 10 7] "
      "n_offset:-5 n_buckets:[4.1 5]}}",
      "{{schema:-53 count:3 sum:NaN custom_values:[1 5 10] counter_reset_hint:reset buckets:[1 0 0 2]}}",
      "{{schema:-53 custom_values:[]}}",
      "{{count:+Inf sum:-Inf counter_reset_hint:not_reset}}",
      "{{schema:-4 offset:7 buckets:[-1 0 -2.5e-07]}}"};
  for (const std::string& text : canonical) EXPECT_EQ(notation(read(text)), text);
}

TEST(notation, takes_any_order_and_blanks) {
  const Histogram histogram = read("{{ n_offset:2  sum:1e3\tn_buckets:[ 1 2 ] counter_reset_hint:unknown offset:1 schema:2 }}");
  EXPECT_EQ(histogram.sum, 1000);
  EXPECT_EQ(histogram.schema, 2);
  EXPECT_EQ(histogram.negative, (BucketCounts{{2, 1}, {3, 2}}));
  EXPECT_TRUE(histogram.positive.empty());
}

TEST(notation, ends_where_it_ends_and_says_whether_the_hint_was_given) {
  const auto result = read_notation("{{sum:1}}+{{sum:2}}x3");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->bytes, 9U);
  EXPECT_FALSE(result->names_hint);
  EXPECT_TRUE(read_notation("{{counter_reset_hint:unknown}}")->names_hint);
}

TEST(notation, keeps_empty_buckets) {
  EXPECT_EQ(read("{{buckets:[0 1 0]}}").positive, (BucketCounts{{0, 0}, {1, 1}, {2, 0}}));
}

TEST(notation, refuses_what_it_is_not_with_the_place) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "at byte 1: expected {{"},
      {"{sum:1}", "at byte 1: expected {{"},
      {"{{sum:1", "at byte 8: expected }} at its end"},
      {"{{sum:1} }", "at byte 8: expected a blank or }}"},
      {"{{sum 1}}", "at byte 3: expected schema:"},
      {"{{total:1}}", "at byte 3: expected schema:"},
      {"{{sum:}}", "at byte 7: expected a decimal number, Inf or NaN"},
      {"{{sum:0x1f}}", "at byte 7: expected a decimal number"},
      {"{{sum:1 sum:2}}", "at byte 9: sum is given twice"},
      {"{{sum:1[2]}}", "at byte 8: expected a blank or }}"},
      {"{{schema:9}}", "at byte 10: expected a schema from -4 to 8, or -53"},
      {"{{schema:-5}}", "at byte 10: expected a schema"},
      {"{{schema:1.5}}", "at byte 10: expected a schema"},
      {"{{z_bucket_w:-1}}", "at byte 14: expected a finite width"},
      {"{{z_bucket_w:NaN}}", "at byte 14: expected a finite width"},
      {"{{offset:2000000}}", "at byte 10: expected an integer from -1048576 to 1048576"},
      {"{{offset:1048576 buckets:[1]}}", "expected buckets up to index 1048576"},
      {"{{buckets:5}}", "at byte 11: expected a list as [5 10 7]"},
      {"{{buckets:[5 x]}}", "at byte 14: expected a decimal number"},
      {"{{custom_values:[2 1]}}", "at byte 17: expected bounds that rise"},
      {"{{custom_values:[1 NaN]}}", "at byte 17: expected bounds that rise"},
      {"{{custom_values:[1 Inf]}}", "at byte 17: expected bounds that rise"},
      {"{{buckets:[5", "at byte 13: expected ] at the end of the list"},
      {"{{counter_reset_hint:maybe}}", "at byte 22: expected unknown, reset, not_reset or gauge"}};
  for (const auto& [input, expected] : cases) {
    const auto result = read_notation(input);
    ASSERT_FALSE(result) << input;
    EXPECT_NE(result.error().text().find(expected), std::string::npos) << input << ": " << result.error().text();
  }
}

TEST(notation, is_bounded) {
  const Limits limits{.buckets_max = 3};
  EXPECT_TRUE(read_notation("{{buckets:[1 2] n_buckets:[3] custom_values:[1 2 3]}}", limits));
  EXPECT_FALSE(read_notation("{{buckets:[1 2] n_buckets:[3 4]}}", limits));
  EXPECT_FALSE(read_notation("{{buckets:[1 2 3 4]}}", limits));
  EXPECT_FALSE(read_notation("{{custom_values:[1 2 3 4]}}", limits));
  Histogram far = read("{{count:2 buckets:[1] offset:-9000}}");
  far.positive.push_back({9000, 1});
  EXPECT_EQ(notation(far), text(far)) << "gaps are not written out beyond the limits";
}

}  // namespace
}  // namespace watchbill::metrics::histogram
