// The bounds of an expression and of one evaluation. Values, so that tests can shrink them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace watchbill::metrics::promql {

struct ParseLimits {
  // Bytes of text. Generated rules of the field stay below 16 KiB; a selector with an alternation of 10 000 names fits.
  std::size_t bytes_max{256U << 10};
  // Levels of the tree, a chain of binary operators included. Recursion over the tree is bounded by this; the largest frame of a
  // level is below 2 KiB with sanitizers, so 400 levels need less than 1 MiB of stack.
  std::uint16_t depth_max{400};
};

// What a label costs in memory beside its text, at least.
inline constexpr std::uint64_t label_overhead_bytes = 32;

// What one query or one rule may take, unless who asks says less. Source: Prometheus' query.timeout.
inline constexpr Duration query_time_max = Duration::minutes(2);

struct EvaluationLimits {
  // Samples read and values computed, over all parts of the query; each part costs at least one for each of its steps. At least
  // as strict as Prometheus' query.max-samples, which counts what is in memory at one time and has the same default.
  std::uint64_t samples_max{50'000'000};
  // Steps of a range query; Prometheus' HTTP API refuses more than 11 000 points per series.
  std::uint64_t steps_max{11'000};
  // Steps of one subquery; its samples count towards samples_max too.
  std::uint64_t subquery_steps_max{1'000'000};
  // Series of one selector or one result.
  std::uint64_t series_max{1'000'000};
  // Of one label value that the expression makes: what the store takes, so that a recording rule can write what it computes.
  std::uint64_t label_value_bytes_max{256U << 10};
  // Of all label sets that the expression makes: names, values, and label_overhead_bytes for each label and each set. A million
  // series with four labels of usual length need half of it.
  std::uint64_t label_bytes_max{512U << 20};
  // Of all remarks on one answer.
  std::uint64_t annotation_bytes_max{1U << 20};
};

}  // namespace watchbill::metrics::promql
