#include "core/route/hours.h"

#include <algorithm>

#include "base/assert.h"
#include "model/calendar/calendar.h"

namespace watchbill::core::route {
namespace {

// Intervals that follow upon each other without a gap are one quiet time; what goes on for longer is looked at again.
constexpr int changes_followed_max = 1000;

const TimeIntervalConfiguration& interval_of(const Routing& routing, const std::string& name) {
  const auto found = routing.time_intervals.find(name);
  WB_ASSERT(found != routing.time_intervals.end(), "a checked bill has the intervals that its routes name");
  return found->second;
}

// The interval that keeps the route quiet, or null.
const std::string* quiet_by(const Routing& routing, const RouteConfiguration& route, Instant at) {
  const auto is_in = [&](const std::string& name) { return contains(interval_of(routing, name), at); };
  const auto& active = route.active_time_intervals;
  if (!active.empty() && std::none_of(active.begin(), active.end(), is_in)) return &active.front();
  const auto& muted = route.mute_time_intervals;
  const auto found = std::find_if(muted.begin(), muted.end(), is_in);
  return found == muted.end() ? nullptr : &*found;
}

Instant next_change_of(const Routing& routing, const RouteConfiguration& route, Instant at) {
  Instant next = Instant::never();
  for (const std::vector<std::string>* names : {&route.active_time_intervals, &route.mute_time_intervals})
    for (const std::string& name : *names) next = std::min(next, next_change(interval_of(routing, name), at));
  return next;
}

}  // namespace

std::optional<QuietTime> quiet_at(const Routing& routing, const RouteConfiguration& route, Instant at) {
  const std::string* const by = quiet_by(routing, route, at);
  if (by == nullptr) return std::nullopt;
  Instant until = at;
  for (int i = 0; i < changes_followed_max; ++i) {
    until = next_change_of(routing, route, until);
    if (until == Instant::never()) return QuietTime{*by, at + Duration::days(365)};
    if (quiet_by(routing, route, until) == nullptr) break;
  }
  return QuietTime{*by, until};
}

}  // namespace watchbill::core::route
