#include "metrics/promql/range_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/assert.h"
#include "metrics/promql/kahan.h"

namespace watchbill::metrics::promql {
namespace {

using tsdb::Sample;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double seconds(std::int64_t ms) noexcept { return static_cast<double>(ms) / 1000; }

// See extrapolation_of(); here, where every window of a rate comes by, to be compiled into it.
inline Extrapolation extrapolate(const RangeWindow& window, double first_value, double increase, bool is_counter) noexcept {
  const Sample& first = window.samples.front();
  const Sample& last = window.samples.back();
  const double sampled = seconds(last.t_ms - first.t_ms);
  const std::size_t gap_count = window.samples.size() - 1;
  const double between = gap_count == 0 ? 0 : sampled / static_cast<double>(gap_count);
  const double threshold = between * 1.1;
  Extrapolation by{sampled, seconds(first.t_ms - window.begin_ms), seconds(window.end_ms - last.t_ms)};
  const auto limit = [&](double& side) {
    if (side >= threshold) side = between / 2;
  };
  // A counter cannot have been below zero: it is not followed back beyond that point.
  const auto stop_at_zero = [&] {
    if (is_counter && increase > 0 && first_value >= 0) by.to_begin = std::min(by.to_begin, sampled * (first_value / increase));
  };
  if (is_counter && !window.starts_ms.empty() && begins_within(window)) {
    by.to_begin = 0;
    by.sampled = seconds(last.t_ms - window.starts_ms.front());
  } else {
    if (window.semantics == Semantics::prometheus_2) stop_at_zero();
    limit(by.to_begin);
    if (window.semantics == Semantics::prometheus_3) stop_at_zero();
  }
  limit(by.to_end);
  return by;
}

bool extrapolated_rate(const RangeWindow& window, bool is_counter, bool is_per_second, double& value) noexcept {
  const auto samples = window.samples;
  const bool counts_from_start = is_counter && !window.starts_ms.empty() && begins_within(window);
  if (samples.size() < 2 && !counts_from_start) return false;
  double increase = samples.back().v - samples.front().v;
  if (is_counter && !(window.never_falls && window.starts_ms.empty()))
    for (std::size_t i = 1; i < samples.size(); ++i)
      if (samples[i].v < samples[i - 1].v || begins_anew(window, i)) increase += samples[i - 1].v;
  if (counts_from_start) increase += samples.front().v;
  double factor = extrapolate(window, samples.front().v, increase, is_counter).factor();
  if (is_per_second) factor /= seconds(window.end_ms - window.begin_ms);
  value = increase * factor;
  return true;
}

bool instant_change(const RangeWindow& window, bool is_rate, double& value) noexcept {
  if (window.samples.size() < 2) return false;
  const Sample& before = window.samples[window.samples.size() - 2];
  const Sample& last = window.samples.back();
  const bool is_reset = is_rate && (last.v < before.v || begins_anew(window, window.samples.size() - 1));
  value = is_reset ? last.v : last.v - before.v;
  if (last.t_ms == before.t_ms) return false;
  if (is_rate) value /= seconds(last.t_ms - before.t_ms);
  return true;
}

// A straight line between two samples; a counter that was reset between them counts from zero.
double between(const Sample& a, const Sample& b, std::int64_t at_ms, bool is_counter, bool is_left_end) noexcept {
  double from = a.v;
  double to = b.v;
  if (is_counter && to < from) (is_left_end ? from : to) = is_left_end ? 0 : to + from;
  return from + (to - from) * static_cast<double>(at_ms - a.t_ms) / static_cast<double>(b.t_ms - a.t_ms);
}

// increase, rate and delta from value to value at the two ends of the window, without extrapolation.
bool anchored_change(FunctionId id, const RangeWindow& window, double& value) noexcept {
  const auto samples = anchored_samples(window);
  if (samples.empty()) return false;
  const bool is_counter = id != FunctionId::delta;
  const bool is_smoothed = window.extension == RangeExtension::smoothed && samples.size() > 1;
  double left = samples.front().v;
  double right = samples.back().v;
  if (is_smoothed && samples.front().t_ms < window.begin_ms)
    left = between(samples[0], samples[1], window.begin_ms, is_counter, true);
  if (is_smoothed && samples.back().t_ms > window.end_ms)
    right = between(samples[samples.size() - 2], samples.back(), window.end_ms, is_counter, false);
  value = right - left;
  if (is_counter) {
    double before = left;
    for (std::size_t i = 1; i + 1 < samples.size(); ++i) {
      if (samples[i].v < before) value += before;
      before = samples[i].v;
    }
    if (right < before) value += before;
  }
  if (id == FunctionId::rate) value /= seconds(window.end_ms - window.begin_ms);
  return true;
}

struct Line {
  double slope;
  double intercept;  // at the reference time
};
Line least_squares(std::span<const Sample> samples, std::int64_t reference_ms) noexcept {
  KahanSum sum_x;
  KahanSum sum_y;
  KahanSum sum_xy;
  KahanSum sum_xx;
  bool is_constant = true;
  for (const Sample& sample : samples) {
    is_constant = is_constant && sample.v == samples.front().v;
    const double x = seconds(sample.t_ms - reference_ms);
    sum_x.add(x);
    sum_y.add(sample.v);
    sum_xy.add(x * sample.v);
    sum_xx.add(x * x);
  }
  if (is_constant) return std::isinf(samples.front().v) ? Line{nan, nan} : Line{0, samples.front().v};
  const double n = static_cast<double>(samples.size());
  const double covariance = sum_xy.value() - sum_x.value() * sum_y.value() / n;
  const double variance = sum_xx.value() - sum_x.value() * sum_x.value() / n;
  const double slope = covariance / variance;
  return Line{slope, sum_y.value() / n - slope * sum_x.value() / n};
}

bool linear(FunctionId id, const RangeWindow& window, double& value) noexcept {
  if (window.samples.size() < 2) return false;
  if (id == FunctionId::deriv) {
    value = least_squares(window.samples, window.samples.front().t_ms).slope;
  } else {
    const Line line = least_squares(window.samples, window.evaluated_at_ms);
    value = line.slope * window.parameters[0] + line.intercept;
  }
  return true;
}

bool double_exponential_smoothing(const RangeWindow& window, double& value) noexcept {
  const auto samples = window.samples;
  if (samples.size() < 2) return false;
  const double smoothing = window.parameters[0];
  const double trending = window.parameters[1];
  double before = 0;
  double smooth = samples[0].v;
  double trend = samples[1].v - samples[0].v;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (i > 1) trend = trending * (smooth - before) + (1 - trending) * trend;
    before = smooth;
    smooth = smoothing * samples[i].v + (1 - smoothing) * (smooth + trend);
  }
  value = smooth;
  return true;
}

double count_changes(std::span<const Sample> samples) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const double before = samples[i - 1].v;
    const double now = samples[i].v;
    if (now != before && !(std::isnan(now) && std::isnan(before))) ++count;
  }
  return static_cast<double>(count);
}

