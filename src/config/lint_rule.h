// One rule as the lints see it, and what they say of it. Internal to linting; lints.h is the public side.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/known_metrics.h"
#include "metrics/promql/ast.h"
#include "metrics/promql/result_facts.h"
#include "model/configuration_metrics.h"

namespace watchbill::config {

struct LintedRule {
  const RuleConfiguration& read;
  const metrics::promql::Expression& expression;
  const metrics::promql::ExpressionFacts& facts;
  const KnownMetrics& known;
  bool waits{false};  // it has a `for` or `keep_firing_for`, be it 0s, or the bill counts slots for it
  // Whether some rule records this name.
  std::function<bool(std::string_view name)> is_recorded;
  // Whether some rule records a sum, mean or extreme of bare counters under this name.
  std::function<bool(std::string_view name)> is_recorded_sum;
};

// What is said of a rule, and where: at a byte of the text of a key, such as {"expr"} or {"labels", "severity"}, or at all of it.
struct Remark {
  static constexpr std::size_t whole = static_cast<std::size_t>(-1);
  Severity severity{Severity::warning};
  std::string_view code;
  std::string_view part;
  std::string name;
  std::size_t offset{0};
  std::string text;
};
using Remarks = std::vector<Remark>;

// At a byte of the expression.
void remark(Remarks& out, std::string_view code, std::size_t offset, std::string text, Severity severity = Severity::warning);

// Parts that can never have a result, labels that are named and not there: impossible_matcher, never_fires, never_matches,
// label_lost, value_in_label.
void lint_results(const LintedRule& rule, Remarks& out);
void lint_templates(const LintedRule& rule, Remarks& out);
// counter_not_initialised, counter_without_rate, rate_of_gauge, rate_of_sum.
void lint_counters(const LintedRule& rule, Remarks& out);
// no_for.
void lint_waiting(const LintedRule& rule, Remarks& out);
// no_emitter, and impossible_matcher for closed lists of values.
void lint_emitters(const LintedRule& rule, Remarks& out);

// Whether the value is, or sums up, counters as they stand: without a function that knows how they are reset.
[[nodiscard]] bool is_bare_counter(const metrics::promql::Expression& expression, metrics::promql::NodeIndex node,
                                   const KnownMetrics& known);

// Calls visit(node) for each comparison (and each other condition) that decides whether the expression has a result: those joined
// by `and`, `or` and before `unless`, parentheses aside.
void each_condition(const metrics::promql::Expression& expression,
                    const std::function<void(metrics::promql::NodeIndex)>& visit);

}  // namespace watchbill::config
