// Other routes: alerts are grouped anew, and what a receiver that stays was told stays told.
#include <algorithm>
#include <utility>

#include "core/route/delivery.h"
#include "core/route/group.h"
#include "core/route/group_table.h"
#include "core/route/muting.h"

namespace watchbill::core::route {
namespace {

// Addresses and texts are of the driver alone, and may hold secrets.
ReceiverConfiguration kept_of(const ReceiverConfiguration& receiver) {
  ReceiverConfiguration kept;
  const auto keep = [&](IntegrationKind kind, std::uint64_t alerts_max, ResolvedNotice resolved) {
    IntegrationConfiguration& integration = kept.integrations.emplace_back();
    integration.kind = kind;
    integration.max_alerts = alerts_max;
    integration.resolved = resolved;
  };
  for (const WebhookConfiguration& each : receiver.webhooks) keep(IntegrationKind::webhook, each.max_alerts, each.resolved);
  for (const IntegrationConfiguration& each : receiver.integrations) keep(each.kind, each.max_alerts, each.resolved);
  return kept;
}

Routing routing_from(const Configuration& configuration) {
  Routing routing;
  routing.external_url = configuration.external_url;
  if (routing.external_url.empty() && !configuration.listen.empty())
    routing.external_url = (configuration.tls ? "https://" : "http://") + configuration.listen.front();
  if (!configuration.routing) return routing;
  routing.routes = configuration.routing->routes;
  if (configuration.routing->route) routing.routes = {*configuration.routing->route};
  routing.inhibit_rules = configuration.routing->inhibit_rules;
  routing.receivers = configuration.routing->receivers;
  routing.time_intervals = configuration.routing->time_intervals;
  for (auto& [name, receiver] : routing.receivers) receiver = kept_of(receiver);
  return routing;
}

// Whether every alert finds the groups where they are.
bool groups_alike(const Routing& a, const Routing& b) {
  const auto is_alike = [&](const RouteConfiguration& x, const RouteConfiguration& y) {
    return x.after == y.after && x.end == y.end && x.group_by == y.group_by && x.matchers == y.matchers &&
           x.receiver == y.receiver && has_same_integrations(a, b, x.receiver);
  };
  return std::equal(a.routes.begin(), a.routes.end(), b.routes.begin(), b.routes.end(), is_alike);
}

// Whether what mutes is as it was.
bool mutes_alike(const Routing& a, const Routing& b) {
  const auto is_alike = [](const RouteConfiguration& x, const RouteConfiguration& y) {
    return x.active_time_intervals == y.active_time_intervals && x.mute_time_intervals == y.mute_time_intervals;
  };
  return a.inhibit_rules == b.inhibit_rules && a.time_intervals == b.time_intervals &&
         std::equal(a.routes.begin(), a.routes.end(), b.routes.begin(), b.routes.end(), is_alike);
}

// What was there when the routes changed.
struct Before {
  Routing routing;
  Table<std::string, GroupedAlert> alerts;
  Table<std::string, Group> groups;
};

// An alert that was taken out of its groups, and what each channel was told of it.
struct Ungrouped {
  GroupedAlert alert;
  std::map<std::string, Told> told;  // by channel_of()
};

// What is on its way from a group that is gone may arrive or not: nobody hears of its outcome.
Told known_in_the_end(const GroupedAlert& alert) noexcept {
  const bool is_in_doubt = alert.telling != Told::nothing && alert.telling != alert.told;
  return is_in_doubt ? Told::perhaps_firing : alert.told;
}

// Every alert once.
std::map<std::string, Ungrouped> taken_apart(const Before& before) {
  std::map<std::string, Ungrouped> alerts;
  before.groups.each([&](const std::string& id, const Group& group) {
    each_alert(before.alerts, id, [&](std::string alert, const GroupedAlert& grouped) {
      Ungrouped& one = alerts[std::move(alert)];
      one.alert = grouped;
      Told& told = one.told[channel_of(before.routing, group.receiver, group.integration)];
      told = std::max(told, known_in_the_end(grouped));
    });
    return true;
  });
  return alerts;
}

// What an integration that stays was told stays told. An end that nobody there waits for is forgotten. A group that stays keeps
// its pace too, and hears of the outcome of its message that is on its way.
void regroup(State& state, const std::string& alert, const Ungrouped& ungrouped, const Before& before,
             const Applying& applying) {
  const Routing& routing = routing_of(state);
  for (const Membership& membership : memberships_of(state, ungrouped.alert.labels)) {
    const std::string key = alert_key(membership.id, alert);
    const bool is_remembered = 
        is_known_before(before.routing, routing, membership.receiver, membership.integration);
    const Group* kept = is_remembered ? before.groups.find(membership.id) : nullptr;
    if (const GroupedAlert* same = kept != nullptr ? before.alerts.find(key) : nullptr) {
      join(state, membership, *kept);
      state.alerts.insert(key, *same);
      continue;
    }
    GroupedAlert grouped = ungrouped.alert;
    grouped.muted.reset();
    grouped.telling = Told::nothing;
    const auto told = ungrouped.told.find(channel_of(routing, membership.receiver, membership.integration));
    grouped.told = is_remembered && told != ungrouped.told.end() ? told->second : Told::nothing;
    if (grouped.ends_at && !is_end_owed(grouped)) continue;
    join(state, membership, kept != nullptr ? *kept : Group{});
    state.alerts.insert(key, grouped);
    Group& group = state.groups.edit(membership.id);
    if (grouped.told == Told::firing && !group.told_at) group.told_at = applying.at;
    if (grouped.ends_at || grouped.told != Told::firing) note_news(routing, group, grouped.starts_at, applying.at);
  }
}

// A new group that was told of some of its alerts counts as flushed then. Only when all are in it: news beside them is told
// without waiting for an interval, whichever of them came first.
void begin_paces(State& state) {
  std::vector<std::string> ids;
  state.groups.each([&](const std::string& id, const Group& group) {
    if (group.told_at && !group.flushed_at) ids.push_back(id);
    return true;
  });
  for (const std::string& id : ids) {
    Group& group = state.groups.edit(id);
    group.flushed_at = group.told_at;
  }
}

void regroup_all(State& state, const Routing& routing, const Applying& applying) {
  const Before before{routing, std::exchange(state.alerts, {}), std::exchange(state.groups, {})};
  state.waiting.clear();
  for (const auto& [alert, one] : taken_apart(before)) regroup(state, alert, one, before, applying);
  begin_paces(state);
  before.groups.each([&](const std::string& id, const Group& group) {
    const Group* kept = state.groups.find(id);
    if (!group.delivery.empty() && (kept == nullptr || kept->delivery != group.delivery)) drop(state, group.delivery, applying);
    index(state, id, applying.schedule);
    return true;
  });
}

}  // namespace

void take_configuration(State& state, const Configuration& configuration, const Applying& applying) {
  const Routing routing = routing_from(configuration);
  const Routing before = routing_of(state);
  if (before == routing) return;
  set_routing(state, routing);
  if (!groups_alike(before, routing)) regroup_all(state, before, applying);
  if (!mutes_alike(before, routing)) {
    rebuild_mutes(state);
    wake_all(state, applying);
  }
  rebuild_groups(state, applying.schedule);
}

}  // namespace watchbill::core::route