double count_resets(const RangeWindow& window) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 1; i < window.samples.size(); ++i)
    if (window.samples[i].v < window.samples[i - 1].v || begins_anew(window, i)) ++count;
  return static_cast<double>(count);
}

// The last of the extreme samples. NaN only when all are.
const Sample& extreme(std::span<const Sample> samples, bool is_maximum) noexcept {
  const Sample* best = &samples.front();
  for (const Sample& sample : samples)
    if (std::isnan(best->v) || (is_maximum ? sample.v >= best->v : sample.v <= best->v)) best = &sample;
  return *best;
}

// The value of the first of them: of 0 and -0 the one that came first.
double extreme_value(std::span<const Sample> samples, bool is_maximum) noexcept {
  double best = samples.front().v;
  for (const Sample& sample : samples)
    if (std::isnan(best) || (is_maximum ? sample.v > best : sample.v < best)) best = sample.v;
  return best;
}

template <class Sum>
double variance(std::span<const Sample> samples) noexcept {
  Sum mean;
  Sum squares;
  double count = 0;
  for (const Sample& sample : samples) {
    ++count;
    const double delta = sample.v - mean.value();
    mean.add(delta / count);
    squares.add(delta * (sample.v - mean.value()));
  }
  return squares.value() / count;
}

double variance(const RangeWindow& window) noexcept {
  return window.semantics == Semantics::prometheus_2 ? variance<KahanSumOf2>(window.samples) : variance<KahanSum>(window.samples);
}

