// Sums, differences, multiples and parts of histograms. They change the histogram that they are given: copy it first where it is
// shared. None of them makes the result compact; PromQL's operators do so afterwards.
// Source: FloatHistogram's methods of Prometheus 3 and their use in promql/engine.go.
#pragma once

#include <cstdint>
#include <vector>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

// What is to be said about an operation.
struct Notes {
  bool is_incompatible{false};       // exponential with custom buckets: there is no result, and the operand is as it was
  bool has_reset_collision{false};   // one of them is marked as reset, the other as not reset
  bool has_reconciled_bounds{false}; // custom bounds differed: the result has those that both have
  void add(const Notes& other) noexcept;
};

// `to` += `other`: in the lower resolution, with the wider zero bucket, with the common custom bounds. Gauges give gauges,
// unknown hints and collisions unknown.
[[nodiscard]] Notes add(Histogram& to, const Histogram& other);
// `from` -= `other`. PromQL's `-` and rates mark the result as a gauge; this follows the hints as add() does.
[[nodiscard]] Notes subtract(Histogram& from, const Histogram& other);

// Counts and sum, times and by a number; negative numbers make gauges. By 0 there are no buckets left, and infinite or NaN
// counts.
void multiply(Histogram& histogram, double factor) noexcept;
void divide(Histogram& histogram, double divisor) noexcept;

// Merges buckets until the schema is `schema`. Holds: exponential, and `schema` not above the histogram's.
void reduce_to_schema(Histogram& histogram, std::int8_t schema);

// Whether the counter was reset between the two samples: by its hint (reset, not_reset); else if a count is smaller or a bucket
// gone, the resolution higher, the zero bucket narrower or wider by a part of a populated bucket, the kind of buckets another.
// Differing custom bounds are compared by those that both have.
[[nodiscard]] bool detect_reset(const Histogram& previous, const Histogram& current);

// PromQL's `</` and `>/`: keeps what was observed below (above) `limit`, parts of a bucket by interpolation. Count and sum are
// estimated anew from the middles of buckets if anything goes; then the result is compact too.
void trim_upper(Histogram& histogram, double limit);
void trim_lower(Histogram& histogram, double limit);

// The compensations of a running sum: of each figure what rounding took from it. Internal to Sum and Mean.
struct Compensation {
  double zero_count{0};
  double count{0};
  double sum{0};
  std::vector<double> positive;  // beside the sum's buckets, one for one
  std::vector<double> negative;
};

// PromQL's sum() and sum_over_time().
class Sum {
 public:
  // Once an operand was incompatible the rest is not looked at.
  void add(const Histogram& histogram);
  [[nodiscard]] const Notes& notes() const noexcept { return notes_; }
  // Holds: something was added, and nothing incompatible.
  [[nodiscard]] Histogram value() const;

 private:
  friend class Mean;
  void multiply_by(double factor) noexcept;
  void divide_by(double divisor) noexcept;

  Histogram sum_;
  Compensation compensation_;
  Notes notes_;
  bool is_empty_{true};
  bool saw_reset_{false};
  bool saw_not_reset_{false};
};

// PromQL's avg() and avg_over_time(): the sum by the count as long as it is finite, an incremental mean once it would overflow.
class Mean {
 public:
  void add(const Histogram& histogram);
  [[nodiscard]] const Notes& notes() const noexcept { return sum_.notes_; }
  // Holds: something was added, and nothing incompatible.
  [[nodiscard]] Histogram value() const;

 private:
  Sum sum_;     // or the mean itself, when incremental
  Sum before_;  // the sum without the last one, in memory that is used again
  double count_{0};
  bool is_incremental_{false};
};

}  // namespace watchbill::metrics::histogram
