// What the parts of the evaluator hand to each other: steps, series with a value at each step, windows to read. Internal to the
// folder.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/histogram/arena.h"
#include "metrics/promql/ast.h"
#include "metrics/tsdb/read_ahead.h"
#include "metrics/tsdb/sample.h"
#include "metrics/tsdb/snapshot.h"
#include "model/labels.h"

namespace watchbill::metrics::promql {

// A NaN that no computation gives: "this series has no sample at this step". Never an operand of arithmetic.
inline constexpr std::uint64_t absent_bits = 0x7FF4'0000'0000'0ABD;
inline constexpr double absent_value = std::bit_cast<double>(absent_bits);
[[nodiscard]] inline bool is_absent(double value) noexcept { return std::bit_cast<std::uint64_t>(value) == absent_bits; }
// A number from outside as a cell. Data may hold any bits, and of a NaN they say nothing: some stand for something else here, and
// so do others once abs() or a minus changed their sign.
[[nodiscard]] inline double plain_number(double value) noexcept {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}
// A stored value as an operand: a number, or the mark of a histogram.
[[nodiscard]] inline double present(double value) noexcept { return histogram::is_mark(value) ? value : plain_number(value); }

// Whether a cell is a number: there is one, and it does not stand for a histogram.
[[nodiscard]] inline bool is_float(double value) noexcept { return !is_absent(value) && !histogram::is_mark(value); }

// What says which quantity a series is, and leaves with the metric name: a rate is no longer what the counter was.
inline constexpr std::string_view identity_labels[] = {metric_name_label, "__type__", "__unit__"};
[[nodiscard]] inline bool is_identity_label(std::string_view name) noexcept {
  return name == identity_labels[0] || name == identity_labels[1] || name == identity_labels[2];
}

// The steps of an evaluation: count >= 1.
struct Steps {
  std::int64_t start_ms{0};
  std::int64_t step_ms{0};
  std::size_t count{1};
  [[nodiscard]] std::int64_t at(std::size_t index) const noexcept {
    return start_ms + static_cast<std::int64_t>(index) * step_ms;
  }
  [[nodiscard]] std::int64_t last() const noexcept { return at(count - 1); }
};

// What it costs to make a series or to look one up by its labels, in cells: some microseconds.
inline constexpr std::uint64_t cells_of_a_series = 64;

struct Series {
  const Labels* labels{nullptr};  // of the snapshot or of the run's own label sets
  bool drops_name{false};         // __name__ is to be left out of the answer, and is invisible unless names are removed late
  std::vector<double> values;     // one for each step: a number, a histogram's mark, or absent
};

struct Value {
  std::vector<Series> series;      // of instant vectors
  std::vector<double> scalar;      // one for each step
  std::string text;                // of strings
  bool is_ordered{false};          // the order of the series is an answer of its own
};

// Which labels make a group: those listed, or all but those and __name__.
struct Grouping {
  std::vector<std::string> labels;  // sorted
  bool keeps_listed{true};
  [[nodiscard]] bool keeps(std::string_view name) const;
};

// A range vector that is read series by series, each once and in their order.
struct RangeSeries {
  const Labels* labels{nullptr};
  bool drops_name{false};
  std::optional<tsdb::SeriesView> starts;  // the companion that tells when the counter began (tsdb/start_times.h)
  std::vector<tsdb::Sample> samples;      // of a subquery
};
struct RangeSource {
  std::vector<RangeSeries> series;
  std::vector<tsdb::SeriesView> views;      // of a selector: where the samples of each series are
  tsdb::ReadAhead ahead;
  std::int64_t range_ms{0};
  std::int64_t offset_ms{0};
  std::optional<std::int64_t> fixed_at_ms;  // of @
  NodeIndex selector{no_node};              // none for subqueries
  std::size_t selector_index{SIZE_MAX};     // in Answer::found; none for subqueries
  RangeExtension extension{RangeExtension::none};
  std::int64_t before_ms{0};                // how far anchored and smoothed windows look beyond their ends
  std::int64_t after_ms{0};
  [[nodiscard]] std::int64_t end_at(std::int64_t step_ms) const noexcept { return fixed_at_ms.value_or(step_ms) - offset_ms; }
};

}  // namespace watchbill::metrics::promql