// As Prometheus 2.42 has it: an incremental mean with compensation.
double mean_of_2(std::span<const Sample> samples) noexcept {
  KahanSumOf2 mean;
  double count = 0;
  for (const Sample& sample : samples) {
    ++count;
    if (!keeps_infinite_mean(mean.sum, sample.v)) mean.add(sample.v / count - mean.sum / count);
  }
  return std::isinf(mean.sum) ? mean.sum : mean.value();
}

double mean(std::span<const Sample> samples) noexcept {
  KahanMean mean;
  for (const Sample& sample : samples) mean.add(sample.v);
  return mean.value();
}

double sum(std::span<const Sample> samples) noexcept {
  KahanSum sum;
  for (const Sample& sample : samples) sum.add(sample.v);
  return sum.value();
}

std::vector<double> values_of(std::span<const Sample> samples) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.v);
  return values;
}

double median_absolute_deviation(std::span<const Sample> samples) {
  std::vector<double> values = values_of(samples);
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) return nan;
  const double median = quantile_of(0.5, values);
  for (double& value : values) value = std::abs(value - median);
  return quantile_of(0.5, values);
}

// Those that need one sample only.
double over_time(FunctionId id, const RangeWindow& window) {
  const auto samples = window.samples;
  switch (id) {
    case FunctionId::avg_over_time: return window.semantics == Semantics::prometheus_2 ? mean_of_2(samples) : mean(samples);
    case FunctionId::changes: return count_changes(samples);
    case FunctionId::count_over_time: return static_cast<double>(samples.size());
    case FunctionId::first_over_time: return samples.front().v;
    case FunctionId::last_over_time: return samples.back().v;
    case FunctionId::mad_over_time: return median_absolute_deviation(samples);
    case FunctionId::max_over_time: return extreme_value(samples, true);
    case FunctionId::min_over_time: return extreme_value(samples, false);
    case FunctionId::present_over_time: return 1;
    case FunctionId::quantile_over_time: {
      std::vector<double> values = values_of(samples);
      return quantile_of(window.parameters[0], values);
    }
    case FunctionId::resets: return count_resets(window);
    case FunctionId::stddev_over_time: return std::sqrt(variance(window));
    case FunctionId::stdvar_over_time: return variance(window);
    case FunctionId::sum_over_time: return sum(samples);
    case FunctionId::ts_of_first_over_time: return seconds(samples.front().t_ms);
    case FunctionId::ts_of_last_over_time: return seconds(samples.back().t_ms);
    case FunctionId::ts_of_max_over_time: return seconds(extreme(samples, true).t_ms);
    case FunctionId::ts_of_min_over_time: return seconds(extreme(samples, false).t_ms);
    default:
      WB_ASSERT(false, "is_range_function() lists what is handled here");
      return nan;  // the other rows of a table of ninety
  }
}

}  // namespace

Extrapolation extrapolation_of(const RangeWindow& window, double first_value, double increase, bool is_counter) noexcept {
  return extrapolate(window, first_value, increase, is_counter);
}

std::span<const Sample> anchored_samples(const RangeWindow& window) noexcept {
  const auto samples = window.samples;
  std::size_t first = 0;
  while (first + 1 < samples.size() && samples[first + 1].t_ms <= window.begin_ms) ++first;
  std::size_t last = samples.size() - 1;
  if (window.extension == RangeExtension::smoothed)
    while (last > first && samples[last - 1].t_ms >= window.end_ms) --last;
  if (samples[last].t_ms <= window.begin_ms || samples[first].t_ms > window.end_ms) return {};
  return samples.subspan(first, last - first + 1);
}

bool reads_start_times(FunctionId id) noexcept {
  return id == FunctionId::rate || id == FunctionId::increase || id == FunctionId::irate || id == FunctionId::resets;
}

