// From when on the store knows what there was to know, after a start.
#pragma once

#include <map>

#include "base/time.h"
#include "metrics/tsdb/snapshot.h"

namespace watchbill::app::watch {

// The end of the last pause in which a target was not asked for longer than one may be: two of its intervals, or 10 s, which a
// restart takes. A rule whose window begins after that can trust what it does not see. `now` when nothing is known of any target,
// else the beginning of the window. `intervals`: of the targets that are asked, by their labels.
[[nodiscard]] Instant complete_since(const metrics::tsdb::Snapshot& snapshot, const std::map<Labels, Duration>& intervals,
                                     Instant now);

}  // namespace watchbill::app::watch
