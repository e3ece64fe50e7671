// The outbox: one delivery is one message to one receiver, at least once, under one id in all its attempts.
// Source: domain/alert-routing-and-obligations.md §4, "Delivery".
#pragma once

#include <cstdint>
#include <string>

#include "model/command.h"
#include "model/decide.h"
#include "model/effect.h"
#include "model/event.h"
#include "model/schedule.h"
#include "model/table.h"

namespace watchbill::core::route {

enum class DeliveryState : std::uint8_t {
  due,       // an attempt is owed from `next_at` on
  sent,      // accepted
  failed,    // its round is over and nothing follows by itself
  given_up,  // a dead letter
};

}  // namespace watchbill::core::route

template <>
struct watchbill::Words<watchbill::core::route::DeliveryState> {
  static constexpr std::array<std::string_view, 4> table{"due", "sent", "failed", "given_up"};
};

namespace watchbill::core::route {

// What the journal knows of one delivery. Whether an attempt is in flight now is not state: after a restart it is sent again.
struct Delivery {
  std::uint32_t attempts{0};       // that ended, over all rounds
  Digest body;
  Instant intended_at;
  DeliveryKind kind{DeliveryKind::step};
  std::string last_failure;
  Instant next_at;                 // due: earliest instant of the next attempt; else: when it was decided
  std::string receiver;
  std::uint32_t round_attempts{0};  // that ended, in this round
  DeliveryState state{DeliveryState::due};
  std::string subject;
  static constexpr auto fields() {
    return std::tuple{field("attempts", &Delivery::attempts), field("body", &Delivery::body),
                      field("intended_at_ms", &Delivery::intended_at), field("kind", &Delivery::kind),
                      field("last_failure", &Delivery::last_failure), field("next_at_ms", &Delivery::next_at),
                      field("receiver", &Delivery::receiver), field("round_attempts", &Delivery::round_attempts),
                      field("state", &Delivery::state), field("subject", &Delivery::subject)};
  }
};

struct State {
  Table<std::string, Delivery> deliveries;  // by delivery id
};

struct Facts {
  bool actor_may_send{false};    // role operator
  bool actor_may_report{false};  // the controller's own driver
};

// Gives NotificationIntended. Refuses `too_many_deliveries` when the outbox is full of messages that are still owed.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RequestNotification& command, const Context& context);
// Gives NotificationIntended for the same id. Refuses `unknown_delivery`, `not_given_up`.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ResendNotification& command, const Context& context);
// Gives NotificationSent, or NotificationFailed and perhaps NotificationGivenUp; nothing for an outcome that is known already.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteDelivery& command, const Context& context);
// The end of an ended delivery's time in state: ObjectArchived.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context);

void apply(State& state, const NotificationIntended& event, const Applying& applying);
void apply(State& state, const NotificationSent& event, const Applying& applying);
void apply(State& state, const NotificationFailed& event, const Applying& applying);
void apply(State& state, const NotificationGivenUp& event, const Applying& applying);
void apply_archived(State& state, const std::string& delivery, const Applying& applying);

// The effect that a due delivery owes. Asserts that it is due.
[[nodiscard]] Effect effect_of(const State& state, const std::string& delivery);

// Adds what the deliveries owe to empty indexes: the full scan.
void rebuild(const State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::route
