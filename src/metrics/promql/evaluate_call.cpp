// Calls: functions of windows, of single values, of time, and those that make or order vectors.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/assert.h"
#include "metrics/histogram/estimate.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/natural_order.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/start_times.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool is_calendar(FunctionId id) noexcept {
  return id == FunctionId::minute || id == FunctionId::hour || id == FunctionId::day_of_week || id == FunctionId::day_of_month ||
         id == FunctionId::day_of_year || id == FunctionId::days_in_month || id == FunctionId::month || id == FunctionId::year;
}

// In UTC. Seconds beyond the years of the calendar type are no date.
double calendar_part(FunctionId id, double seconds) noexcept {
  using std::chrono::days;
  constexpr double seconds_max = 9.0e11;  // about the year 30 000
  if (!(std::abs(seconds) < seconds_max)) return nan;
  const std::chrono::sys_seconds instant{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
  const auto day = std::chrono::floor<days>(instant);
  const std::chrono::year_month_day date{day};
  const auto within = (instant - day).count();
  const auto first_of = [&](std::chrono::month month) { return std::chrono::sys_days{date.year() / month / 1}; };
  switch (id) {
    case FunctionId::minute: return static_cast<double>(within / 60 % 60);
    case FunctionId::hour: return static_cast<double>(within / 3600);
    case FunctionId::day_of_week: return static_cast<double>(std::chrono::weekday{day}.c_encoding());
    case FunctionId::day_of_month: return static_cast<double>(static_cast<unsigned>(date.day()));
    case FunctionId::day_of_year: return static_cast<double>((day - first_of(std::chrono::January)).count() + 1);
    case FunctionId::days_in_month: {
      const std::chrono::year_month_day_last last{date.year(), std::chrono::month_day_last{date.month()}};
      return static_cast<double>(static_cast<unsigned>(last.day()));
    }
    case FunctionId::month: return static_cast<double>(static_cast<unsigned>(date.month()));
    case FunctionId::year: return static_cast<double>(static_cast<int>(date.year()));
    default: return nan;  // is_calendar() lists the others
  }
}

// Go's math.Max: +Inf wins over NaN, NaN over all else, 0 over -0.
double maximum(double a, double b) noexcept {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a == infinity || b == infinity) return infinity;
  if (std::isnan(a) || std::isnan(b)) return nan;
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return std::max(a, b);
}
// Go's math.Min: the mirror image.
double minimum(double a, double b) noexcept { return -maximum(-a, -b); }

double rounded(double value, double to) noexcept {
  const double inverse = 1.0 / to;  // as the reference: rounding to 0.1 multiplies by 10
  return std::floor(value * inverse + 0.5) / inverse;
}

// Functions of one value and up to two scalars.
double element(FunctionId id, double value, double a, double b) noexcept {
  switch (id) {
    case FunctionId::abs: return std::abs(value);
    case FunctionId::ceil: return std::ceil(value);
    case FunctionId::floor: return std::floor(value);
    case FunctionId::exp: return std::exp(value);
    case FunctionId::ln: return std::log(value);
    case FunctionId::log2: return std::log2(value);
    case FunctionId::log10: return std::log10(value);
    case FunctionId::sqrt: return std::sqrt(value);
    case FunctionId::sgn: return value < 0 ? -1 : value > 0 ? 1 : value;
    case FunctionId::sin: return std::sin(value);
    case FunctionId::cos: return std::cos(value);
    case FunctionId::tan: return std::tan(value);
    case FunctionId::asin: return std::asin(value);
    case FunctionId::acos: return std::acos(value);
    case FunctionId::atan: return std::atan(value);
    case FunctionId::sinh: return std::sinh(value);
    case FunctionId::cosh: return std::cosh(value);
    case FunctionId::tanh: return std::tanh(value);
    case FunctionId::asinh: return std::asinh(value);
    case FunctionId::acosh: return std::acosh(value);
    case FunctionId::atanh: return std::atanh(value);
    case FunctionId::deg: return value * 180 / std::numbers::pi;
    case FunctionId::rad: return value * std::numbers::pi / 180;
    case FunctionId::clamp: return maximum(a, minimum(b, value));
    case FunctionId::clamp_min: return maximum(a, value);
    case FunctionId::clamp_max: return minimum(a, value);
    case FunctionId::round: return rounded(value, a);
    default: return nan;  // call() sends no others here
  }
}

