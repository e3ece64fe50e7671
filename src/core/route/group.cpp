#include "core/route/group.h"

#include "core/route/group_table.h"
#include "core/route/membership.h"

namespace watchbill::core::route {

void take(State& state, const AlertFired& event, const Applying& applying) {
  state.inhibition.add(event.alert.text, event.labels);
  for (const Membership& membership : memberships_of(state, event.labels)) {
    join(state, membership);
    GroupedAlert& alert = state.alerts.edit_or_insert(alert_key(membership.id, event.alert.text));
    alert.annotations = event.annotations;
    alert.ends_at.reset();
    alert.generator_url = event.generator_url;
    alert.source = event.source;
    alert.labels = event.labels;
    alert.starts_at = event.at;
    note_news(routing_of(state), state.groups.edit(membership.id), alert.starts_at, applying.at);
    index(state, membership.id, applying.schedule);
  }
}

void take(State& state, const AlertResolved& event, const Applying& applying) {
  for (const std::string& cause : state.inhibition.remove(event.alert.text, event.labels)) wake(state, cause, applying);
  for (const Membership& membership : memberships_of(state, event.labels)) {
    const std::string key = alert_key(membership.id, event.alert.text);
    if (!state.alerts.contains(key)) continue;
    GroupedAlert& alert = state.alerts.edit(key);
    alert.ends_at = event.at;
    note_news(routing_of(state), state.groups.edit(membership.id), alert.starts_at, applying.at);
    index(state, membership.id, applying.schedule);
  }
}

void begin_delivery(State& state, const NotificationIntended& event, const Applying& applying) {
  if (!state.groups.contains(event.group)) return;
  Group& group = state.groups.edit(event.group);
  group.delivery = event.delivery.text;
  group.flush_at.reset();
  group.flushed_at = applying.at;
  const IntegrationConfiguration* integration = integration_of(routing_of(state), group);
  const bool tells_ends = integration != nullptr && integration->resolved == ResolvedNotice::sent;
  look(state, event.group, applying.at);
  for (const std::string& id : alerts_of(state, event.group)) {
    const std::string key = alert_key(event.group, id);
    GroupedAlert& alert = state.alerts.edit(key);
    alert.telling = alert.muted ? Told::nothing : alert.ends_at ? Told::resolved : Told::firing;
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
    // The newest message did not speak of it, so it is told anew when it is muted no more.
    else if (is_accepted && grouped.muted && grouped.told == Told::firing) grouped.told = Told::perhaps_firing;
    grouped.telling = Told::nothing;
    const bool is_over = grouped.ends_at && grouped.told == Told::resolved;
    has_news = has_news || (!is_over && !grouped.muted && (grouped.ends_at ? Told::resolved : Told::firing) != grouped.told);
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
    const bool ends_are_told = event.reason != NotSentReason::no_route && event.reason != NotSentReason::resolved_omitted;
    for (const std::string& id : alerts_of(state, event.group)) {
      const std::string key = alert_key(event.group, id);
      const GroupedAlert& alert = *state.alerts.find(key);
      if (alert.ends_at && !(ends_are_told && is_end_owed(alert))) state.alerts.erase(key);
    }
    if (event.reason != NotSentReason::no_route) look(state, event.group, applying.at);
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
