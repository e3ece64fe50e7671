// The outbox: one delivery is one message to one receiver, at least once, under one id in all its attempts.
// Source: domain/alert-routing-and-obligations.md §4, "Delivery".
#pragma once

#include <string>

#include "core/route/state.h"
#include "model/command.h"
#include "model/decide.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/schedule.h"

namespace watchbill::core::route {

// Gives NotificationIntended. Refuses `too_many_deliveries` when the outbox is full of messages that are still owed.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RequestNotification& command, const Context& context);
// Gives NotificationIntended for the same id. Refuses `unknown_delivery`, `not_given_up`.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ResendNotification& command, const Context& context);
// Gives NotificationSent, or NotificationFailed and perhaps NotificationGivenUp; nothing for an outcome that is known already.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteDelivery& command, const Context& context);
// The end of an ended delivery's time in state: ObjectArchived; or a flush of a group (core/route/group.h).
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context);

void apply(State& state, const NotificationIntended& event, const Applying& applying);
void apply(State& state, const NotificationSent& event, const Applying& applying);
void apply(State& state, const NotificationFailed& event, const Applying& applying);
void apply(State& state, const NotificationGivenUp& event, const Applying& applying);
// Ends a message whose group is gone, without an event of its own: what it would say comes from another group now, and an old
// "firing" must not arrive behind a newer "resolved". An attempt that is in flight may still.
void drop(State& state, const std::string& delivery, const Applying& applying);
// Of a delivery or a silence: ids of the two differ in form.
void apply_archived(State& state, const std::string& id, const Applying& applying);

// The effect that a due delivery owes. Asserts that it is due.
[[nodiscard]] Effect effect_of(const State& state, const std::string& delivery);

// Whether this receiver ("ops/webhook[0]") owes an answer: a message to it that was tried three times is still due, or the last
// message of one of its groups was not accepted. Walks what is owed now, and the groups.
[[nodiscard]] bool is_failing(const State& state, const Schedule& schedule, const std::string& receiver);
// Attempts of a message that must fail before people are told of it on another channel. Source: domain/incidents.md §4.
inline constexpr std::uint32_t attempts_before_page = 3;

// Whether the outbox holds as many messages that are still owed as it may. O(1) unless as many are kept.
[[nodiscard]] bool is_outbox_full(const State& state, const Limits& limits);

// Adds what deliveries and groups owe to empty indexes: the full scan.
void rebuild(const State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::route