bool is_histogram_function(FunctionId id) noexcept {
  return id == FunctionId::histogram_quantile || id == FunctionId::histogram_quantiles || id == FunctionId::histogram_fraction;
}
// Functions of native histograms, which have no answer for floats.
bool takes_histograms(FunctionId id) noexcept {
  return id == FunctionId::histogram_avg || id == FunctionId::histogram_count || id == FunctionId::histogram_sum ||
         id == FunctionId::histogram_stddev || id == FunctionId::histogram_stdvar;
}

}  // namespace

Labels absent_labels(const Expression& expression, NodeIndex argument) {
  const Node* node = &expression.at(expression.without_parens(argument));
  if (const MatrixSelector* matrix = std::get_if<MatrixSelector>(&node->of)) node = &expression.at(matrix->selector);
  const VectorSelector* selector = std::get_if<VectorSelector>(&node->of);
  Labels labels;
  if (selector == nullptr) return labels;
  // A label is known by its first equality, until another matcher behind that names it too.
  std::set<std::string_view> known;
  for (const SelectorMatcher& matcher : selector->matchers) {
    if (matcher.name == metric_name_label) continue;
    if (matcher.op == MatchOperator::equal && known.insert(matcher.name).second) labels.set(matcher.name, matcher.value);
    else labels.remove(matcher.name);
  }
  return labels;
}

Evaluated Evaluation::call(const Call& call, NodeIndex at, const Steps& steps) {
  const FunctionId id = call.function->id;
  if (is_range_function(id)) return range_call(call, at, steps);
  if (is_calendar(id)) return calendar(call, at, steps);
  if (is_histogram_function(id)) return histogram_call(call, at, steps);
  if (takes_histograms(id)) return of_histograms(call, at, steps);
  switch (id) {
    case FunctionId::absent:
    case FunctionId::absent_over_time: return absent(call, steps);
    case FunctionId::timestamp: case FunctionId::start_timestamp: return timestamp(call, at, steps);
    case FunctionId::info: return info(call, at, steps);
    case FunctionId::label_replace: return label_replace(call, at, steps);
    case FunctionId::label_join: return label_join(call, at, steps);
    case FunctionId::sort: case FunctionId::sort_desc: case FunctionId::sort_by_label:
    case FunctionId::sort_by_label_desc: return sorted(call, at, steps);
    case FunctionId::scalar: case FunctionId::time: case FunctionId::pi: case FunctionId::start: case FunctionId::end:
    case FunctionId::range: case FunctionId::step: case FunctionId::min_of: case FunctionId::max_of:
      return scalar_call(call, steps);
    case FunctionId::vector: {
      auto scalar = evaluate_node(call.arguments[0], steps);
      if (!scalar) return scalar;
      Value value;
      value.series.push_back(Series{keep({}), false, std::move(scalar->scalar)});
      return value;
    }
    default: return elementwise(call, at, steps);  // functions of one value
  }
}

Evaluated Evaluation::absent(const Call& call, const Steps& steps) {
  std::vector<double> values(steps.count, 1.0);
  if (call.function->id == FunctionId::absent) {
    auto inner = evaluate_node(call.arguments[0], steps);
    if (!inner) return inner;
    for (const Series& series : inner->series)
      for (std::size_t step = 0; step < steps.count; ++step)
        if (!is_absent(series.values[step])) values[step] = absent_value;
  } else {
    auto source = range_source(call.arguments[0], steps);
    if (!source) return source.error();
    const std::int64_t opening_ms = options_.semantics == Semantics::prometheus_3 ? 1 : 0;
    std::vector<tsdb::Sample> buffer;
    for (std::size_t i = 0; i < source->series.size(); ++i) {
      const auto samples = read_range(*source, i, steps, buffer);
      if (const Done done = touch(samples.size() + steps.count, call.arguments[0]); !done) return done.error();
      std::size_t behind = 0;
      for (std::size_t step = 0; step < steps.count; ++step) {
        const std::int64_t end_ms = source->end_at(steps.at(step));
        while (behind < samples.size() && samples[behind].t_ms <= end_ms) ++behind;
        if (behind > 0 && samples[behind - 1].t_ms >= end_ms - source->range_ms + opening_ms) values[step] = absent_value;
      }
    }
  }
  Value value;
  value.series.push_back(Series{keep(absent_labels(expression_, call.arguments[0])), false, std::move(values)});
  return value;
}

