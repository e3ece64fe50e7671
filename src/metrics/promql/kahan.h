// A mean that keeps what rounding would lose, by Kahan's summation, and the plainer ways of Prometheus 2.42. Source: Prometheus 3
// and 2.42, with their rules for infinities.
#pragma once

#include <cmath>

#include "metrics/histogram/kahan.h"

namespace watchbill::metrics::promql {

using histogram::KahanSum;

// The mean of values that come one by one: a compensated sum as long as it is finite, an incremental mean once it would overflow.
class KahanMean {
 public:
  void add(double value) noexcept {
    ++count_;
    if (!is_incremental_) {
      KahanSum next = sum_;
      next.add(value);
      if (count_ == 1 || !std::isinf(next.sum)) {
        sum_ = next;
        return;
      }
      is_incremental_ = true;
      sum_.sum /= count_ - 1;
      sum_.compensation /= count_ - 1;
    }
    const double share = (count_ - 1) / count_;
    sum_.sum *= share;
    sum_.compensation *= share;
    sum_.add(value / count_);
  }
  [[nodiscard]] double value() const noexcept {
    return is_incremental_ ? sum_.value() : sum_.sum / count_ + sum_.compensation / count_;
  }

 private:
  KahanSum sum_;  // or the mean itself, when incremental
  double count_{0};
  bool is_incremental_{false};
};

// Prometheus 2.42: whether a mean that is infinite stays as it is when `value` comes.
[[nodiscard]] inline bool keeps_infinite_mean(double mean, double value) noexcept {
  return std::isinf(mean) && !std::isnan(value) && (!std::isinf(value) || (mean > 0) == (value > 0));
}

// Neumaier's sum as Prometheus 2.42 has it: an infinite sum loses its compensation to NaN.
struct KahanSumOf2 {
  double sum{0};
  double compensation{0};

  void add(double value) noexcept {
    const double total = sum + value;
    compensation += std::abs(sum) >= std::abs(value) ? (sum - total) + value : (value - total) + sum;
    sum = total;
  }
  [[nodiscard]] double value() const noexcept { return sum + compensation; }
};

}  // namespace watchbill::metrics::promql
