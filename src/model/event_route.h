// Events of the area route: one delivery is one message to one receiver, in all its attempts under one id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/alert.h"
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
  std::vector<AlertId> alerts;  // of an alert_group: the first 1,000 that the message is about
  Digest body;
  std::string by;
  DeliveryId delivery;
  std::string group;     // of an alert_group: whose alerts, as they are now, the body tells
  DeliveryKind kind{DeliveryKind::step};
  std::string receiver;  // of an alert_group "ops/webhook[0]"
  std::string subject;   // what it is about, for people: "alert WebDown", "run run-01JD…"
  template <class To> static constexpr auto fields(To&& to) {
    using E = NotificationIntended;
    return to(field("alerts", &E::alerts),     field("body", &E::body),   field("by", &E::by),
              field("delivery", &E::delivery), field("group", &E::group), field("kind", &E::kind),
              field("receiver", &E::receiver), field("subject", &E::subject));
  }
};

// The receiver accepted it.
struct NotificationSent {
  static constexpr std::string_view type = "NotificationSent";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  std::uint32_t attempt{0};  // from 1, over all rounds
  DeliveryId delivery;
  std::string remark{};  // which templates failed and were told plainly; absent: none
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &NotificationSent::attempt), field("delivery", &NotificationSent::delivery),
              field("remark", &NotificationSent::remark));
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
  std::string remark{};    // what the far side said of it, for people
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &NotificationFailed::attempt), field("delivery", &NotificationFailed::delivery),
              field("reason", &NotificationFailed::reason), field("remark", &NotificationFailed::remark),
              field("retry_at_ms", &NotificationFailed::retry_at),
              field("round_over", &NotificationFailed::round_over));
  }
};

// A dead letter: nothing more is tried until a person asks for it again.
struct NotificationGivenUp {
  static constexpr std::string_view type = "NotificationGivenUp";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  DeliveryId delivery;
  std::string reason;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("delivery", &NotificationGivenUp::delivery), field("reason", &NotificationGivenUp::reason));
  }
};

// Why a flush of a group tells nobody (domain/alert-routing-and-obligations.md §3).
enum class NotSentReason : std::uint8_t {
  no_route,                    // no routing is configured, or the receiver has no webhook
  outbox_full,                 // too many messages are owed already; tried again at the next flush
  not_repeated,                // all of it was told, less than repeat_interval ago
  resolved_before_group_wait,  // the alerts fired and resolved between two flushes
  resolved_omitted,            // only ends are to be told, and the webhook has `send_resolved: false`
  muted,                       // `by` says what mutes them; told when that ends
};
template <>
struct Words<NotSentReason> {
  static constexpr std::array<std::string_view, 6> table{"no_route",         "outbox_full",
                                                         "not_repeated",     "resolved_before_group_wait",
                                                         "resolved_omitted", "muted"};
};

// What keeps an alert from being told while it fires and binds as ever.
enum class MuteReason : std::uint8_t { inhibition, time_interval, silence };
template <>
struct Words<MuteReason> {
  static constexpr std::array<std::string_view, 3> table{"inhibition", "time_interval", "silence"};
};
struct Muting {
  MuteReason by{MuteReason::silence};
  std::string id;  // the alert that inhibits, the interval's name, the silence
  template <class To> static constexpr auto fields(To&& to) { return to(field("by", &Muting::by), field("id", &Muting::id)); }
  friend auto operator<=>(const Muting&, const Muting&) = default;
};

// A group was looked at and nothing is sent for these alerts, with the reason.
struct NotificationNotSent {
  static constexpr std::string_view type = "NotificationNotSent";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  std::vector<AlertId> alerts;  // the first 100 of them
  std::vector<Muting> by;       // of muted ones: the first 20, each once
  std::string group;
  NotSentReason reason{NotSentReason::no_route};
  std::string receiver;         // "ops/webhook[0]", its name alone when it has no integration; absent: no routing
  std::string subject;          // "alerts {alertname=\"WebDown\"}"
  std::uint64_t total{0};       // alerts
  template <class To> static constexpr auto fields(To&& to) {
    using E = NotificationNotSent;
    return to(field("alerts", &E::alerts), field("by", &E::by),             field("group", &E::group),
              field("reason", &E::reason), field("receiver", &E::receiver), field("subject", &E::subject),
              field("total", &E::total));
  }
};

}  // namespace watchbill
