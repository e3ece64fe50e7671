#include "metrics/histogram/buckets.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/number.h"
#include "histogram/notation.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double largest = std::numeric_limits<double>::max();

TEST(bucket, bounds_are_those_of_the_reference_bit_for_bit) {
  struct Case {
    std::int64_t index;
    std::int8_t schema;
    double bound;
  };
  const std::vector<Case> cases{
      {-1, -1, 0.25}, {0, -1, 1}, {1, -1, 4}, {512, -1, largest}, {513, -1, infinity}, {-1, 0, 0.5}, {0, 0, 1}, {1, 0, 2},
      {1024, 0, largest}, {1025, 0, infinity}, {-1, 2, 0.8408964152537144}, {0, 2, 1}, {1, 2, 1.189207115002721},
      {4096, 2, largest}, {4097, 2, infinity}, {64, -4, largest}, {65, -4, infinity}, {-1074, 0, 5e-324}, {-1076, 0, 0},
      {-(1 << 20), 8, 0}, {1 << 20, 8, infinity}};
  for (const Case& c : cases)
    EXPECT_EQ(exponential_bound(c.index, c.schema), c.bound) << c.index << " in schema " << int{c.schema};
}

// From the published table of schema 8, of each sixth of it; none of these is the double nearest to the power but the first two.
TEST(bucket, fractions_are_those_of_the_published_table) {
  struct Case {
    std::int64_t part;  // of 256
    double fraction;    // 2^(part/256) / 2
  };
  const std::vector<Case> cases{{0, 0.5}, {64, 0.5946035575013605}, {18, 0.5249720429003435}, {75, 0.6125793968185725},
                                {101, 0.6572577939746774}, {106, 0.6662162735415805}, {128, 0.7071067811865475},
                                {159, 0.7690203869158282}, {186, 0.8273458838280969}, {194, 0.8454623996346523},
                                {218, 0.9022270839033115}, {219, 0.9046732696855155}, {254, 0.9945994234836328},
                                {255, 0.9972960560854698}};
  for (const Case& c : cases) {
    EXPECT_EQ(exponential_bound(c.part, 8), 2 * c.fraction) << c.part;
    EXPECT_EQ(exponential_bound(c.part - 256, 8), c.fraction) << c.part;
  }
}

TEST(bucket, bounds_of_lower_schemas_are_bounds_of_higher_ones) {
  for (std::int8_t schema = schema_min; schema < schema_max; ++schema)
    for (std::int64_t index = -300; index <= 300; ++index)
      EXPECT_EQ(exponential_bound(index, schema), exponential_bound(2 * index, static_cast<std::int8_t>(schema + 1)));
}

TEST(bucket, bounds_rise) {
  for (std::int8_t schema = schema_min; schema <= schema_max; ++schema)
    for (std::int64_t index = -256; index < 256; ++index) {
      const double bound = exponential_bound(index, schema);
      const double next = exponential_bound(index + 1, schema);
      if (bound > 0 && bound < largest) {
        EXPECT_LT(bound, next) << index << " in schema " << int{schema};
      }
    }
}

std::vector<std::string> walked(const Histogram& histogram, BucketWalk::Order order) {
  std::vector<std::string> buckets;
  for (BucketWalk walk(histogram, order); walk.next();) {
    std::string text = std::to_string(boundary_rule(walk.bucket()));
    for (const double figure : {walk.bucket().lower, walk.bucket().upper, walk.bucket().count}) {
      text.push_back(' ');
      append_number(text, figure);
    }
    buckets.push_back(text);
  }
  return buckets;
}

TEST(bucket_walk, goes_from_the_lowest_to_the_highest_and_back) {
  const Histogram histogram = read("{{z_bucket:2 z_bucket_w:0.25 buckets:[1 0 3] offset:-1 n_buckets:[4 5]}}");
  const std::vector<std::string> rising{"1 -2 -1 5", "1 -1 -0.5 4", "3 -0.25 0.25 2", "0 0.25 0.5 1", "0 0.5 1 0", "0 1 2 3"};
  EXPECT_EQ(walked(histogram, BucketWalk::Order::rising), rising);
  EXPECT_EQ(walked(histogram, BucketWalk::Order::falling), std::vector<std::string>(rising.rbegin(), rising.rend()));
}

TEST(bucket_walk, begins_buckets_where_the_zero_bucket_ends) {
  const Histogram histogram = read("{{z_bucket:2 z_bucket_w:0.3 buckets:[1] offset:-1 n_buckets:[4] n_offset:-1}}");
  EXPECT_EQ(walked(histogram, BucketWalk::Order::rising),
            (std::vector<std::string>{"1 -0.5 -0.3 4", "3 -0.3 0.3 2", "0 0.3 0.5 1"}));
}

TEST(bucket_walk, leaves_an_empty_zero_bucket_out) {
  EXPECT_EQ(walked(read("{{z_bucket_w:0.25 buckets:[1]}}"), BucketWalk::Order::rising), (std::vector<std::string>{"0 0.5 1 1"}));
  EXPECT_TRUE(walked(read("{{}}"), BucketWalk::Order::rising).empty());
}

TEST(bucket_walk, gives_custom_buckets_from_minus_to_plus_infinity) {
  const Histogram histogram = read("{{schema:-53 custom_values:[-2 3] buckets:[1 2 3]}}");
  EXPECT_EQ(walked(histogram, BucketWalk::Order::rising), (std::vector<std::string>{"3 -Inf -2 1", "0 -2 3 2", "0 3 +Inf 3"}));
  EXPECT_EQ(walked(read("{{schema:-53 buckets:[1]}}"), BucketWalk::Order::falling), (std::vector<std::string>{"3 -Inf +Inf 1"}));
}

TEST(bucket_walk, ends_once) {
  const Histogram histogram = read("{{buckets:[1]}}");
  BucketWalk walk(histogram);
  EXPECT_TRUE(walk.next());
  EXPECT_FALSE(walk.next());
  EXPECT_FALSE(walk.next());
}

}  // namespace
}  // namespace watchbill::metrics::histogram
