// Reads PromQL text into a tree, and checks the tree's types. What Prometheus 3 accepts is accepted whole, experimental syntax
// included (duration expressions, anchored, smoothed, fill, quoted UTF-8 names); what Prometheus refuses is refused with its
// position.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/promql/ast.h"
#include "metrics/promql/limits.h"
#include "metrics/promql/position.h"

namespace watchbill::metrics::promql {

// Parses and type-checks one expression. Pure; any thread.
[[nodiscard]] Result<Expression, ExpressionError> parse(std::string_view text, const ParseLimits& limits = {});

// As parse(), without the type check: for callers that change the tree first.
[[nodiscard]] Result<Expression, ExpressionError> parse_syntax(std::string_view text, const ParseLimits& limits = {});

// Parses a condition (metrics/promql/condition.h) and turns comparisons at its top into those with `bool`, so that `time() > 5`
// is one too. Refuses what parse() refuses, and (wrong_type) strings and range vectors.
[[nodiscard]] Result<Expression, ExpressionError> parse_condition(std::string_view text, const ParseLimits& limits = {});

// Checks argument counts and types, operators, matching, selectors and literal durations of a parsed tree.
[[nodiscard]] Result<void, ExpressionError> check_types(const Expression& expression);

// The value of a duration in ms, given the step and range of the query that it stands in (both 0 for an instant query).
// Refuses (bad_duration) division by zero and what lies beyond ±292 years.
[[nodiscard]] Result<std::int64_t, ExpressionError> resolve_duration(const Expression& expression, const DurationValue& duration,
                                                                     std::int64_t step_ms, std::int64_t range_ms);

}  // namespace watchbill::metrics::promql
