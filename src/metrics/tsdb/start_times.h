// When counters began to count, kept beside their samples: a companion series of the same labels and one more, whose samples say
// from when on which start time holds.
//
// So start times cost nothing where there are none, a sample for each change where there are, and follow their series through
// log, window and index. Companions are hidden: Snapshot::select() gives them only to whoever names their label. Source of the
// notion: OpenTelemetry's StartTimeUnixNano, Prometheus 3's `st-storage`. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/tsdb/sample.h"
#include "metrics/tsdb/snapshot.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

// The label that only companions have; its value is the unit of what they hold.
inline constexpr std::string_view start_time_label = "__start_time__";
inline constexpr std::string_view start_time_unit = "ms";

// The labels of the companion of a series; append() there the start time (milliseconds since 1970, 0: unknown) at the time of
// the first sample for which it holds.
[[nodiscard]] Labels companion_of(const Labels& series);

// The start time of each of `samples` (in order of time; 0: unknown), as `companion` tells it.
void read_start_times(const SeriesView& companion, std::span<const Sample> samples, std::vector<std::int64_t>& out_ms);

}  // namespace watchbill::metrics::tsdb
