// The functions of a window that holds native histograms, alone or among floats. Pure, one window at a time.
// Source: Prometheus 3's functions of the same names.
#pragma once

#include "metrics/histogram/arena.h"
#include "metrics/promql/functions.h"
#include "metrics/promql/range_functions.h"

namespace watchbill::metrics::promql {

// What there is to say of a window besides the function's value; the caller knows the place and the metric's name.
struct RangeRemarks {
  bool mixes_types{false};            // floats and histograms: no value
  bool mixes_schemas{false};          // exponential and custom buckets: no value
  bool is_no_counter{false};          // a gauge where a counter is expected
  bool is_no_gauge{false};
  bool resets_conflict{false};        // one histogram says that it was reset, another that it was not
  bool has_overlapping_starts{false};  // a counter began before the sample ahead, and not when that one's did
  bool ignores_histograms{false};     // the value is that of the floats alone
  bool reconciles_sum{false};         // custom bounds differed in an addition,
  bool reconciles_difference{false};  // a subtraction,
  bool reconciles_aggregation{false}; // or a sum or mean of many
};

// As range_function(), for a window in which marks of `histograms` stand beside floats. A value that is a histogram is put there
// and given as its mark. Holds: is_range_function(id).
[[nodiscard]] bool mixed_range_function(FunctionId id, const RangeWindow& window, histogram::Arena& histograms, double& value,
                                        RangeRemarks& remarks);

// The value at `at_ms` of a straight line between two histograms of `histograms`, put there; absent when they do not go
// together. A counter that was reset between them counts from zero, and all are counters but two gauges.
[[nodiscard]] double interpolated_histogram(const tsdb::Sample& before, const tsdb::Sample& after, std::int64_t at_ms,
                                            histogram::Arena& histograms, RangeRemarks& remarks);

}  // namespace watchbill::metrics::promql
