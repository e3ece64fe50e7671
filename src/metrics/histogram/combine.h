// The steps of which sums and comparisons of histograms are made: fewer and wider buckets, a wider zero bucket, one list of
// buckets added to another. Each works on plain counts and on counts with compensations. Internal to the folder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

// The buckets of one sign, and beside them, one for one, what rounding took from their counts; none in plain arithmetic.
struct Side {
  BucketCounts* counts{nullptr};
  std::vector<double>* compensations{nullptr};
};

// Adds `value` to a bucket of `side`.
void add_to_bucket(Side side, std::size_t at, double value) noexcept;

// Merges the buckets of schema `from` until they are those of schema `to` <= `from`.
void reduce(Side side, std::int8_t from, std::int8_t to);

// What the zero bucket would hold if it were as wide as `threshold`: a populated bucket that this cuts falls into it as a whole,
// which makes it wider still. Holds: `threshold` is not below the histogram's.
struct ZeroBucket {
  double threshold{0};
  double count{0};
  double compensation{0};
};
[[nodiscard]] ZeroBucket widened_zero_bucket(const Histogram& histogram, const Compensation* compensation, double threshold);

// `counts` without the buckets that lie within the zero bucket, as that has them.
[[nodiscard]] std::span<const BucketCount> beyond(const BucketCounts& counts, std::int8_t schema, double zero_threshold) noexcept;

// `to` plus `sign` times `other`, with compensations if there is some. Source: Add, Sub and KahanAdd.
[[nodiscard]] Notes combine(Histogram& to, Compensation* compensation, const Histogram& other, double sign);

// The bounds that both have.
[[nodiscard]] std::vector<double> common_bounds(std::span<const double> left, std::span<const double> right);
// In which bucket of the coarser custom bounds `common` the bucket below `bound` lies. `from` is where to begin: the answer to a
// lower bound.
[[nodiscard]] std::size_t common_bucket(std::span<const double> common, double bound, std::size_t from) noexcept;

}  // namespace watchbill::metrics::histogram
