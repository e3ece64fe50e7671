#include "core/route/group.h"

#include <algorithm>
#include <utility>

#include "core/route/delivery.h"
#include "core/route/membership.h"
#include "core/route/payload.h"

namespace watchbill::core::route {

namespace {

constexpr std::size_t untold_alerts_named_max = 100;  // of one NotificationNotSent: enough to recognise what it was about
constexpr std::size_t told_alerts_named_max = 1000;   // of one NotificationIntended: each of them may be asked about

std::string alert_key(const std::string& group, const std::string& alert) { return group + ":" + alert; }

// The first whole interval after the last flush that lies behind `at`: the tick of Alertmanager's timer.
Instant tick_after(const Group& group, Duration interval, Instant at) {
  const std::int64_t passed = std::max<std::int64_t>((at - *group.flushed_at).ms, 0);
  return *group.flushed_at + interval * (passed / interval.ms + 1);
}

Instant flush_due(const Routing& routing, const Group& group) {
  if (!group.delivery.empty()) return Instant::never();
  if (group.flush_at) return *group.flush_at;
  if (!group.told_at) return Instant::never();
  const RouteConfiguration& route = route_of(routing, group);
  return tick_after(group, route.group_interval, *group.told_at + route.repeat_interval);
}

void index(const State& state, const std::string& id, Schedule& schedule) {
  const Group* group = state.groups.find(id);
  schedule.deadlines.set(Subject{Area::route, std::string(group_subject) + id},
                         group == nullptr ? Instant::never() : flush_due(routing_of(state), *group));
}

// A new group waits `group_wait`, but not for an alert that has fired for longer: after a reload nobody has waited for it.
void note_news(const Routing& routing, Group& group, Instant starts_at, Instant at) {
  const RouteConfiguration& route = route_of(routing, group);
  const bool is_late = starts_at + route.group_wait < at;
  const Instant due = group.flushed_at ? tick_after(group, route.group_interval, at) : is_late ? at : at + route.group_wait;
  if (!group.flush_at || (!group.flushed_at && due < *group.flush_at)) group.flush_at = due;
}

template <class Visit>
void each_alert(const Table<std::string, GroupedAlert>& alerts, const std::string& group, Visit&& visit) {
  const std::string prefix = group + ":";
  alerts.each_from(prefix, [&](const std::string& key, const GroupedAlert& alert) {
    if (!key.starts_with(prefix)) return false;
    visit(key.substr(prefix.size()), alert);
    return true;
  });
}

std::vector<std::string> alerts_of(const State& state, const std::string& group) {
  std::vector<std::string> ids;
  each_alert(state.alerts, group, [&](std::string id, const GroupedAlert&) { ids.push_back(std::move(id)); });
  return ids;
}

// A group without alerts is forgotten, unless a message is on its way: its outcome is still to come.
void drop_if_empty(State& state, const std::string& id) {
  const Group* group = state.groups.find(id);
  if (group != nullptr && group->delivery.empty() && alerts_of(state, id).empty()) state.groups.erase(id);
}

// Who knows, or perhaps knows, that it fires must hear that it is over.
bool is_end_owed(const GroupedAlert& alert) noexcept {
  return alert.ends_at && (alert.told == Told::firing || alert.told == Told::perhaps_firing);
}

// What a flush finds.
struct Found {
  std::vector<Telling> firing;
  std::vector<Telling> ended;        // their end is still to be told
  std::vector<std::string> untold;   // came and went between two flushes
  bool has_new{false};               // one fires that was not told
};

Found find_in(const State& state, const std::string& id) {
  Found found;
  each_alert(state.alerts, id, [&](const std::string& alert, const GroupedAlert& grouped) {
    if (!grouped.ends_at) {
      found.firing.emplace_back(alert, &grouped);
      found.has_new = found.has_new || grouped.told != Told::firing;
    } else if (is_end_owed(grouped)) {
      found.ended.emplace_back(alert, &grouped);
    } else {
      found.untold.push_back(alert);
    }
  });
  return found;
}

std::vector<AlertId> first_of(const std::vector<std::string>& alerts, std::size_t count_max) {
  std::vector<AlertId> ids;
  for (std::size_t i = 0; i < std::min(alerts.size(), count_max); ++i) ids.push_back(AlertId{alerts[i]});
  return ids;
}

NotificationNotSent not_sent(const std::string& id, const Group& group, NotSentReason reason,
                             const std::vector<std::string>& alerts) {
  NotificationNotSent event;
  event.alerts = first_of(alerts, untold_alerts_named_max);
  event.group = id;
  event.reason = reason;
  event.receiver = group.receiver;
  event.subject = "alerts " + group.labels.text();
  event.total = alerts.size();
  return event;
}

std::vector<std::string> ids_of(const std::vector<Telling>& tellings) {
  std::vector<std::string> ids;
  for (const Telling& telling : tellings) ids.push_back(telling.first);
  return ids;
}

// `group`: what it was before.
void join(State& state, const Membership& membership, Group group = {}) {
  if (state.groups.contains(membership.id)) return;
  group.labels = membership.labels;
  group.receiver = membership.receiver;
  group.route = membership.route;
  group.webhook = membership.webhook;
  state.groups.insert(membership.id, std::move(group));
}

}  // namespace

Decision decide_flush(const State& state, const std::string& id, const Context& context) {
  const Group* group = state.groups.find(id);
  WB_ASSERT(group != nullptr, "the index names only groups that exist");
  const Routing& routing = routing_of(state);
  Found found = find_in(state, id);
  Events events;
  const WebhookConfiguration* webhook = webhook_of(routing, *group);
  if (webhook == nullptr) {
    std::vector<std::string> all = ids_of(found.firing);
    for (const Telling& each : found.ended) all.push_back(each.first);
    all.insert(all.end(), found.untold.begin(), found.untold.end());
    events.emplace_back(not_sent(id, *group, NotSentReason::no_route, all));
    return events;
  }
  if (!found.untold.empty()) events.emplace_back(not_sent(id, *group, NotSentReason::resolved_before_group_wait, found.untold));
  const bool tells_ends = webhook->resolved == ResolvedNotice::sent;
  const bool is_repeat =
      !found.firing.empty() && group->told_at && *group->told_at + route_of(routing, *group).repeat_interval < context.at;
  if (!found.has_new && !is_repeat && (found.ended.empty() || !tells_ends)) {
    if (!found.ended.empty()) events.emplace_back(not_sent(id, *group, NotSentReason::resolved_omitted, ids_of(found.ended)));
    else if (events.empty()) events.emplace_back(not_sent(id, *group, NotSentReason::not_repeated, ids_of(found.firing)));
    return events;
  }
  if (is_outbox_full(state, context.limits))
    return Events{not_sent(id, *group, NotSentReason::outbox_full, ids_of(found.firing))};
  std::vector<Telling> told = std::move(found.firing);
  if (tells_ends) told.insert(told.end(), found.ended.begin(), found.ended.end());
  std::vector<AlertId> named = first_of(ids_of(told), told_alerts_named_max);
  std::string body = payload(*group, std::move(told), {routing.external_url, state.tree->key(group->route), webhook->max_alerts,
                                                       context.limits.notification_bytes_max});
  events.emplace_back(NotificationIntended{std::move(named), sha256(body), context.actor.name,
                                           DeliveryId{context.new_id("delivery")}, id, DeliveryKind::alert_group,
                                           webhook_name(group->receiver, group->webhook), "alerts " + group->labels.text()});
  return Decided{std::move(events), {std::move(body)}};
}

void take(State& state, const AlertFired& event, const Applying& applying) {
  for (const Membership& membership : memberships_of(state, event.labels)) {
    join(state, membership);
    GroupedAlert& alert = state.alerts.edit_or_insert(alert_key(membership.id, event.alert.text));
    alert.annotations = event.annotations;
    alert.ends_at.reset();
    alert.labels = event.labels;
    alert.starts_at = event.at;
    note_news(routing_of(state), state.groups.edit(membership.id), alert.starts_at, applying.at);
    index(state, membership.id, applying.schedule);
  }
}

void take(State& state, const AlertResolved& event, const Applying& applying) {
  for (const Membership& membership : memberships_of(state, event.labels)) {
    const std::string key = alert_key(membership.id, event.alert.text);
    if (!state.alerts.contains(key)) continue;
    GroupedAlert& alert = state.alerts.edit(key);
    alert.ends_at = event.at;
    note_news(routing_of(state), state.groups.edit(membership.id), alert.starts_at, applying.at);
    index(state, membership.id, applying.schedule);
  }
}

namespace {

Routing routing_from(const Configuration& configuration) {
  Routing routing;
  routing.external_url = configuration.external_url;
  if (routing.external_url.empty() && !configuration.listen.empty())
    routing.external_url = (configuration.tls ? "https://" : "http://") + configuration.listen.front();
  if (!configuration.routing) return routing;
  routing.routes = configuration.routing->routes;
  if (configuration.routing->route) routing.routes = {*configuration.routing->route};
  routing.receivers = configuration.routing->receivers;
  // Addresses may hold secrets, and only the driver needs them.
  for (auto& [name, receiver] : routing.receivers)
    for (WebhookConfiguration& webhook : receiver.webhooks) webhook.url = webhook.url_file = "";
  return routing;
}

// Whether every alert finds the groups where they are.
bool groups_alike(const Routing& a, const Routing& b) {
  const auto is_alike = [&](const RouteConfiguration& x, const RouteConfiguration& y) {
    return x.after == y.after && x.end == y.end && x.group_by == y.group_by && x.matchers == y.matchers &&
           x.receiver == y.receiver && has_same_webhooks(a, b, x.receiver);
  };
  return std::equal(a.routes.begin(), a.routes.end(), b.routes.begin(), b.routes.end(), is_alike);
}

// What was there when the routes changed.
struct Before {
  Routing routing;
  Table<std::string, GroupedAlert> alerts;
  Table<std::string, Group> groups;
};

// An alert that was taken out of its groups, and what each webhook was told of it.
struct Ungrouped {
  GroupedAlert alert;
  std::map<std::string, Told> told;  // by webhook_name()
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
      Told& told = one.told[webhook_name(group.receiver, group.webhook)];
      told = std::max(told, known_in_the_end(grouped));
    });
    return true;
  });
  return alerts;
}

