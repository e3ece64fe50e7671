#include "metrics/promql/functions.h"

#include <algorithm>
#include <iterator>

namespace watchbill::metrics::promql {
namespace {

constexpr ValueType S = ValueType::scalar;
constexpr ValueType T = ValueType::string;
constexpr ValueType V = ValueType::instant_vector;
constexpr ValueType R = ValueType::range_vector;
using F = FunctionId;
constexpr std::uint8_t any = arguments_unbounded;

// Ordered by name. `holt_winters` is the name of
// double_exponential_smoothing before Prometheus 3.
constexpr FunctionSignature functions[] = {
    // id, name, arguments, at least, at most, result, experimental, since
    {F::abs, "abs", {V}, 1, 1, V, false, "1.0"},
    {F::absent, "absent", {V}, 1, 1, V, false, "1.0"},
    {F::absent_over_time, "absent_over_time", {R}, 1, 1, V, false, "2.16"},
    {F::acos, "acos", {V}, 1, 1, V, false, "2.31"},
    {F::acosh, "acosh", {V}, 1, 1, V, false, "2.31"},
    {F::asin, "asin", {V}, 1, 1, V, false, "2.31"},
    {F::asinh, "asinh", {V}, 1, 1, V, false, "2.31"},
    {F::atan, "atan", {V}, 1, 1, V, false, "2.31"},
    {F::atanh, "atanh", {V}, 1, 1, V, false, "2.31"},
    {F::avg_over_time, "avg_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::ceil, "ceil", {V}, 1, 1, V, false, "1.0"},
    {F::changes, "changes", {R}, 1, 1, V, false, "1.0"},
    {F::clamp, "clamp", {V, S, S}, 3, 3, V, false, "2.26"},
    {F::clamp_max, "clamp_max", {V, S}, 2, 2, V, false, "1.0"},
    {F::clamp_min, "clamp_min", {V, S}, 2, 2, V, false, "1.0"},
    {F::cos, "cos", {V}, 1, 1, V, false, "2.31"},
    {F::cosh, "cosh", {V}, 1, 1, V, false, "2.31"},
    {F::count_over_time, "count_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::day_of_month, "day_of_month", {V}, 0, 1, V, false, "1.1"},
    {F::day_of_week, "day_of_week", {V}, 0, 1, V, false, "1.1"},
    {F::day_of_year, "day_of_year", {V}, 0, 1, V, false, "2.39"},
    {F::days_in_month, "days_in_month", {V}, 0, 1, V, false, "1.1"},
    {F::deg, "deg", {V}, 1, 1, V, false, "2.31"},
    {F::delta, "delta", {R}, 1, 1, V, false, "1.0"},
    {F::deriv, "deriv", {R}, 1, 1, V, false, "1.0"},
    {F::double_exponential_smoothing, "double_exponential_smoothing", {R, S, S}, 3, 3, V, true, "3.0"},
    {F::end, "end", {}, 0, 0, S, true, "3.6"},
    {F::exp, "exp", {V}, 1, 1, V, false, "1.0"},
    {F::first_over_time, "first_over_time", {R}, 1, 1, V, true, "3.7"},
    {F::floor, "floor", {V}, 1, 1, V, false, "1.0"},
    {F::histogram_avg, "histogram_avg", {V}, 1, 1, V, false, "2.51"},
    {F::histogram_count, "histogram_count", {V}, 1, 1, V, false, "2.40"},
    {F::histogram_fraction, "histogram_fraction", {S, S, V}, 3, 3, V, false, "2.40"},
    {F::histogram_quantile, "histogram_quantile", {S, V}, 2, 2, V, false, "1.0"},
    {F::histogram_quantiles, "histogram_quantiles", {V, T, S}, 3, 12, V, true, "3.9"},
    {F::histogram_stddev, "histogram_stddev", {V}, 1, 1, V, false, "2.48"},
    {F::histogram_stdvar, "histogram_stdvar", {V}, 1, 1, V, false, "2.48"},
    {F::histogram_sum, "histogram_sum", {V}, 1, 1, V, false, "2.40"},
    {F::double_exponential_smoothing, "holt_winters", {R, S, S}, 3, 3, V, false, "1.0"},
    {F::hour, "hour", {V}, 0, 1, V, false, "1.1"},
    {F::idelta, "idelta", {R}, 1, 1, V, false, "1.1"},
    {F::increase, "increase", {R}, 1, 1, V, false, "1.0"},
    {F::info, "info", {V, V}, 1, 2, V, true, "3.0"},
    {F::irate, "irate", {R}, 1, 1, V, false, "1.0"},
    {F::label_join, "label_join", {V, T, T, T}, 3, any, V, false, "2.0"},
    {F::label_replace, "label_replace", {V, T, T, T, T}, 5, 5, V, false, "1.0"},
    {F::last_over_time, "last_over_time", {R}, 1, 1, V, false, "2.26"},
    {F::ln, "ln", {V}, 1, 1, V, false, "1.0"},
    {F::log10, "log10", {V}, 1, 1, V, false, "1.0"},
    {F::log2, "log2", {V}, 1, 1, V, false, "1.0"},
    {F::mad_over_time, "mad_over_time", {R}, 1, 1, V, true, "2.53"},
    {F::max_of, "max_of", {S, S}, 2, 2, S, true, "3.6"},
    {F::max_over_time, "max_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::min_of, "min_of", {S, S}, 2, 2, S, true, "3.6"},
    {F::min_over_time, "min_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::minute, "minute", {V}, 0, 1, V, false, "1.1"},
    {F::month, "month", {V}, 0, 1, V, false, "1.1"},
    {F::pi, "pi", {}, 0, 0, S, false, "2.31"},
    {F::predict_linear, "predict_linear", {R, S}, 2, 2, V, false, "1.0"},
    {F::present_over_time, "present_over_time", {R}, 1, 1, V, false, "2.29"},
    {F::quantile_over_time, "quantile_over_time", {S, R}, 2, 2, V, false, "1.0"},
    {F::rad, "rad", {V}, 1, 1, V, false, "2.31"},
    {F::range, "range", {}, 0, 0, S, true, "3.6"},
    {F::rate, "rate", {R}, 1, 1, V, false, "1.0"},
    {F::resets, "resets", {R}, 1, 1, V, false, "1.0"},
    {F::round, "round", {V, S}, 1, 2, V, false, "1.0"},
    {F::scalar, "scalar", {V}, 1, 1, S, false, "1.0"},
    {F::sgn, "sgn", {V}, 1, 1, V, false, "2.24"},
    {F::sin, "sin", {V}, 1, 1, V, false, "2.31"},
    {F::sinh, "sinh", {V}, 1, 1, V, false, "2.31"},
    {F::sort, "sort", {V}, 1, 1, V, false, "1.0"},
    {F::sort_by_label, "sort_by_label", {V, T}, 1, any, V, true, "2.47"},
    {F::sort_by_label_desc, "sort_by_label_desc", {V, T}, 1, any, V, true, "2.47"},
    {F::sort_desc, "sort_desc", {V}, 1, 1, V, false, "1.0"},
    {F::sqrt, "sqrt", {V}, 1, 1, V, false, "1.0"},
    {F::start, "start", {}, 0, 0, S, true, "3.6"},
    {F::start_timestamp, "start_timestamp", {V}, 1, 1, V, true, "3.10"},
    {F::stddev_over_time, "stddev_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::stdvar_over_time, "stdvar_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::step, "step", {}, 0, 0, S, true, "3.6"},
    {F::sum_over_time, "sum_over_time", {R}, 1, 1, V, false, "1.0"},
    {F::tan, "tan", {V}, 1, 1, V, false, "2.31"},
    {F::tanh, "tanh", {V}, 1, 1, V, false, "2.31"},
    {F::time, "time", {}, 0, 0, S, false, "1.0"},
    {F::timestamp, "timestamp", {V}, 1, 1, V, false, "2.0"},
    {F::ts_of_first_over_time, "ts_of_first_over_time", {R}, 1, 1, V, true, "3.7"},
    {F::ts_of_last_over_time, "ts_of_last_over_time", {R}, 1, 1, V, true, "3.7"},
    {F::ts_of_max_over_time, "ts_of_max_over_time", {R}, 1, 1, V, true, "3.5"},
    {F::ts_of_min_over_time, "ts_of_min_over_time", {R}, 1, 1, V, true, "3.5"},
    {F::vector, "vector", {S}, 1, 1, V, false, "1.0"},
    {F::year, "year", {V}, 0, 1, V, false, "1.1"},
};

}  // namespace

std::string_view documented_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::scalar: return "scalar";
    case ValueType::string: return "string";
    case ValueType::instant_vector: return "instant vector";
    case ValueType::range_vector: return "range vector";
  }
  return "";
}

ValueType argument_type(const FunctionSignature& function, std::size_t index) noexcept {
  // Of a function with more arguments than types the last type repeats; the types are as many as the fixed arguments.
  const std::size_t typed = function.id == F::label_join    ? 4
                            : function.count_max == any     ? 2
                            : function.id == F::histogram_quantiles ? 3
                                                            : function.count_max;
  return function.arguments[std::min(index, typed - 1)];
}

const FunctionSignature* find_function(std::string_view name) noexcept {
  const auto* const at =
      std::lower_bound(std::begin(functions), std::end(functions), name,
                       [](const FunctionSignature& row, std::string_view wanted) { return row.name < wanted; });
  return at != std::end(functions) && at->name == name ? at : nullptr;
}

std::span<const FunctionSignature> all_functions() noexcept { return functions; }

}  // namespace watchbill::metrics::promql
