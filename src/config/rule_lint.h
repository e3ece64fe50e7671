// What is no error in a rule, and will surprise its author. Source: domain/runners.md §5 (metric lint).
#pragma once

#include <optional>
#include <string>

#include "metrics/promql/ast.h"

namespace watchbill::config {

// A counter of which a rule asks whether it rises at all.
struct BareIncrease {
  std::string function;  // increase, rate or irate
  std::string metric;
  std::size_t offset{0};  // of the function in the expression's text
};

// The first place where the expression asks `increase(x[…]) > 0` (also rate and irate, != 0, 0 < …, and below an aggregation) and
// nothing else speaks up for a series of x that is new: one whose first sample is 1 has no increase, so the event that bore it
// is missed. None in a branch of `or`, whose other branch may see it, and none for counters of watchbill, which begin with 0.
[[nodiscard]] std::optional<BareIncrease> find_bare_increase(const metrics::promql::Expression& expression);

}  // namespace watchbill::config
