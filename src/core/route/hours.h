// When the time intervals of a route keep it quiet. Source: Alertmanager 0.25 notify/notify.go (TimeActiveStage, TimeMuteStage).
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "core/route/state.h"

namespace watchbill::core::route {

struct QuietTime {
  std::string interval;  // the first that mutes; or of the route's active intervals the first, as `at` is in none of them
  Instant until;         // its end, or a year from `at` on when it is farther than the calendar looks ahead
};
// Nothing: the route may tell at `at`. Cost: the question to each interval that it names, and while it is quiet the way to its
// end.
[[nodiscard]] std::optional<QuietTime> quiet_at(const Routing& routing, const RouteConfiguration& route, Instant at);

}  // namespace watchbill::core::route
