// Quantiles and shares of a classic histogram. Pure. Source: Prometheus 3's histogram_quantile and histogram_fraction.
#pragma once

#include <cstdint>
#include <vector>

namespace watchbill::metrics::promql {

struct Bucket {
  double upper{0};  // its label `le`
  double count{0};  // cumulative
};

// Whether counts that differ by less than 1e-12 of them are taken for equal, as Prometheus 3 does and 2.42 does not.
enum class SmallDifferences : std::uint8_t { ignored, kept };

// The buckets of one histogram at one moment, in any order.
class Buckets {
 public:
  // Orders the buckets, adds up equal bounds, and makes the counts rise: small differences go unsaid, larger ones are noted.
  explicit Buckets(std::vector<Bucket> buckets, SmallDifferences small = SmallDifferences::ignored);

  // NaN without a bucket +Inf, with fewer than two buckets or without observations; ±Inf for q beyond 0 … 1.
  [[nodiscard]] double quantile(double q) const noexcept;
  // The share of observations between two values, 0 … 1; NaN without a bucket +Inf or without observations.
  [[nodiscard]] double fraction(double lower, double upper) const noexcept;

  // Whether a count was smaller than that of a smaller bucket, so that it had to be raised.
  [[nodiscard]] bool was_forced() const noexcept { return was_forced_; }

 private:
  [[nodiscard]] double observations_below(double value) const noexcept;
  [[nodiscard]] bool is_complete() const noexcept;

  std::vector<Bucket> buckets_;
  bool was_forced_{false};
};

}  // namespace watchbill::metrics::promql
