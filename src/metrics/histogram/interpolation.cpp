#include "metrics/histogram/interpolation.h"

#include <cmath>

namespace watchbill::metrics::histogram {

double share_below(const Bucket& bucket, double value, bool is_linear) noexcept {
  if (is_linear) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const double lower = std::log2(std::abs(bucket.lower));
  const double upper = std::log2(std::abs(bucket.upper));
  const double at = std::log2(std::abs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

double value_at_share(const Bucket& bucket, double share, bool is_linear) noexcept {
  if (is_linear) return bucket.lower + (bucket.upper - bucket.lower) * share;
  const double lower = std::log2(std::abs(bucket.lower));
  const double upper = std::log2(std::abs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * share);
  return -std::exp2(upper + (lower - upper) * (1 - share));
}

}  // namespace watchbill::metrics::histogram
