// Arithmetic of the bounds of values.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "metrics/promql/print.h"
#include "metrics/promql/result_facts.h"

namespace watchbill::metrics::promql {

ValueRange ValueRange::of(double value) {
  if (std::isnan(value)) return {};
  return between(value, value);
}

ValueRange ValueRange::between(double low, double high, bool may_be_nan) {
  ValueRange out;
  out.low = low;
  out.high = high;
  out.may_be_nan = may_be_nan;
  return out;
}

ValueRange ValueRange::and_in(const ValueRange& other) const noexcept {
  ValueRange out = *this;
  out.may_be_nan = false;
  if (other.low > low) out.low = other.low, out.is_above_low = other.is_above_low;
  else if (other.low == low) out.is_above_low = is_above_low || other.is_above_low;
  if (other.high < high) out.high = other.high, out.is_below_high = other.is_below_high;
  else if (other.high == high) out.is_below_high = is_below_high || other.is_below_high;
  return out;
}

bool ValueRange::is_within(const ValueRange& other) const noexcept {
  const bool low_fits = low > other.low || (low == other.low && (is_above_low || !other.is_above_low));
  const bool high_fits = high < other.high || (high == other.high && (is_below_high || !other.is_below_high));
  return low_fits && high_fits && (other.may_be_nan || !may_be_nan);
}

std::string ValueRange::text() const {
  const bool has_low = !std::isinf(low);
  const bool has_high = !std::isinf(high);
  const auto number = [](double value) { return format_value(value + 0.0); };  // 0 is no -0 to people
  if (low == high) return fmt::format("always {}", number(low));
  const std::string least = fmt::format("{} {}", is_above_low ? "more than" : "at least", number(low));
  const std::string most = fmt::format("{} {}", is_below_high ? "less than" : "at most", number(high));
  if (has_low && has_high) return fmt::format("{} and {}", least, most);
  return has_low ? least : has_high ? most : "any value";
}

}  // namespace watchbill::metrics::promql
