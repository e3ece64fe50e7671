// What a histogram says about its observations. Within a bucket they are taken to lie evenly: on a logarithmic scale in
// exponential buckets, on a linear one in custom buckets and in the zero bucket. The zero bucket ends at 0 on the side where no
// bucket is; the lowest custom bucket begins at 0 if its bound is positive.
// Source: promql/quantile.go and promql/functions.go of Prometheus 3.
#pragma once

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

struct Estimate {
  double value{0};
  // There are observations of NaN: they count as larger than all others, so a quantile is skewed upwards; a fraction leaves them
  // out of both bounds.
  bool has_nan_observations{false};
  // A quantile that lies among them: `value` is NaN.
  bool is_nan_observation{false};
};

// The value below which the share `q` of the observations lies; ±Inf for q beyond 0 … 1; NaN without observations or for NaN.
[[nodiscard]] Estimate quantile(const Histogram& histogram, double q);

// The share of the observations between two values, of all of them, those of NaN included; NaN without observations or for NaN
// bounds, 0 if lower >= upper.
struct Range {
  double lower{0};
  double upper{0};
};
[[nodiscard]] Estimate fraction(const Histogram& histogram, Range range);

// sum / count.
[[nodiscard]] double mean(const Histogram& histogram) noexcept;
// The mean square distance to mean(), each bucket standing at its middle: geometric, 0 in the zero bucket, arithmetic in custom
// buckets.
[[nodiscard]] double variance(const Histogram& histogram);
[[nodiscard]] double standard_deviation(const Histogram& histogram);

}  // namespace watchbill::metrics::histogram
