// Whether an instant is in a time interval, and when that changes. Pure: the rules of time zones are part of the interval. Any
// thread.
//
// Source: Alertmanager 0.25 timeinterval.ContainsTime, but for the length of a month: there the month in which clocks go forward
// is a day short in zones that have daylight time, so that its last day is never met.
#pragma once

#include "base/time.h"
#include "model/configuration_time.h"

namespace watchbill {

// How far next_change() looks: two years, one of them a leap year.
inline constexpr Duration calendar_reach = Duration::days(731);

// O(ranges of all periods); 0.2 µs for each in a zone with daylight time.
[[nodiscard]] bool contains(const TimeIntervalConfiguration& interval, Instant at);

// The first instant after `at` at which contains() gives another answer than at `at`; never() when there is none within
// `calendar_reach`, which says nothing about later. Where clocks go back, a time of day comes twice, and so may its changes.
//
// Cost: days are stepped over, not minutes. The usual interval changes within a week: 0.5 µs. One of n periods that does not
// change within reach: n × 20 µs; a period without any part costs nothing. Where periods follow upon each other without a gap,
// each change of one is looked at, to the end of reach if need be: 17 ms for a day in 96 periods of a quarter of an hour.
[[nodiscard]] Instant next_change(const TimeIntervalConfiguration& interval, Instant at);

}  // namespace watchbill
