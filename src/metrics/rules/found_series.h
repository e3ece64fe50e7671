// The series that the selectors of one evaluation found, to be read again: for the samples that an alert or a verdict rests on.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "metrics/promql/evaluate.h"
#include "metrics/rules/selectors.h"
#include "metrics/tsdb/snapshot.h"
#include "model/labels.h"

namespace watchbill::metrics::rules {

// A storm asks for thousands of series, a calm day for one. The first few are selected one by one; from then on all that a
// selector reads is selected once, and a further series costs a look-up. All that is given lives as long as this and the
// snapshot.
class FoundSeries {
 public:
  // All outlive it. `found`: of an answer that lists its series; `selectors`: those of its expression; `at`: when it was
  // evaluated.
  FoundSeries(std::span<const promql::SelectorFound> found, const Selectors& selectors, const tsdb::Snapshot& snapshot,
              Instant at)
      : found_(found), selectors_(selectors), snapshot_(snapshot), at_(at), by_selector_(selectors.size()) {}

  // Whether there is no selector that found anything.
  [[nodiscard]] bool is_empty() const noexcept { return found_.empty(); }

  // The series with exactly these labels. It holds the samples that the expression could read, and may hold older ones.
  [[nodiscard]] std::optional<tsdb::SeriesView> view(const Labels& series);

  // Whether each selector found a series with the element's labels, whatever its metric, whose last sample is not before `since`.
  // Labels of the element but not of the series, and the other way round, make two of them.
  [[nodiscard]] bool each_has_sample_since(const Labels& element, Instant since);

 private:
  using Views = std::vector<tsdb::SeriesView>;
  using ByLabels = std::map<Labels, std::vector<const Labels*>>;  // without the metric name
  [[nodiscard]] Views select(std::span<const tsdb::Matcher> matchers) const;
  void find_by_labels();

  const std::span<const promql::SelectorFound> found_;
  const Selectors& selectors_;
  const tsdb::Snapshot& snapshot_;
  const Instant at_;
  std::size_t single_count_{0};
  std::vector<std::optional<Views>> by_selector_;  // in label order
  std::vector<ByLabels> by_labels_;                // of each of `found`, once asked for
};

}  // namespace watchbill::metrics::rules
