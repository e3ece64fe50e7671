// Expressions by a typed grammar: every operator, modifier, aggregation and function of Prometheus 2.42, with sensible and with
// odd arguments, over the metrics of world.h.
#pragma once

#include <cstdint>

#include "differential/harness/expression.h"
#include "differential/harness/random.h"

namespace watchbill::differential {

// The expression of a seed: always the same one. About one in thirty is no PromQL, or of types that do not go together.
// What can be judged (deviations.h) is kept to: a function whose last digits may differ stands outermost or is rounded, and of
// equal values nobody asks which of them topk keeps.
[[nodiscard]] Part expression_of(std::uint64_t seed);

// What is rounded until the last digits of two libraries of mathematics cannot differ any more.
[[nodiscard]] Part rounded(Part vector);

}  // namespace watchbill::differential
