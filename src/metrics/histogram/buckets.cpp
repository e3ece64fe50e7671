#include "metrics/histogram/buckets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace watchbill::metrics::histogram {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t fraction_count = std::size_t{1} << schema_max;

// 2^(i/256 - 1) as the reference has them: each level of resolution is made from the one before by multiplying with a step,
// and steps are repeated square roots of 2. That is up to 4 units in the last place below the nearest double, but IEEE square
// roots and products give the same bits everywhere, which exp2 does not.
std::array<double, fraction_count> make_fractions() noexcept {
  std::array<double, fraction_count> fractions{};
  fractions[0] = 0.5;
  double step = std::sqrt(2.0);
  fractions[fraction_count / 2] = 1 / step;
  for (std::size_t stride = fraction_count / 4; stride > 0; stride /= 2) {
    step = std::sqrt(step);
    for (std::size_t i = stride; i < fraction_count; i += 2 * stride) fractions[i] = fractions[i - stride] * step;
  }
  return fractions;
}

int clamped(std::int64_t exponent) noexcept { return static_cast<int>(std::clamp<std::int64_t>(exponent, -5000, 5000)); }

double bound_of(const Histogram& histogram, std::int64_t index) noexcept {
  return histogram.has_custom_bounds() ? custom_bound(index, histogram.bounds()) : exponential_bound(index, histogram.schema);
}

}  // namespace

double exponential_bound(std::int64_t index, std::int8_t schema) noexcept {
  static const std::array<double, fraction_count> fractions = make_fractions();
  WB_ASSERT(schema >= schema_min && schema <= schema_max, "no other exponential schema is read");
  // Where doubles end lies no bound but the bound of the last bucket; its formula would give +Inf, which is the next bucket's.
  constexpr std::int64_t exponent_end = std::numeric_limits<double>::max_exponent;
  if (schema < 0) {
    const std::int64_t exponent = index << -schema;
    return exponent == exponent_end ? std::numeric_limits<double>::max() : std::ldexp(1.0, clamped(exponent));
  }
  const auto part = static_cast<std::size_t>(index & ((std::int64_t{1} << schema) - 1));
  const double fraction = fractions[part << (schema_max - schema)];
  const std::int64_t exponent = (index >> schema) + 1;
  if (part == 0 && exponent == exponent_end + 1) return std::numeric_limits<double>::max();
  return std::ldexp(fraction, clamped(exponent));
}

double custom_bound(std::int64_t index, std::span<const double> bounds) noexcept {
  if (index < 0) return -infinity;
  return static_cast<std::size_t>(index) < bounds.size() ? bounds[static_cast<std::size_t>(index)] : infinity;
}

Bucket positive_bucket(const Histogram& histogram, BucketCount at) noexcept {
  Bucket bucket{
      .lower = bound_of(histogram, std::int64_t{at.index} - 1), .upper = bound_of(histogram, at.index), .count = at.count};
  const bool is_custom = histogram.has_custom_bounds();
  bucket.is_lower_inclusive = is_custom ? at.index == 0 : bucket.lower < 0;
  bucket.is_upper_inclusive = is_custom || bucket.upper > 0;
  return bucket;
}

Bucket negative_bucket(const Histogram& histogram, BucketCount at) noexcept {
  const Bucket mirrored = positive_bucket(histogram, at);
  return {.lower = -mirrored.upper,
          .upper = -mirrored.lower,
          .count = at.count,
          .is_lower_inclusive = mirrored.is_upper_inclusive,
          .is_upper_inclusive = mirrored.is_lower_inclusive};
}

Bucket zero_bucket(const Histogram& histogram) noexcept {
  return {.lower = -histogram.zero_threshold,
          .upper = histogram.zero_threshold,
          .count = histogram.zero_count,
          .is_lower_inclusive = true,
          .is_upper_inclusive = true};
}

std::uint8_t boundary_rule(const Bucket& bucket) noexcept {
  if (bucket.is_lower_inclusive) return bucket.is_upper_inclusive ? 3 : 1;
  return bucket.is_upper_inclusive ? 0 : 2;
}

BucketWalk::BucketWalk(const Histogram& histogram, Order order) noexcept
    : histogram_(&histogram), is_rising_(order == Order::rising) {}

bool BucketWalk::next() noexcept {
  const BucketCounts& first = is_rising_ ? histogram_->negative : histogram_->positive;
  const BucketCounts& last = is_rising_ ? histogram_->positive : histogram_->negative;
  const std::size_t position = position_++;
  if (position < first.size()) {
    take(first[first.size() - 1 - position], !is_rising_);
    return true;
  }
  if (position == first.size()) {
    if (histogram_->zero_count > 0 && !histogram_->has_custom_bounds()) {
      bucket_ = zero_bucket(*histogram_);
      return true;
    }
    return next();
  }
  const std::size_t from_zero = position - first.size() - 1;
  if (from_zero >= last.size()) {
    position_ = position;
    return false;
  }
  take(last[from_zero], is_rising_);
  return true;
}

void BucketWalk::take(const BucketCount& at, bool is_positive) noexcept {
  bucket_ = is_positive ? positive_bucket(*histogram_, at) : negative_bucket(*histogram_, at);
  const double zero = histogram_->zero_threshold;
  if (bucket_.upper < 0 && bucket_.upper > -zero) bucket_.upper = -zero;
  else if (bucket_.lower > 0 && bucket_.lower < zero) bucket_.lower = zero;
}

}  // namespace watchbill::metrics::histogram
