// Sums that keep what rounding would lose. Source: Neumaier's variant of Kahan's summation, with Prometheus' rule for infinities.
#pragma once

#include <cmath>

namespace watchbill::metrics::histogram {

struct KahanSum {
  double sum{0};
  double compensation{0};

  void add(double value) noexcept {
    const double total = sum + value;
    if (std::isinf(total)) compensation = 0;
    else if (std::abs(sum) >= std::abs(value)) compensation += (sum - total) + value;
    else compensation += (value - total) + sum;
    sum = total;
  }
  [[nodiscard]] double value() const noexcept { return sum + compensation; }
};

}  // namespace watchbill::metrics::histogram
