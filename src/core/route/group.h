// Alerts that are told together: Alertmanager's dispatcher and its memory of what was told, for the tree of routes.
//
// A new group waits `group_wait`, and not at all for an alert that has fired for longer; news of a group that was flushed waits
// for the next whole `group_interval` after that flush; what was told is told again after `repeat_interval`. Only what a webhook
// accepted counts as told: a delivery that failed is news for the next flush. Alerts enter and leave with AlertFired and
// AlertResolved themselves, no event of this area stands beside them. One difference: an end is told to whom the beginning was
// told, or perhaps was (a failed delivery may have arrived), and to nobody else. As there, whom a reload leads an alert away from
// hears no more of it. Source: Alertmanager 0.25 dispatch/dispatch.go, notify/notify.go (DedupStage);
// domain/alert-routing-and-obligations.md §3, §4.
#pragma once

#include <optional>
#include <string>

#include "core/route/state.h"
#include "model/configuration.h"
#include "model/decide.h"
#include "model/event.h"

namespace watchbill::core::route {

// Deadlines of groups carry this before the group's id; those of deliveries carry the delivery's id alone.
inline constexpr std::string_view group_subject = "group:";

// The flush that is due: NotificationIntended with the message's body, or NotificationNotSent; both when some alerts of a message
// came and went untold.
[[nodiscard]] Decision decide_flush(const State& state, const std::string& group, const Context& context);

// What the events of other areas mean for the groups.
void take(State& state, const AlertFired& event, const Applying& applying);
void take(State& state, const AlertResolved& event, const Applying& applying);
// Other routes: alerts are grouped anew, and what a receiver that stays was told stays told.
void take_configuration(State& state, const Configuration& configuration, const Applying& applying);

// What becomes of a group's deliveries. A group that is gone meanwhile is passed over.
void begin_delivery(State& state, const NotificationIntended& event, const Applying& applying);
void end_delivery(State& state, const std::string& group, const DeliveryId& delivery, bool is_accepted, const Applying& applying);
void apply(State& state, const NotificationNotSent& event, const Applying& applying);

// Adds what the groups owe to an empty index: the full scan.
void rebuild_groups(const State& state, Schedule& schedule);

}  // namespace watchbill::core::route
