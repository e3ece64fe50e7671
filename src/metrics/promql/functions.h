// The signatures of all PromQL functions that Prometheus 3 knows: one row per function, checked before anything runs.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace watchbill::metrics::promql {

enum class ValueType : std::uint8_t { scalar, string, instant_vector, range_vector };

// As Prometheus' documentation calls it: "instant vector".
[[nodiscard]] std::string_view documented_name(ValueType type) noexcept;

enum class FunctionId : std::uint8_t {
  abs, absent, absent_over_time, acos, acosh, asin, asinh, atan, atanh, avg_over_time, ceil, changes, clamp, clamp_max, clamp_min,
  cos, cosh, count_over_time, day_of_month, day_of_week, day_of_year, days_in_month, deg, delta, deriv,
  double_exponential_smoothing, end, exp, first_over_time, floor, histogram_avg, histogram_count, histogram_fraction,
  histogram_quantile, histogram_quantiles, histogram_stddev, histogram_stdvar, histogram_sum, hour, idelta, increase, info, irate,
  label_join, label_replace, last_over_time, ln, log10, log2, mad_over_time, max_of, max_over_time, min_of, min_over_time, minute,
  month, pi,
  predict_linear, present_over_time, quantile_over_time, rad, range, rate, resets, round, scalar, sgn, sin, sinh, sort,
  sort_by_label, sort_by_label_desc, sort_desc, sqrt, start, start_timestamp, stddev_over_time, stdvar_over_time, step,
  sum_over_time, tan, tanh, time, timestamp, ts_of_first_over_time, ts_of_last_over_time, ts_of_max_over_time,
  ts_of_min_over_time, vector, year,
};

// One function. `arguments` are the types of the leading arguments; the last type repeats when `count_max` is larger.
struct FunctionSignature {
  FunctionId id;
  std::string_view name;
  std::array<ValueType, 5> arguments;
  std::uint8_t count_min;
  std::uint8_t count_max;  // arguments_unbounded: any number
  ValueType result;
  bool is_experimental;
  std::string_view since;  // the first Prometheus release that has it under this name
};

inline constexpr std::uint8_t arguments_unbounded = 255;

// The type that argument `index` of `function` must have.
[[nodiscard]] ValueType argument_type(const FunctionSignature& function, std::size_t index) noexcept;

// Null when there is no such function. Names are compared exactly, as Prometheus does.
[[nodiscard]] const FunctionSignature* find_function(std::string_view name) noexcept;

// All rows, ordered by name.
[[nodiscard]] std::span<const FunctionSignature> all_functions() noexcept;

}  // namespace watchbill::metrics::promql