bool begins_anew(const RangeWindow& window, std::size_t index) noexcept {
  if (window.starts_ms.empty()) return false;
  const std::int64_t start_ms = window.starts_ms[index];
  const std::int64_t start_before_ms = window.starts_ms[index - 1];
  const std::int64_t before_ms = window.samples[index - 1].t_ms;
  // Unknown, or after the sample (which says nothing), or at it: OpenTelemetry's way to say that it is unknown.
  if (start_ms == 0 || start_ms >= window.samples[index].t_ms) return false;
  if (start_ms != before_ms) return start_ms > before_ms;
  // It began at the sample before: each sample of a delta does, and the second of a counter whose beginning is unknown.
  return start_before_ms != 0 && start_before_ms < before_ms;
}

bool begins_within(const RangeWindow& window) noexcept {
  if (window.starts_ms.empty()) return false;
  const std::int64_t start_ms = window.starts_ms.front();
  return start_ms != 0 && start_ms > window.begin_ms && start_ms < window.samples.front().t_ms;
}

bool starts_overlap(const RangeWindow& window) noexcept {
  for (std::size_t i = 1; i < window.starts_ms.size(); ++i) {
    const std::int64_t start_ms = window.starts_ms[i];
    if (start_ms != 0 && start_ms < window.samples[i - 1].t_ms && start_ms != window.starts_ms[i - 1]) return true;
  }
  return false;
}

bool is_range_function(FunctionId id) noexcept {
  constexpr FunctionId ids[] = {
      FunctionId::avg_over_time, FunctionId::changes, FunctionId::count_over_time, FunctionId::delta, FunctionId::deriv,
      FunctionId::double_exponential_smoothing, FunctionId::first_over_time, FunctionId::idelta, FunctionId::increase,
      FunctionId::irate, FunctionId::last_over_time, FunctionId::mad_over_time, FunctionId::max_over_time,
      FunctionId::min_over_time, FunctionId::predict_linear, FunctionId::present_over_time, FunctionId::quantile_over_time,
      FunctionId::rate, FunctionId::resets, FunctionId::stddev_over_time, FunctionId::stdvar_over_time, FunctionId::sum_over_time,
      FunctionId::ts_of_first_over_time, FunctionId::ts_of_last_over_time, FunctionId::ts_of_max_over_time,
      FunctionId::ts_of_min_over_time};
  return std::find(std::begin(ids), std::end(ids), id) != std::end(ids);
}

bool keeps_name(FunctionId id) noexcept { return id == FunctionId::first_over_time || id == FunctionId::last_over_time; }

bool range_function(FunctionId id, const RangeWindow& window, double& value) {
  if (window.samples.empty()) return false;
  if (window.extension != RangeExtension::none) {
    if (id != FunctionId::changes && id != FunctionId::resets) return anchored_change(id, window, value);
    RangeWindow within = window;
    within.samples = anchored_samples(window);
    within.starts_ms = {};
    value = id == FunctionId::resets ? count_resets(within) : count_changes(within.samples);
    return !within.samples.empty();
  }
  switch (id) {
    case FunctionId::rate: return extrapolated_rate(window, true, true, value);
    case FunctionId::increase: return extrapolated_rate(window, true, false, value);
    case FunctionId::delta: return extrapolated_rate(window, false, false, value);
    case FunctionId::irate: return instant_change(window, true, value);
    case FunctionId::idelta: return instant_change(window, false, value);
    case FunctionId::deriv:
    case FunctionId::predict_linear: return linear(id, window, value);
    case FunctionId::double_exponential_smoothing: return double_exponential_smoothing(window, value);
    default: value = over_time(id, window); return true;  // see over_time()
  }
}

double quantile_of(double q, std::span<double> values) noexcept {
  if (values.empty() || std::isnan(q)) return nan;
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  std::sort(values.begin(), values.end(), [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto lower = static_cast<std::size_t>(std::floor(rank));
  const std::size_t upper = std::min(values.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[lower] * (1 - weight) + values[upper] * weight;
}

}  // namespace watchbill::metrics::promql