// What a webhook that stays was told stays told. An end that nobody there waits for is forgotten. A group that stays keeps its
// pace too, and hears of the outcome of its message that is on its way.
void regroup(State& state, const std::string& alert, const Ungrouped& ungrouped, const Before& before,
             const Applying& applying) {
  const Routing& routing = routing_of(state);
  for (const Membership& membership : memberships_of(state, ungrouped.alert.labels)) {
    const std::string key = alert_key(membership.id, alert);
    const bool is_remembered = has_same_webhooks(before.routing, routing, membership.receiver);
    const Group* kept = is_remembered ? before.groups.find(membership.id) : nullptr;
    if (const GroupedAlert* same = kept != nullptr ? before.alerts.find(key) : nullptr) {
      join(state, membership, *kept);
      state.alerts.insert(key, *same);
      continue;
    }
    GroupedAlert grouped = ungrouped.alert;
    grouped.telling = Told::nothing;
    const auto told = ungrouped.told.find(webhook_name(membership.receiver, membership.webhook));
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
  for (const auto& [alert, one] : taken_apart(before)) regroup(state, alert, one, before, applying);
  begin_paces(state);
  before.groups.each([&](const std::string& id, const Group&) {
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
  rebuild_groups(state, applying.schedule);
}

void begin_delivery(State& state, const NotificationIntended& event, const Applying& applying) {
  if (!state.groups.contains(event.group)) return;
  Group& group = state.groups.edit(event.group);
  group.delivery = event.delivery.text;
  group.flush_at.reset();
  group.flushed_at = applying.at;
  const WebhookConfiguration* webhook = webhook_of(routing_of(state), group);
  const bool tells_ends = webhook != nullptr && webhook->resolved == ResolvedNotice::sent;
  for (const std::string& id : alerts_of(state, event.group)) {
    const std::string key = alert_key(event.group, id);
    GroupedAlert& alert = state.alerts.edit(key);
    alert.telling = alert.ends_at ? Told::resolved : Told::firing;
    if (alert.ends_at && (!is_end_owed(alert) || !tells_ends)) state.alerts.erase(key);
  }
  index(state, event.group, applying.schedule);
}

void end_delivery(State& state, const std::string& id, const DeliveryId& delivery, bool is_accepted, const Applying& applying) {
  const Group* known = state.groups.find(id);
  if (known == nullptr || known->delivery != delivery.text) return;
  Group& group = state.groups.edit(id);
  group.delivery.clear();
  group.failing = !is_accepted;
  if (is_accepted) group.told_at = applying.at;
  bool has_news = !is_accepted;
  for (const std::string& alert : alerts_of(state, id)) {
    const std::string key = alert_key(id, alert);
    GroupedAlert& grouped = state.alerts.edit(key);
    // What came from another group meanwhile is not part of the message.
    if (is_accepted && grouped.telling != Told::nothing) grouped.told = grouped.telling;
    else if (!is_accepted && grouped.telling == Told::firing && grouped.told != Told::firing) grouped.told = Told::perhaps_firing;
    grouped.telling = Told::nothing;
    const bool is_over = grouped.ends_at && grouped.told == Told::resolved;
    has_news = has_news || (!is_over && (grouped.ends_at ? Told::resolved : Told::firing) != grouped.told);
    if (is_over) state.alerts.erase(key);
  }
  if (has_news) note_news(routing_of(state), group, applying.at, applying.at);
  drop_if_empty(state, id);
  index(state, id, applying.schedule);
}

void apply(State& state, const NotificationNotSent& event, const Applying& applying) {
  if (!state.groups.contains(event.group)) return;
  Group& group = state.groups.edit(event.group);
  group.flush_at.reset();
  group.flushed_at = applying.at;
  if (event.reason == NotSentReason::outbox_full) {
    note_news(routing_of(state), group, applying.at, applying.at);
  } else {
    for (const std::string& id : alerts_of(state, event.group)) {
      const std::string key = alert_key(event.group, id);
      const GroupedAlert& alert = *state.alerts.find(key);
      const bool stays = !alert.ends_at || (is_end_owed(alert) && event.reason == NotSentReason::resolved_before_group_wait);
      if (!stays) state.alerts.erase(key);
    }
  }
  drop_if_empty(state, event.group);
  index(state, event.group, applying.schedule);
}

void rebuild_groups(const State& state, Schedule& schedule) {
  state.groups.each([&](const std::string& id, const Group&) {
    index(state, id, schedule);
    return true;
  });
}

}  // namespace watchbill::core::route
