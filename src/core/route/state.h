// What the area route knows: the outbox, and the alerts that are told together.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/route/inhibition.h"
#include "core/route/silence.h"
#include "core/route/tree.h"
#include "model/configuration_routing.h"
#include "model/event_route.h"
#include "model/labels.h"
#include "model/table.h"

namespace watchbill::core::route {

enum class DeliveryState : std::uint8_t {
  due,       // an attempt is owed from `next_at` on
  sent,      // accepted
  failed,    // its round is over and nothing follows by itself
  given_up,  // a dead letter
};

// What a webhook knows of an alert. After a failed delivery it perhaps knows: an answer may be lost, a message is not taken back.
enum class Told : std::uint8_t { nothing, perhaps_firing, firing, resolved };

}  // namespace watchbill::core::route

template <>
struct watchbill::Words<watchbill::core::route::DeliveryState> {
  static constexpr std::array<std::string_view, 4> table{"due", "sent", "failed", "given_up"};
};
template <>
struct watchbill::Words<watchbill::core::route::Told> {
  static constexpr std::array<std::string_view, 4> table{"nothing", "perhaps_firing", "firing", "resolved"};
};

namespace watchbill::core::route {

// What the journal knows of one delivery. Whether an attempt is in flight now is not state: after a restart it is sent again.
struct Delivery {
  std::uint32_t attempts{0};       // that ended, over all rounds
  Digest body;
  std::string group;               // of an alert_group
  Instant intended_at;
  DeliveryKind kind{DeliveryKind::step};
  std::string last_failure;
  Instant next_at;                 // due: earliest instant of the next attempt; else: when it was decided
  std::string receiver;
  std::uint32_t round_attempts{0};  // that ended, in this round
  DeliveryState state{DeliveryState::due};
  std::string subject;
  template <class To> static constexpr auto fields(To&& to) {
    using D = Delivery;
    return to(field("attempts", &D::attempts), field("body", &D::body), field("group", &D::group),
              field("intended_at_ms", &D::intended_at), field("kind", &D::kind),
              field("last_failure", &D::last_failure), field("next_at_ms", &D::next_at),
              field("receiver", &D::receiver), field("round_attempts", &D::round_attempts), field("state", &D::state),
              field("subject", &D::subject));
  }
};

// The alerts that one integration is told of in one message: those that take one route and agree on the labels of its `group_by`.
// A receiver with three integrations has three groups for them, each with its own pace and memory.
struct Group {
  bool all_muted{false};             // at the last look every alert was: nothing is repeated
  std::string delivery;              // on its way; empty: none
  bool failing{false};               // the last message was not accepted
  std::optional<Instant> flush_at;   // there is news, told then
  std::optional<Instant> flushed_at;  // the last time: flushes keep to whole intervals after it
  std::uint32_t integration{0};      // index in the receiver
  Labels labels;
  std::vector<std::string> muted_by;  // at the last look: the causes (muting.h) of all that was muted, ascending
  std::string receiver;              // absent: no routing
  std::uint32_t route{0};            // index in Routing::routes
  std::optional<Instant> told_at;    // the last message was accepted
  template <class To> static constexpr auto fields(To&& to) {
    using G = Group;
    return to(field("all_muted", &G::all_muted), field("delivery", &G::delivery),
              field("failing", &G::failing),     field("flush_at_ms", &G::flush_at),
              field("flushed_at_ms", &G::flushed_at), field("integration", &G::integration),
              field("labels", &G::labels),       field("muted_by", &G::muted_by),
              field("receiver", &G::receiver),   field("route", &G::route),
              field("told_at_ms", &G::told_at));
  }
};

// An alert in a group, with what a message says of it. It leaves when its end was told, or need not be.
struct GroupedAlert {
  std::map<std::string, std::string> annotations;
  std::optional<Instant> ends_at;  // it is resolved
  std::string generator_url;       // of one from outside
  Labels labels;
  std::optional<Muting> muted;     // at the last look, as the journal says
  AlertSource source{AlertSource::rule};
  Instant starts_at;
  Told telling{Told::nothing};  // by the delivery that is on its way
  Told told{Told::nothing};
  template <class To> static constexpr auto fields(To&& to) {
    using A = GroupedAlert;
    return to(field("annotations", &A::annotations), field("ends_at_ms", &A::ends_at),
              field("generator_url", &A::generator_url), field("labels", &A::labels), field("muted", &A::muted),
              field("source", &A::source),       field("starts_at_ms", &A::starts_at), field("telling", &A::telling),
              field("told", &A::told));
  }
};

// The routes as the accepted bill has them. Without any nobody is told.
struct Routing {
  std::string external_url;
  std::vector<InhibitRuleConfiguration> inhibit_rules;
  std::map<std::string, ReceiverConfiguration> receivers;  // without addresses and texts
  std::vector<RouteConfiguration> routes;                  // each before its children
  std::map<std::string, TimeIntervalConfiguration> time_intervals;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("external_url", &Routing::external_url), field("inhibit_rules", &Routing::inhibit_rules),
              field("receivers", &Routing::receivers), field("routes", &Routing::routes),
              field("time_intervals", &Routing::time_intervals));
  }
  friend bool operator==(const Routing&, const Routing&) = default;
};

struct State {
  Table<std::string, GroupedAlert> alerts;   // by group id, ":" and alert id
  Table<std::string, Delivery> deliveries;   // by delivery id
  Table<std::string, Group> groups;          // by group id: 32 hex digits
  Table<std::string, Routing> routing;       // one entry, "root"
  Table<std::string, Silence> silences;      // by id
  // Derived.
  std::shared_ptr<const RouteTree> tree;     // of the routing (membership.h); null before the first
  Inhibition inhibition;                     // of the routing and the alerts that fire
  SilenceIndex silence_index;                // of those that have not ended
  std::map<std::string, std::set<std::string>> waiting;  // groups by Group::muted_by
};

struct Facts {
  bool actor_is_operator{false};
  bool actor_may_report{false};  // the controller's own driver
};

}  // namespace watchbill::core::route
