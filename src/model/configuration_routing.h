// The part of an Alertmanager file that is carried out: the tree of routes, inhibition, time intervals and receivers.
// Source: Alertmanager 0.25.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "model/configuration_receiver.h"
#include "model/configuration_time.h"
#include "model/fields.h"

namespace watchbill {

enum class MatcherKind : std::uint8_t { equal, not_equal, regex, not_regex };
template <>
struct Words<MatcherKind> {
  static constexpr std::array<std::string_view, 4> table{"equal", "not_equal", "regex", "not_regex"};
};

// One condition on one label (model/matcher/matcher.h).
struct LabelMatcher {
  MatcherKind kind{MatcherKind::equal};
  std::string name;
  std::string value;  // a text, or a pattern that must match the whole value
  template <class To> static constexpr auto fields(To&& to) {
    using M = LabelMatcher;
    return to(field("kind", &M::kind), field("name", &M::name), field("value", &M::value));
  }
  // By name, value and kind, as Alertmanager sorts the matchers of a route: its group keys name them so.
  friend auto operator<=>(const LabelMatcher& a, const LabelMatcher& b) {
    return std::tie(a.name, a.value, a.kind) <=> std::tie(b.name, b.value, b.kind);
  }
  friend bool operator==(const LabelMatcher&, const LabelMatcher&) = default;
};

// A firing alert that `source` matches mutes those that `target` matches and that have its values of the labels `equal`, where a
// label that is missing counts as empty. An alert that both match is not muted by another that both match: it would mute itself.
struct InhibitRuleConfiguration {
  std::vector<std::string> equal;  // sorted, each once
  std::vector<LabelMatcher> source;
  std::vector<LabelMatcher> target;
  template <class To> static constexpr auto fields(To&& to) {
    using I = InhibitRuleConfiguration;
    return to(field("equal", &I::equal), field("source", &I::source), field("target", &I::target));
  }
  friend bool operator==(const InhibitRuleConfiguration&, const InhibitRuleConfiguration&) = default;
};

// What becomes of an alert that took a child route: `continue: true` asks the siblings behind it too.
enum class AfterMatch : std::uint8_t { stop, next_sibling };
template <>
struct Words<AfterMatch> {
  static constexpr std::array<std::string_view, 2> table{"stop", "next_sibling"};
};

// A node of the tree. What it inherits is written out.
struct RouteConfiguration {
  std::vector<std::string> active_time_intervals;  // keys of `time_intervals`, not inherited; the root has none
  AfterMatch after{AfterMatch::stop};
  std::uint32_t end{1};               // index behind its last descendant
  std::vector<std::string> group_by;  // sorted label names; "..." alone: by all labels
  Duration group_interval{Duration::minutes(5)};
  Duration group_wait{Duration::seconds(30)};
  std::vector<LabelMatcher> matchers;  // sorted; the root has none
  std::vector<std::string> mute_time_intervals;  // as the active ones
  std::string receiver;                // a key of `receivers`
  Duration repeat_interval{Duration::hours(4)};
  template <class To> static constexpr auto fields(To&& to) {
    using R = RouteConfiguration;
    return to(field("active_time_intervals", &R::active_time_intervals), field("after", &R::after), field("end", &R::end),
              field("group_by", &R::group_by), field("group_interval_ms", &R::group_interval),
              field("group_wait_ms", &R::group_wait), field("matchers", &R::matchers),
              field("mute_time_intervals", &R::mute_time_intervals), field("receiver", &R::receiver),
              field("repeat_interval_ms", &R::repeat_interval));
  }
  friend bool operator==(const RouteConfiguration&, const RouteConfiguration&) = default;
};

// All of it.
struct RoutingConfiguration {
  std::vector<InhibitRuleConfiguration> inhibit_rules;
  std::map<std::string, ReceiverConfiguration> receivers;
  Duration resolve_timeout{Duration::minutes(5)};
  std::optional<RouteConfiguration> route;  // in journals from before there was a tree: the root, alone
  std::vector<RouteConfiguration> routes;   // each before its children; the first is the root
  std::vector<TemplateFileConfiguration> templates;  // in the order in which they were read
  std::map<std::string, TimeIntervalConfiguration> time_intervals;
  template <class To> static constexpr auto fields(To&& to) {
    using R = RoutingConfiguration;
    return to(field("inhibit_rules", &R::inhibit_rules), field("receivers", &R::receivers),
              field("resolve_timeout_ms", &R::resolve_timeout), field("route", &R::route), field("routes", &R::routes),
              field("templates", &R::templates), field("time_intervals", &R::time_intervals));
  }
  friend bool operator==(const RoutingConfiguration&, const RoutingConfiguration&) = default;
};

}  // namespace watchbill
