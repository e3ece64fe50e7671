// The part of an Alertmanager file that is carried out: one root route and its webhook receivers. Source: Alertmanager 0.25.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/fields.h"

namespace watchbill {

// `send_resolved`
enum class ResolvedNotice : std::uint8_t { sent, omitted };
template <>
struct Words<ResolvedNotice> {
  static constexpr std::array<std::string_view, 2> table{"sent", "omitted"};
};

struct WebhookConfiguration {
  std::uint64_t max_alerts{0};  // of one message; 0: all
  ResolvedNotice resolved{ResolvedNotice::sent};
  std::string url;              // http or https; exactly one of url and url_file
  std::string url_file;         // absolute
  template <class To> static constexpr auto fields(To&& to) {
    using W = WebhookConfiguration;
    return to(field("max_alerts", &W::max_alerts), field("resolved", &W::resolved), field("url", &W::url),
              field("url_file", &W::url_file));
  }
  friend bool operator==(const WebhookConfiguration&, const WebhookConfiguration&) = default;
};

struct RootRoute {
  std::vector<std::string> group_by;  // sorted label names; "..." alone: by all labels
  Duration group_interval{Duration::minutes(5)};
  Duration group_wait{Duration::seconds(30)};
  std::string receiver;               // a key of `receivers`
  Duration repeat_interval{Duration::hours(4)};
  template <class To> static constexpr auto fields(To&& to) {
    using R = RootRoute;
    return to(field("group_by", &R::group_by), field("group_interval_ms", &R::group_interval),
              field("group_wait_ms", &R::group_wait), field("receiver", &R::receiver),
              field("repeat_interval_ms", &R::repeat_interval));
  }
  friend bool operator==(const RootRoute&, const RootRoute&) = default;
};

// Without webhooks a receiver takes notifications and tells nobody.
struct ReceiverConfiguration {
  std::vector<WebhookConfiguration> webhooks;
  template <class To> static constexpr auto fields(To&& to) { return to(field("webhooks", &ReceiverConfiguration::webhooks)); }
  friend bool operator==(const ReceiverConfiguration&, const ReceiverConfiguration&) = default;
};

// What a webhook of a receiver is called in deliveries: "ops/webhook[0]", as in Alertmanager's logs.
[[nodiscard]] inline std::string webhook_name(std::string_view receiver, std::size_t index) {
  return std::string(receiver) + "/webhook[" + std::to_string(index) + "]";
}

// All of it.
struct RoutingConfiguration {
  std::map<std::string, ReceiverConfiguration> receivers;
  Duration resolve_timeout{Duration::minutes(5)};
  RootRoute route;
  template <class To> static constexpr auto fields(To&& to) {
    using R = RoutingConfiguration;
    return to(field("receivers", &R::receivers), field("resolve_timeout_ms", &R::resolve_timeout),
              field("route", &R::route));
  }
  friend bool operator==(const RoutingConfiguration&, const RoutingConfiguration&) = default;
};

}  // namespace watchbill
