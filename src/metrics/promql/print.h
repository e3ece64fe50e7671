// An expression back as text: the canonical form of Prometheus (`Expr.String()`), and its digest.
#pragma once

#include <string>

#include "base/sha256.h"
#include "metrics/promql/ast.h"

namespace watchbill::metrics::promql {

// One line; parse(print(x)) gives the same tree, and print() of that the same text. Holds: the expression came from parse().
[[nodiscard]] std::string print(const Expression& expression);

// The same of one node and what is below it.
[[nodiscard]] std::string print(const Expression& expression, NodeIndex node);

// SHA-256 of print(): equal for expressions that differ only in blanks, comments and redundant spelling.
[[nodiscard]] Digest digest(const Expression& expression);

// A sample value as Prometheus writes it: the shortest decimal digits without exponent that read back, "+Inf", "-Inf", "NaN".
[[nodiscard]] std::string format_value(double value);

}  // namespace watchbill::metrics::promql
