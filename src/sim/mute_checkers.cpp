#include "sim/mute_checkers.h"

#include <algorithm>

#include "core/route/group_table.h"
#include "core/route/membership.h"

namespace watchbill::sim {
namespace {

using core::route::GroupedAlert;
using core::route::Silence;
using core::route::Told;

bool match(const std::vector<LabelMatcher>& matchers, const Labels& labels) { return Matchers::compile(matchers)->match(labels); }

bool inhibits(const InhibitRuleConfiguration& rule, const Labels& source, const Labels& target) {
  if (!match(rule.source, source)) return false;
  if (match(rule.source, target) && match(rule.target, source)) return false;
  return std::all_of(rule.equal.begin(), rule.equal.end(),
                     [&](const std::string& name) { return source.get(name) == target.get(name); });
}

bool is_inhibited(const core::State& state, const Labels& labels) {
  bool found = false;
  for (const InhibitRuleConfiguration& rule : core::route::routing_of(state.route).inhibit_rules) {
    if (!match(rule.target, labels)) continue;
    state.alert.alerts.each([&](const std::string&, const core::alert::Alert& alert) {
      found = found || (alert.phase == AlertPhase::firing && inhibits(rule, alert.labels, labels));
      return !found;
    });
  }
  return found;
}

}  // namespace

bool is_muted(const core::State& state, const Labels& labels, Instant at) {
  bool found = is_inhibited(state, labels);
  state.route.silences.each([&](const std::string&, const Silence& silence) {
    found = found || (silence.starts_at <= at && at < silence.ends_at && match(silence.matchers, labels));
    return !found;
  });
  return found;
}

std::string told_though_muted(const core::State& state, const std::string& group, Instant at) {
  std::string wrong;
  core::route::each_alert(state.route.alerts, group, [&](const std::string&, const GroupedAlert& alert) {
    const bool is_told = alert.telling != Told::nothing;
    const bool is_muted_now = is_muted(state, alert.labels, at);
    if (is_told && is_muted_now) wrong = "a message speaks of " + alert.labels.text() + ", which is muted";
    if (!is_told && !is_muted_now) wrong = "a message leaves out " + alert.labels.text() + ", which nothing mutes";
  });
  return wrong;
}

std::string forgotten_news(const core::State& state) {
  std::string wrong;
  state.route.groups.each([&](const std::string& id, const core::route::Group& group) {
    if (!group.delivery.empty() || group.flush_at) return true;
    core::route::each_alert(state.route.alerts, id, [&](const std::string&, const GroupedAlert& alert) {
      if (!core::route::is_news(alert) || is_muted(state, alert.labels, state.progress.time)) return;
      // A silence whose time is over wakes its groups with its end, which may be the next record.
      bool ends_now = false;
      state.route.silences.each([&](const std::string&, const Silence& silence) {
        const bool is_over = !silence.ended && silence.ends_at <= state.progress.time;
        ends_now = ends_now || (is_over && match(silence.matchers, alert.labels));
        return !ends_now;
      });
      if (!ends_now) wrong = "nobody will be told of " + alert.labels.text() + ", which nothing mutes";
    });
    return wrong.empty();
  });
  return wrong;
}

}  // namespace watchbill::sim
