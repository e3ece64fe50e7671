// Conditions: PromQL that answers yes or no, for gates, verifications, probes, guardrails and canary checks. Alert rules are no
// conditions: they filter, as in Prometheus. Source: the bill's rule on conditions (ours).
//
// Each element of the answer is true or false. A comparison at the top is evaluated as with `bool`, so it does not filter;
// `absent` there gives 0 where it would give nothing; `and` and `or` there join the truth of matching elements; of any other
// expression 0 is false and every other number is true. NaN, also as an operand of the comparison, is neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"

namespace watchbill::metrics::promql {

enum class ConditionVerdict : std::uint8_t {
  holds,    // there are elements, and all of them are true
  fails,    // one at least is false
  no_data,  // nothing can be said; never a kind of "holds"
};
[[nodiscard]] std::string_view word(ConditionVerdict verdict) noexcept;

// Why there is no data.
enum class NoDataReason : std::uint8_t { none, no_samples, not_a_number, query_failed };
[[nodiscard]] std::string_view word(NoDataReason reason) noexcept;

struct ConditionElement {
  Labels labels;
  std::optional<bool> truth;  // none: NaN
};

struct ConditionAnswer {
  ConditionVerdict verdict{ConditionVerdict::no_data};
  NoDataReason reason{NoDataReason::none};   // of no_data
  std::optional<EvaluationError> failure;    // of query_failed
  std::vector<ConditionElement> elements;    // ordered by labels
  std::vector<SelectorFound> found;          // as in Answer: for "is it fresh?"
};

// Evaluates at one instant. Pure, never fails: a refused evaluation is no_data. Any thread.
// Holds: `condition` came from parse_condition().
[[nodiscard]] ConditionAnswer evaluate_condition(const Expression& condition, const tsdb::Snapshot& snapshot, Instant at,
                                                 const EvaluationOptions& options = {});

}  // namespace watchbill::metrics::promql
