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

// Ordered by name. Not evaluated: `start_timestamp` needs start timestamps in the store. `holt_winters` is the name of
// double_exponential_smoothing before Prometheus 3.
constexpr FunctionSignature functions[] = {
    // id, name, arguments, at least, at most, result, experimental, since, evaluated
    {F::abs, "abs", {V}, 1, 1, V, false, "1.0", true},
    {F::absent, "absent", {V}, 1, 1, V, false, "1.0", true},
    {F::absent_over_time, "absent_over_time", {R}, 1, 1, V, false, "2.16", true},
    {F::acos, "acos", {V}, 1, 1, V, false, "2.31", true},
    {F::acosh, "acosh", {V}, 1, 1, V, false, "2.31", true},
    {F::asin, "asin", {V}, 1, 1, V, false, "2.31", true},
    {F::asinh, "asinh", {V}, 1, 1, V, false, "2.31", true},
    {F::atan, "atan", {V}, 1, 1, V, false, "2.31", true},
    {F::atanh, "atanh", {V}, 1, 1, V, false, "2.31", true},
    {F::avg_over_time, "avg_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::ceil, "ceil", {V}, 1, 1, V, false, "1.0", true},
    {F::changes, "changes", {R}, 1, 1, V, false, "1.0", true},
    {F::clamp, "clamp", {V, S, S}, 3, 3, V, false, "2.26", true},
    {F::clamp_max, "clamp_max", {V, S}, 2, 2, V, false, "1.0", true},
    {F::clamp_min, "clamp_min", {V, S}, 2, 2, V, false, "1.0", true},
    {F::cos, "cos", {V}, 1, 1, V, false, "2.31", true},
    {F::cosh, "cosh", {V}, 1, 1, V, false, "2.31", true},
    {F::count_over_time, "count_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::day_of_month, "day_of_month", {V}, 0, 1, V, false, "1.1", true},
    {F::day_of_week, "day_of_week", {V}, 0, 1, V, false, "1.1", true},
    {F::day_of_year, "day_of_year", {V}, 0, 1, V, false, "2.39", true},
    {F::days_in_month, "days_in_month", {V}, 0, 1, V, false, "1.1", true},
    {F::deg, "deg", {V}, 1, 1, V, false, "2.31", true},
    {F::delta, "delta", {R}, 1, 1, V, false, "1.0", true},
    {F::deriv, "deriv", {R}, 1, 1, V, false, "1.0", true},
    {F::double_exponential_smoothing, "double_exponential_smoothing", {R, S, S}, 3, 3, V, true, "3.0", true},
    {F::end, "end", {}, 0, 0, S, true, "3.6", true},
    {F::exp, "exp", {V}, 1, 1, V, false, "1.0", true},
    {F::first_over_time, "first_over_time", {R}, 1, 1, V, true, "3.7", true},
    {F::floor, "floor", {V}, 1, 1, V, false, "1.0", true},
    {F::histogram_avg, "histogram_avg", {V}, 1, 1, V, false, "2.51", true},
    {F::histogram_count, "histogram_count", {V}, 1, 1, V, false, "2.40", true},
    {F::histogram_fraction, "histogram_fraction", {S, S, V}, 3, 3, V, false, "2.40", true},
    {F::histogram_quantile, "histogram_quantile", {S, V}, 2, 2, V, false, "1.0", true},
    {F::histogram_quantiles, "histogram_quantiles", {V, T, S}, 3, 12, V, true, "3.9", true},
    {F::histogram_stddev, "histogram_stddev", {V}, 1, 1, V, false, "2.48", true},
    {F::histogram_stdvar, "histogram_stdvar", {V}, 1, 1, V, false, "2.48", true},
    {F::histogram_sum, "histogram_sum", {V}, 1, 1, V, false, "2.40", true},
    {F::double_exponential_smoothing, "holt_winters", {R, S, S}, 3, 3, V, false, "1.0", true},
    {F::hour, "hour", {V}, 0, 1, V, false, "1.1", true},
    {F::idelta, "idelta", {R}, 1, 1, V, false, "1.1", true},
    {F::increase, "increase", {R}, 1, 1, V, false, "1.0", true},
    {F::info, "info", {V, V}, 1, 2, V, true, "3.0", true},
    {F::irate, "irate", {R}, 1, 1, V, false, "1.0", true},
    {F::label_join, "label_join", {V, T, T, T}, 3, any, V, false, "2.0", true},
    {F::label_replace, "label_replace", {V, T, T, T, T}, 5, 5, V, false, "1.0", true},
    {F::last_over_time, "last_over_time", {R}, 1, 1, V, false, "2.26", true},
    {F::ln, "ln", {V}, 1, 1, V, false, "1.0", true},
    {F::log10, "log10", {V}, 1, 1, V, false, "1.0", true},
    {F::log2, "log2", {V}, 1, 1, V, false, "1.0", true},
    {F::mad_over_time, "mad_over_time", {R}, 1, 1, V, true, "2.53", true},
    {F::max_of, "max_of", {S, S}, 2, 2, S, true, "3.6", true},
    {F::max_over_time, "max_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::min_of, "min_of", {S, S}, 2, 2, S, true, "3.6", true},
    {F::min_over_time, "min_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::minute, "minute", {V}, 0, 1, V, false, "1.1", true},
    {F::month, "month", {V}, 0, 1, V, false, "1.1", true},
    {F::pi, "pi", {}, 0, 0, S, false, "2.31", true},
    {F::predict_linear, "predict_linear", {R, S}, 2, 2, V, false, "1.0", true},
    {F::present_over_time, "present_over_time", {R}, 1, 1, V, false, "2.29", true},
    {F::quantile_over_time, "quantile_over_time", {S, R}, 2, 2, V, false, "1.0", true},
    {F::rad, "rad", {V}, 1, 1, V, false, "2.31", true},
    {F::range, "range", {}, 0, 0, S, true, "3.6", true},
    {F::rate, "rate", {R}, 1, 1, V, false, "1.0", true},
    {F::resets, "resets", {R}, 1, 1, V, false, "1.0", true},
    {F::round, "round", {V, S}, 1, 2, V, false, "1.0", true},
    {F::scalar, "scalar", {V}, 1, 1, S, false, "1.0", true},
    {F::sgn, "sgn", {V}, 1, 1, V, false, "2.24", true},
    {F::sin, "sin", {V}, 1, 1, V, false, "2.31", true},
    {F::sinh, "sinh", {V}, 1, 1, V, false, "2.31", true},
    {F::sort, "sort", {V}, 1, 1, V, false, "1.0", true},
    {F::sort_by_label, "sort_by_label", {V, T}, 1, any, V, true, "2.47", true},
    {F::sort_by_label_desc, "sort_by_label_desc", {V, T}, 1, any, V, true, "2.47", true},
    {F::sort_desc, "sort_desc", {V}, 1, 1, V, false, "1.0", true},
    {F::sqrt, "sqrt", {V}, 1, 1, V, false, "1.0", true},
    {F::start, "start", {}, 0, 0, S, true, "3.6", true},
    {F::start_timestamp, "start_timestamp", {V}, 1, 1, V, true, "3.10", false},
    {F::stddev_over_time, "stddev_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::stdvar_over_time, "stdvar_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::step, "step", {}, 0, 0, S, true, "3.6", true},
    {F::sum_over_time, "sum_over_time", {R}, 1, 1, V, false, "1.0", true},
    {F::tan, "tan", {V}, 1, 1, V, false, "2.31", true},
    {F::tanh, "tanh", {V}, 1, 1, V, false, "2.31", true},
    {F::time, "time", {}, 0, 0, S, false, "1.0", true},
    {F::timestamp, "timestamp", {V}, 1, 1, V, false, "2.0", true},
    {F::ts_of_first_over_time, "ts_of_first_over_time", {R}, 1, 1, V, true, "3.7", true},
    {F::ts_of_last_over_time, "ts_of_last_over_time", {R}, 1, 1, V, true, "3.7", true},
    {F::ts_of_max_over_time, "ts_of_max_over_time", {R}, 1, 1, V, true, "3.5", true},
    {F::ts_of_min_over_time, "ts_of_min_over_time", {R}, 1, 1, V, true, "3.5", true},
    {F::vector, "vector", {S}, 1, 1, V, false, "1.0", true},
    {F::year, "year", {V}, 0, 1, V, false, "1.1", true},
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