Evaluated Evaluation::timestamp(const Call& call, NodeIndex at, const Steps& steps) {
  // The time of the stored sample where the argument is a selector, of the evaluation otherwise.
  const NodeIndex argument = expression_.without_parens(call.arguments[0]);
  const bool is_selector = std::holds_alternative<VectorSelector>(expression_.at(argument).of);
  const bool is_start = call.function->id == FunctionId::start_timestamp;
  auto value = is_selector ? instant_selector(argument, steps, is_start ? Gives::start_timestamp : Gives::timestamp)
                           : evaluate_node(argument, steps);
  if (!value) return value;
  if (is_start && !is_selector) value->series.clear();  // what is computed did not start
  for (Series& series : value->series) {
    series.drops_name = true;
    for (std::size_t step = 0; step < steps.count && !is_selector; ++step)
      if (!is_absent(series.values[step])) series.values[step] = static_cast<double>(steps.at(step)) / 1000;
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

Evaluated Evaluation::elementwise(const Call& call, NodeIndex at, const Steps& steps) {
  const FunctionId id = call.function->id;
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  std::vector<double> parameters[2];
  parameters[0].assign(steps.count, 1);  // what round() rounds to
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    auto scalar = evaluate_node(call.arguments[i], steps);
    if (!scalar) return scalar;
    parameters[i - 1] = std::move(scalar->scalar);
  }
  for (Series& series : value->series) {
    if (const Done done = go_on(steps.count, at); !done) return done.error();
    series.drops_name = true;
    for (std::size_t step = 0; step < steps.count; ++step) {
      double& cell = series.values[step];
      if (!is_float(cell)) {
        cell = absent_value;
        continue;
      }
      const double a = parameters[0][step];
      const double b = parameters[1].empty() ? 0 : parameters[1][step];
      cell = id == FunctionId::clamp && b < a ? absent_value : element(id, cell, a, b);
    }
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

Evaluated Evaluation::of_histograms(const Call& call, NodeIndex at, const Steps& steps) {
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  const auto number = [id = call.function->id](const histogram::Histogram& histogram) {
    switch (id) {
      case FunctionId::histogram_avg: return mean(histogram);
      case FunctionId::histogram_count: return histogram.count;
      case FunctionId::histogram_sum: return histogram.sum;
      case FunctionId::histogram_stddev: return standard_deviation(histogram);
      default: return variance(histogram);  // histogram_stdvar: takes_histograms() lists no other
    }
  };
  for (Series& series : value->series) {
    if (const Done done = go_on(steps.count, at); !done) return done.error();
    series.drops_name = true;
    for (double& cell : series.values)
      cell = histogram::is_mark(cell) ? plain_number(number(histograms_.at(cell))) : absent_value;
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

Evaluated Evaluation::calendar(const Call& call, NodeIndex at, const Steps& steps) {
  const FunctionId id = call.function->id;
  Value value;
  if (call.arguments.empty()) {
    Series series{keep({}), false, {}};
    for (std::size_t step = 0; step < steps.count; ++step)
      series.values.push_back(calendar_part(id, static_cast<double>(steps.at(step)) / 1000));
    value.series.push_back(std::move(series));
    return value;
  }
  auto inner = evaluate_node(call.arguments[0], steps);
  if (!inner) return inner;
  for (Series& series : inner->series) {
    if (const Done done = go_on(steps.count, at); !done) return done.error();
    series.drops_name = true;
    for (double& cell : series.values) cell = is_float(cell) ? calendar_part(id, cell) : absent_value;
  }
  inner->is_ordered = false;
  if (const Done joined = join_equal(inner->series, at, false); !joined) return joined.error();
  return inner;
}

Evaluated Evaluation::scalar_call(const Call& call, const Steps& steps) {
  Value value;
  value.scalar.assign(steps.count, nan);
  const auto seconds = [](std::int64_t ms) { return static_cast<double>(ms) / 1000; };
  switch (call.function->id) {
    case FunctionId::pi: value.scalar.assign(steps.count, std::numbers::pi); break;
    case FunctionId::start: value.scalar.assign(steps.count, seconds(time_.start.ms)); break;
    case FunctionId::end: value.scalar.assign(steps.count, seconds(time_.end.ms)); break;
    case FunctionId::range: value.scalar.assign(steps.count, seconds((time_.end - time_.start).ms)); break;
    case FunctionId::step: value.scalar.assign(steps.count, seconds(time_.step.ms)); break;
    case FunctionId::min_of:
    case FunctionId::max_of: {
      auto left = evaluate_node(call.arguments[0], steps);
      if (!left) return left;
      auto right = evaluate_node(call.arguments[1], steps);
      if (!right) return right;
      const auto choose = call.function->id == FunctionId::min_of ? minimum : maximum;
      for (std::size_t step = 0; step < steps.count; ++step) value.scalar[step] = choose(left->scalar[step], right->scalar[step]);
      break;
    }
    case FunctionId::time:
      for (std::size_t step = 0; step < steps.count; ++step) value.scalar[step] = seconds(steps.at(step));
      break;
    default: {  // scalar(): the value of the only element
      auto inner = evaluate_node(call.arguments[0], steps);
      if (!inner) return inner;
      std::vector<std::uint8_t> count(steps.count, 0);
      for (const Series& series : inner->series)
        for (std::size_t step = 0; step < steps.count; ++step) {
          if (!is_float(series.values[step]) || count[step] == 2) continue;
          value.scalar[step] = ++count[step] == 1 ? series.values[step] : nan;
        }
    }
  }
  return value;
}

Evaluated Evaluation::sorted(const Call& call, NodeIndex at, const Steps& steps) {
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  const FunctionId id = call.function->id;
  const bool is_range = time_.step.ms > 0;
  if (is_range)
    annotate(AnnotationLevel::warning, at, "sort is ineffective for range queries since results are always ordered by labels");
  const bool is_by_value = id == FunctionId::sort || id == FunctionId::sort_desc;
  if (is_range || steps.count != 1) {  // there is no order, but what has no value to be ordered by goes as well
    for (Series& series : value->series)
      for (double& element : series.values)
        if (is_by_value && !is_float(element)) element = absent_value;
    return value;
  }
  std::erase_if(value->series, [is_by_value](const Series& series) {
    return is_by_value ? !is_float(series.values.back()) : is_absent(series.values.back());
  });
  if (is_by_value) {
    std::stable_sort(value->series.begin(), value->series.end(), [id](const Series& a, const Series& b) {
      const double left = a.values.back();
      const double right = b.values.back();
      if (std::isnan(left) || std::isnan(right)) return !std::isnan(left) && std::isnan(right);
      return id == FunctionId::sort ? left < right : left > right;
    });
  } else {
    const bool is_descending = id == FunctionId::sort_by_label_desc;
    std::stable_sort(value->series.begin(), value->series.end(), [&](const Series& a, const Series& b) {
      const Series& before = is_descending ? b : a;
      const Series& after = is_descending ? a : b;
      for (std::size_t i = 1; i < call.arguments.size(); ++i) {
        const std::string& name = string_argument(call, i);
        const std::string_view left = before.labels->get(name);
        const std::string_view right = after.labels->get(name);
        if (left != right) return natural_less(left, right);
      }
      return *before.labels < *after.labels;
    });
  }
  value->is_ordered = true;
  return value;
}

}  // namespace watchbill::metrics::promql
