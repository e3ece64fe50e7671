// The functions of a window of samples: rate, changes, *_over_time and their kin. Pure, one window at a time.
// Source: Prometheus 3's functions of the same names.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/functions.h"
#include "metrics/tsdb/sample.h"

namespace watchbill::metrics::promql {

// What a function sees of one series at one step. `samples` are those in the window, oldest first, without staleness markers.
// None stands for a histogram, unless a function says otherwise.
struct RangeWindow {
  std::span<const tsdb::Sample> samples;
  std::int64_t begin_ms{0};              // the window's left end
  std::int64_t end_ms{0};                // and right end
  std::int64_t evaluated_at_ms{0};       // the step; differs from the right end with offset or @
  std::array<double, 2> parameters{};    // the scalar arguments in their order
  // When the counter began to count, for each sample (0: unknown), in milliseconds since 1970; or empty.
  std::span<const std::int64_t> starts_ms{};
  // Otherwise than `none`, `samples` begin before the left end (and, when smoothed, go on behind the right one) by the lookback.
  RangeExtension extension{RangeExtension::none};
  // Whether the whole series was asked, and no sample is less than the one before it: then no window has a reset to look for.
  bool never_falls{false};
  Semantics semantics{Semantics::prometheus_3};
};

// Whether `id` takes one range vector and gives an instant vector, series by series. absent_over_time does not.
[[nodiscard]] bool is_range_function(FunctionId id) noexcept;

// Whether the answer keeps the metric name (first_over_time, last_over_time).
[[nodiscard]] bool keeps_name(FunctionId id) noexcept;

// The function's value, or false when it has none for this window (no sample, or one where two are needed).
// Holds: is_range_function(id).
[[nodiscard]] bool range_function(FunctionId id, const RangeWindow& window, double& value);

// Whether the function looks at `starts_ms`.
[[nodiscard]] bool reads_start_times(FunctionId id) noexcept;

// Whether the counter began anew between the sample before `index` and that one, by what `starts_ms` tells.
[[nodiscard]] bool begins_anew(const RangeWindow& window, std::size_t index) noexcept;

// Whether the first sample's counter began within the window: then it was zero there, and counts from there.
[[nodiscard]] bool begins_within(const RangeWindow& window) noexcept;

// Whether a sample's counter is said to have begun before the sample ahead of it, and not when that one's did.
[[nodiscard]] bool starts_overlap(const RangeWindow& window) noexcept;

// What rate() and its kin see, and how far they extrapolate beyond it, in seconds.
struct Extrapolation {
  double sampled{0};
  double to_begin{0};
  double to_end{0};
  // What the increase is multiplied by.
  [[nodiscard]] double factor() const noexcept { return sampled == 0 ? 1 : (sampled + to_begin + to_end) / sampled; }
};
// Of a window of at least two samples, or one where begins_within(), whose first has the value `first_value` (of a histogram: its
// count) and whose `increase` is known.
[[nodiscard]] Extrapolation extrapolation_of(const RangeWindow& window, double first_value, double increase,
                                             bool is_counter) noexcept;

// The samples that an anchored or smoothed window rests on: from the last one at or before its left end, or the first within;
// to the last one within or, when smoothed, the first at or behind its right end. Empty when none lies within. Holds: the window
// has samples.
[[nodiscard]] std::span<const tsdb::Sample> anchored_samples(const RangeWindow& window) noexcept;

// The q-quantile with linear interpolation; NaN for no values, ±Inf for q beyond 0 … 1. Sorts `values`, NaN first.
[[nodiscard]] double quantile_of(double q, std::span<double> values) noexcept;

}  // namespace watchbill::metrics::promql
