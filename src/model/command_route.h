// Commands of the area route.
#pragma once

#include <cstdint>
#include <string>

#include "base/sha256.h"
#include "base/time.h"
#include "model/area.h"
#include "model/event_route.h"
#include "model/ids.h"

namespace watchbill {

// Sends one message to one receiver. The body's bytes come with the command as a blob.
struct RequestNotification {
  static constexpr std::string_view type = "RequestNotification";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  static constexpr Lane lane = Lane::people;
  Digest body;
  DeliveryKind kind{DeliveryKind::step};
  std::string receiver;
  std::string subject;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("body", &RequestNotification::body), field("kind", &RequestNotification::kind),
              field("receiver", &RequestNotification::receiver), field("subject", &RequestNotification::subject));
  }
};

// Sends a dead letter again. Role operator.
struct ResendNotification {
  static constexpr std::string_view type = "ResendNotification";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  static constexpr Lane lane = Lane::people;
  DeliveryId delivery;
  template <class To> static constexpr auto fields(To&& to) { return to(field("delivery", &ResendNotification::delivery)); }
};

// How a receiver answered one attempt.
enum class DeliveryAnswer : std::uint8_t { accepted, retryable, final };
template <>
struct Words<DeliveryAnswer> {
  static constexpr std::array<std::string_view, 3> table{"accepted", "retryable", "final"};
};

// The outcome of one attempt, from the driver; it may come more than once.
struct NoteDelivery {
  static constexpr std::string_view type = "NoteDelivery";
  static constexpr int version = 1;
  static constexpr Area area = Area::route;
  static constexpr Lane lane = Lane::outcomes;
  DeliveryAnswer answer{DeliveryAnswer::retryable};
  std::uint32_t attempt{0};
  DeliveryId delivery;
  std::string detail;    // "http 503", "connection_refused"
  Duration retry_after;  // what the receiver asked for; 0 when it did not
  std::string remark{};  // accepted: what was told otherwise than the settings say, and why; else what the far side said
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &NoteDelivery::answer), field("attempt", &NoteDelivery::attempt),
              field("delivery", &NoteDelivery::delivery), field("detail", &NoteDelivery::detail),
              field("remark", &NoteDelivery::remark), field("retry_after_ms", &NoteDelivery::retry_after));
  }
};

}  // namespace watchbill
