// What clocks of a time zone show. Pure; any thread. Source: RFC 8536 §3.3, POSIX TZ.
#pragma once

#include "base/time.h"
#include "model/configuration_time.h"

namespace watchbill {

// The time around an instant in which a zone keeps its offset.
struct ZoneSpan {
  Duration offset;  // local time is UTC and this
  Instant end;      // the first instant that is not in it; never() when there is none. The next offset may be the same.
};

// An instant outside of the calendar is taken for the nearest one within. O(log transitions).
[[nodiscard]] ZoneSpan span_at(const ZoneConfiguration& zone, Instant at);

// `at`, or the nearest instant of the years 0002 to 9997: those have years of at most four digits in every zone.
[[nodiscard]] Instant within_the_calendar(Instant at);

}  // namespace watchbill
