// Events of the area route: one delivery is one message to one receiver, in all its attempts under one id.
#pragma once

#include <cstdint>
#include <string>

#include "base/sha256.h"
#include "base/time.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

// What a message is about decides what follows a round of attempts that failed (domain/alert-routing-and-obligations.md §4).
enum class DeliveryKind : std::uint8_t {
  alert_group,  // the next flush of its group tries again
  page,         // a new round every 5 minutes for 24 h, then given up
  step,         // a notify step of a plan: one round
};
template <>
struct Words<DeliveryKind> {
  static constexpr std::array<std::string_view, 3> table{"alert_group", "page", "step"};
};

// The intent: written before anything is sent. The body is the blob with this digest. A second one for a delivery that was given
// up is the request of a person (`by`) to send the dead letter again, under the same id.
struct NotificationIntended {
  static constexpr std::string_view type = "NotificationIntended";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  Digest body;
  std::string by;
  DeliveryId delivery;
  DeliveryKind kind{DeliveryKind::step};
  std::string receiver;
  std::string subject;  // what it is about, for people: "alert WebDown", "run run-01JD…"
  static constexpr auto fields() {
    return std::tuple{field("body", &NotificationIntended::body),         field("by", &NotificationIntended::by),
                      field("delivery", &NotificationIntended::delivery), field("kind", &NotificationIntended::kind),
                      field("receiver", &NotificationIntended::receiver), field("subject", &NotificationIntended::subject)};
  }
};

// The receiver accepted it.
struct NotificationSent {
  static constexpr std::string_view type = "NotificationSent";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  std::uint32_t attempt{0};  // from 1, over all rounds
  DeliveryId delivery;
  static constexpr auto fields() {
    return std::tuple{field("attempt", &NotificationSent::attempt), field("delivery", &NotificationSent::delivery)};
  }
};

// One attempt failed. `retry_at` absent: the round is over and this kind gets no other by itself.
struct NotificationFailed {
  static constexpr std::string_view type = "NotificationFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  std::uint32_t attempt{0};
  DeliveryId delivery;
  std::string reason;  // "http 500", "timeout", "connection_refused", …
  std::optional<Instant> retry_at;
  bool round_over{false};  // the next attempt, if any, begins a new round
  static constexpr auto fields() {
    return std::tuple{field("attempt", &NotificationFailed::attempt), field("delivery", &NotificationFailed::delivery),
                      field("reason", &NotificationFailed::reason), field("retry_at_ms", &NotificationFailed::retry_at),
                      field("round_over", &NotificationFailed::round_over)};
  }
};

// A dead letter: nothing more is tried until a person asks for it again.
struct NotificationGivenUp {
  static constexpr std::string_view type = "NotificationGivenUp";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  DeliveryId delivery;
  std::string reason;
  static constexpr auto fields() {
    return std::tuple{field("delivery", &NotificationGivenUp::delivery), field("reason", &NotificationGivenUp::reason)};
  }
};

}  // namespace watchbill
