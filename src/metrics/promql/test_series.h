// One line of the PromQL test language that describes a series: labels and points. Internal to the test language.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/histogram/arena.h"
#include "model/labels.h"

namespace watchbill::metrics::promql {

struct SeriesLine {
  Labels labels;
  std::vector<std::optional<double>> points;  // none: a step without a sample; a histogram is its mark
  histogram::Arena histograms;
  std::vector<bool> names_hint;               // of each histogram: whether its reset hint was written
  // `name{…}@st -30s-1mx2 _`: points are start times as milliseconds from the sample's own time; there are no histograms.
  bool holds_start_times{false};
};

// Reads `name{label="value"} 1 2+3x4 _ stale {{count:1}}x3`. Fails (invalid) with what was expected.
[[nodiscard]] Result<SeriesLine> read_series_line(std::string_view line, std::size_t points_max);

// A number with a sign, as the language writes values: "-1e3", "+Inf", "NaN", "0x1f".
[[nodiscard]] bool read_signed_number(std::string_view text, double& value);

}  // namespace watchbill::metrics::promql
