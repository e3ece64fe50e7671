// What a rule's expression reads: which targets and series it rests on, how far back, and whether the series of an answer speak
// of an element.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/promql/ast.h"
#include "metrics/promql/evaluate.h"
#include "metrics/tsdb/matcher.h"
#include "model/labels.h"

namespace watchbill::metrics::rules {

// The selectors of one expression. Immutable.
class Selectors {
 public:
  Selectors() = default;
  // Fails (invalid) on a pattern that does not compile or a duration without value.
  [[nodiscard]] static Result<Selectors> of(const promql::Expression& expression, Duration lookback);

  [[nodiscard]] bool empty() const noexcept { return selectors_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return selectors_.size(); }
  // One of them, in the order of the text; the last are of info(), which reads target_info unasked.
  [[nodiscard]] std::span<const tsdb::Matcher> matchers(std::size_t index) const noexcept { return selectors_[index]; }
  // Whether one of them reads a series with these labels.
  [[nodiscard]] bool reads(std::size_t index, const Labels& series) const;
  // How far before the evaluation the oldest sample may lie that it reads, unless `@` says when.
  [[nodiscard]] Duration reach() const noexcept { return reach_; }
  // The oldest instant that an evaluation at `at` may read, `@` included.
  [[nodiscard]] Instant reads_from(Instant at) const noexcept;
  // Whether it reads nothing but the last sample of each series: no range, subquery, offset or @.
  [[nodiscard]] bool reads_instants_only() const noexcept { return reads_instants_only_; }
  // Whether a selector may read a series with one of these metric names.
  [[nodiscard]] bool reads_any(std::span<const std::string> metric_names) const;
  // Whether a selector may read a series of a target: the labels that the target gives all its series contradict no matcher. With
  // `metric_names`: one of those that the target has.
  [[nodiscard]] bool may_read(const Labels& target) const;
  [[nodiscard]] bool may_read(const Labels& target, std::span<const std::string> metric_names) const;

 private:
  std::vector<std::vector<tsdb::Matcher>> selectors_;
  Duration reach_;
  std::optional<Instant> oldest_fixed_;  // of @
  bool reads_instants_only_{true};
};

// Two label sets agree when no label that both have differs.
[[nodiscard]] bool agree(const Labels& a, const Labels& b) noexcept;

// Looks up, in what the selectors of one evaluation found, the series that agree with an element. Made for one answer.
class Agreement {
 public:
  // `found` and the snapshot it came from outlive it; found lists its series.
  explicit Agreement(std::span<const promql::SelectorFound> found) noexcept : found_(found) {}

  // Whether any series agrees. Repeated questions of elements with the same label names cost O(log n) each.
  [[nodiscard]] bool any(const Labels& element);
  // The first `max` of them, in the order of the expression's text.
  [[nodiscard]] std::vector<const Labels*> first(const Labels& element, std::size_t max);

 private:
  using Names = std::vector<std::string>;
  struct Projection {
    std::map<Labels, std::vector<const Labels*>> complete;  // series that have all the names, by their values of them
    std::vector<const Labels*> partial;                     // series that lack some
  };
  [[nodiscard]] const Projection& projection(const Labels& element);

  std::span<const promql::SelectorFound> found_;
  std::map<Names, Projection> projections_;
};

}  // namespace watchbill::metrics::rules
