#include "metrics/histogram/classic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/number.h"

namespace watchbill::metrics::histogram {
namespace {

std::string written(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

Error wrong(double upper, std::string detail) {
  return Error{ErrorKind::invalid, "convert the classic bucket", "le=\"" + written(upper) + "\"", std::move(detail)};
}

Status check_buckets(const std::vector<ClassicBucket>& buckets) {
  double below = 0;
  for (const ClassicBucket& bucket : buckets) {
    if (bucket.count < 0) return wrong(bucket.upper, "its count is " + written(bucket.count) + ", expected 0 or more");
    if (bucket.count < below)
      return wrong(bucket.upper, "its count is " + written(bucket.count) + ", expected at least the " + written(below) +
                                     " of the bucket below: counts are cumulative");
    below = bucket.count;
  }
  return {};
}

}  // namespace

Result<Histogram> from_classic(Classic classic, const Limits& limits) {
  std::vector<ClassicBucket>& buckets = classic.buckets;
  if (buckets.size() > limits.buckets_max)
    return Error{
        ErrorKind::invalid, "convert", "a classic histogram",
        "expected at most " + std::to_string(limits.buckets_max) + " buckets, there are " + std::to_string(buckets.size())};
  for (const ClassicBucket& bucket : buckets)
    if (std::isnan(bucket.upper)) return wrong(bucket.upper, "expected a number as bound");
  const auto by_bound = [](const ClassicBucket& left, const ClassicBucket& right) { return left.upper < right.upper; };
  const auto is_same_bound = [](const ClassicBucket& left, const ClassicBucket& right) { return left.upper == right.upper; };
  std::stable_sort(buckets.begin(), buckets.end(), by_bound);
  buckets.erase(std::unique(buckets.begin(), buckets.end(), is_same_bound), buckets.end());
  if (Status status = check_buckets(buckets); !status) return std::move(status).error();

  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double count = classic.count.value_or(buckets.empty() ? 0 : buckets.back().count);
  if (count < 0) return wrong(infinity, "the count is " + written(count) + ", expected 0 or more");
  if (buckets.empty() || buckets.back().upper != infinity) buckets.push_back({infinity, count});
  if (!(buckets.back().count == count))
    return wrong(infinity, "its count is " + written(buckets.back().count) + ", expected the count of all, " + written(count));

  Histogram histogram{.schema = custom_schema, .count = count, .sum = classic.sum};
  std::vector<double> bounds;
  double below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (i + 1 < buckets.size()) bounds.push_back(buckets[i].upper);
    if (buckets[i].count != below) histogram.positive.push_back({static_cast<std::int32_t>(i), buckets[i].count - below});
    below = buckets[i].count;
  }
  histogram.custom_bounds = make_bounds(std::move(bounds));
  return histogram;
}

}  // namespace watchbill::metrics::histogram
