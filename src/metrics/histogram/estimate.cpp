#include "metrics/histogram/estimate.h"

#include <cmath>
#include <limits>
#include <optional>

#include "metrics/histogram/buckets.h"
#include "metrics/histogram/interpolation.h"
#include "metrics/histogram/kahan.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// On a side without buckets the observations of the zero bucket are taken to be 0.
void end_at_zero(const Histogram& histogram, Bucket& bucket) noexcept {
  if (histogram.negative.empty() && !histogram.positive.empty()) bucket.lower = 0;
  else if (histogram.positive.empty() && !histogram.negative.empty()) bucket.upper = 0;
}

// A sum of NaN tells of observations of NaN if the buckets hold fewer than all observations. (Of observations of +Inf and -Inf
// otherwise.) Goes on where `walk` has come to with `count`.
bool has_nan_observations(const Histogram& histogram, BucketWalk& walk, double& count) noexcept {
  while (walk.next()) count += walk.bucket().count;
  return count < histogram.count;
}

// How many observations lie below `value`, once a bucket shows it; `rank` is the number below `bucket`.
std::optional<double> rank_of(double value, const Bucket& bucket, double rank, bool is_linear) noexcept {
  if (bucket.lower >= value) return rank;
  if (!(bucket.upper > value)) return std::nullopt;
  // Within a bucket that begins at -Inf nothing can be said; all of it counts, as nothing of a bucket up to +Inf does.
  if (is_linear && bucket.lower == -infinity) return bucket.count;
  return rank + bucket.count * share_below(bucket, value, is_linear);
}

}  // namespace

Estimate quantile(const Histogram& histogram, double q) {
  if (q < 0) return {.value = -infinity};
  if (q > 1) return {.value = infinity};
  if (histogram.count == 0 || std::isnan(q)) return {.value = not_a_number};

  // From the nearer end, for precision; with observations of NaN, which no bucket holds and which are the largest, from below.
  const bool may_hold_nan = std::isnan(histogram.sum);
  const bool is_rising = may_hold_nan || q < 0.5;
  const double rank = (is_rising ? q : 1 - q) * histogram.count;
  BucketWalk walk(histogram, is_rising ? BucketWalk::Order::rising : BucketWalk::Order::falling);
  Bucket bucket;
  double count = 0;
  while (walk.next()) {
    bucket = walk.bucket();
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  const bool is_custom = histogram.has_custom_bounds();
  if (!is_custom && bucket.lower < 0 && bucket.upper > 0) end_at_zero(histogram, bucket);
  if (is_custom && bucket.lower == -infinity) {
    if (bucket.upper <= 0) return {.value = bucket.upper};
    bucket.lower = 0;
  } else if (is_custom && bucket.upper == infinity) {
    return {.value = bucket.lower};
  }
  if (count > histogram.count) count = histogram.count;  // by rounding
  if (count < rank) {
    if (may_hold_nan) return {.value = not_a_number, .is_nan_observation = true};
    return {.value = bucket.upper};  // by rounding, or the count is wrong
  }
  const double within = is_rising ? rank - (count - bucket.count) : count - rank;
  Estimate answer;
  // The reference interpolates in the last bucket after this, whichever the quantile lies in: we do not follow it there.
  if (may_hold_nan) answer.has_nan_observations = has_nan_observations(histogram, walk, count);
  const bool is_linear = is_custom || (bucket.lower <= 0 && bucket.upper >= 0);
  answer.value = value_at_share(bucket, within / bucket.count, is_linear);
  return answer;
}

Estimate fraction(const Histogram& histogram, Range range) {
  if (histogram.count == 0 || std::isnan(range.lower) || std::isnan(range.upper)) return {.value = not_a_number};
  if (range.lower >= range.upper) return {.value = 0};
  std::optional<double> lower;
  std::optional<double> upper;
  double count = 0;
  double rank = 0;
  BucketWalk walk(histogram);
  while ((!lower || !upper) && walk.next()) {
    Bucket bucket = walk.bucket();
    count += bucket.count;
    // Custom buckets around 0 too: the reference looks at the bounds alone.
    const bool is_around_zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (is_around_zero) end_at_zero(histogram, bucket);
    const bool is_linear = is_around_zero || histogram.has_custom_bounds();
    if (!lower) lower = rank_of(range.lower, bucket, rank, is_linear);
    if (!upper) upper = rank_of(range.upper, bucket, rank, is_linear);
    rank += bucket.count;
  }
  Estimate answer;
  if (std::isnan(histogram.sum)) answer.has_nan_observations = has_nan_observations(histogram, walk, count);
  else count = histogram.count;
  const auto at_most_all = [count](std::optional<double> at) { return !at || *at > count ? count : *at; };
  answer.value = (at_most_all(upper) - at_most_all(lower)) / histogram.count;
  return answer;
}

double mean(const Histogram& histogram) noexcept { return histogram.sum / histogram.count; }

double variance(const Histogram& histogram) {
  const double center = mean(histogram);
  KahanSum squares;
  for (BucketWalk walk(histogram); walk.next();) {
    const Bucket& bucket = walk.bucket();
    if (bucket.count == 0) continue;
    double middle = 0;
    if (histogram.has_custom_bounds()) middle = (bucket.upper + bucket.lower) / 2;
    else if (bucket.lower > 0 || bucket.upper < 0) middle = std::copysign(std::sqrt(bucket.upper * bucket.lower), bucket.upper);
    const double distance = middle - center;
    squares.add(bucket.count * distance * distance);
  }
  return (squares.sum + squares.compensation) / histogram.count;
}

double standard_deviation(const Histogram& histogram) { return std::sqrt(variance(histogram)); }

}  // namespace watchbill::metrics::histogram
