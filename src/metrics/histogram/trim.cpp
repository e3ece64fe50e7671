#include <cmath>

#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/buckets.h"
#include "metrics/histogram/interpolation.h"

namespace watchbill::metrics::histogram {
namespace {

enum class Keep : std::uint8_t { below, above };

// What stays of a bucket, and where its observations are taken to lie.
struct Kept {
  double count{0};
  double middle{0};
};

struct Trim {
  double limit{0};
  Keep keep{Keep::below};
  bool is_custom{false};
  bool is_positive{true};  // the buckets' sign
};

// Geometric, as the buckets are; arithmetic between custom bounds. An infinite bound says nothing: the other one stands for the
// observations, its half when they are taken to lie between it and 0.
double middle(double lower, double upper, const Trim& trim) noexcept {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (trim.is_custom) return (lower + upper) / 2;
  const double geometric = std::sqrt(std::abs(lower * upper));
  return trim.is_positive ? geometric : -geometric;
}

// Of a bucket with the limit in it and an end at infinity: its observations may lie anywhere, so they go rather than stay where
// the limit is not known to leave them.
Kept part_of_infinite(const Bucket& bucket, const Trim& trim) noexcept {
  const bool is_below = trim.keep == Keep::below;
  if (!std::isinf(bucket.lower)) return is_below ? Kept{} : Kept{bucket.count, trim.limit};
  // From here the bucket is taken to begin at 0, if it ends above.
  if (std::isinf(bucket.upper)) return {};
  if (is_below) {
    if (bucket.upper <= 0) return {bucket.count, trim.limit};
    return trim.limit > 0 ? Kept{bucket.count * trim.limit / bucket.upper, trim.limit / 2} : Kept{};
  }
  return trim.limit >= 0 ? Kept{bucket.count * (1 - trim.limit / bucket.upper), (trim.limit + bucket.upper) / 2} : Kept{};
}

Kept part(const Bucket& bucket, const Trim& trim) noexcept {
  if (std::isinf(bucket.lower) || std::isinf(bucket.upper)) return part_of_infinite(bucket, trim);
  const double below = bucket.count * share_below(bucket, trim.limit, trim.is_custom);
  if (trim.keep == Keep::below) return {below, middle(bucket.lower, trim.limit, trim)};
  return {bucket.count - below, middle(trim.limit, bucket.upper, trim)};
}

Kept kept(const Bucket& bucket, const Trim& trim) noexcept {
  const bool is_below = trim.keep == Keep::below;
  if (is_below ? bucket.upper <= trim.limit : bucket.lower >= trim.limit)
    return {bucket.count, middle(bucket.lower, bucket.upper, trim)};
  if (is_below ? bucket.lower < trim.limit : bucket.upper > trim.limit) return part(bucket, trim);
  return {};
}

// The zero bucket ends at 0 on the side where there are no observations.
Kept kept_of_zero(Bucket bucket, const Trim& trim, bool has_negative, bool has_positive) noexcept {
  if (has_negative && !has_positive) bucket.upper = 0;
  if (has_positive && !has_negative) bucket.lower = 0;
  const bool is_below = trim.keep == Keep::below;
  const Kept whole{bucket.count, (bucket.lower + bucket.upper) / 2};
  if (trim.limit <= bucket.lower) return is_below ? Kept{} : whole;
  if (trim.limit >= bucket.upper) return is_below ? whole : Kept{};
  const double width = bucket.upper - bucket.lower;
  const double share = (is_below ? trim.limit - bucket.lower : bucket.upper - trim.limit) / width;
  return {bucket.count * share, is_below ? (bucket.lower + trim.limit) / 2 : (trim.limit + bucket.upper) / 2};
}

struct Totals {
  double count{0};
  double sum{0};
  bool has_changed{false};

  void take(double& count_before, const Kept& what) noexcept {
    count += what.count;
    sum += what.middle * what.count;
    if (count_before == what.count) return;
    count_before = what.count;
    has_changed = true;
  }
};

// True: the side has observations.
bool trim_side(const Histogram& histogram, BucketCounts& counts, const Trim& trim, Totals& totals) {
  bool has_observations = false;
  for (BucketCount& at : counts) {
    if (at.count == 0) continue;
    has_observations = true;
    totals.take(at.count, kept(trim.is_positive ? positive_bucket(histogram, at) : negative_bucket(histogram, at), trim));
  }
  return has_observations;
}

void trim(Histogram& histogram, Trim how) {
  Totals totals;
  how.is_custom = histogram.has_custom_bounds();
  how.is_positive = true;
  const bool has_positive = trim_side(histogram, histogram.positive, how, totals);
  how.is_positive = false;
  const bool has_negative = trim_side(histogram, histogram.negative, how, totals);
  if (histogram.zero_count > 0)
    totals.take(histogram.zero_count, kept_of_zero(zero_bucket(histogram), how, has_negative, has_positive));
  if (!totals.has_changed) return;
  histogram.count = totals.count;
  histogram.sum = totals.sum;
  compact(histogram);
}

}  // namespace

void trim_upper(Histogram& histogram, double limit) { trim(histogram, {.limit = limit, .keep = Keep::below}); }

void trim_lower(Histogram& histogram, double limit) { trim(histogram, {.limit = limit, .keep = Keep::above}); }

}  // namespace watchbill::metrics::histogram
