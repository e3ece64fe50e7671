// The samples that both sides get: counters with resets, gauges, gaps, staleness markers, infinities, classic histograms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/remote/message.h"
#include "model/labels.h"

namespace watchbill::differential {

// A metric as the generator of expressions knows it.
struct Metric {
  std::string name;
  bool is_counter{false};
  std::vector<std::pair<std::string, std::vector<std::string>>> labels;  // each with its values
};

// All metrics, in the order of their names.
[[nodiscard]] std::span<const Metric> metrics();

inline constexpr Duration world_span = Duration::minutes(40);

struct WorldSeries {
  Labels labels;
  std::vector<metrics::remote::Sample> samples;             // their times rise
  std::vector<metrics::remote::HistogramSample> histograms;  // native ones; a series has these or the others
};

// The metric of native histograms: not among metrics(), as only few functions take it.
[[nodiscard]] const Metric& native_metric();

// Every series, in the order of its labels. Each has its first sample at `begin` or a little later, so that who numbers series as
// they come numbers them in that order. Nearly all values are multiples of 1/4 and small: their sums are exact in any order.
[[nodiscard]] std::vector<WorldSeries> world(std::uint64_t seed, Instant begin);

}  // namespace watchbill::differential
