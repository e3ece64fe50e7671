#include "core/route/group_table.h"

#include <algorithm>

#include "core/route/group.h"
#include "core/route/hours.h"
#include "core/route/muting.h"

namespace watchbill::core::route {
namespace {

// The first whole interval after the last flush that lies behind `at`: the tick of Alertmanager's timer.
Instant tick_after(const Group& group, Duration interval, Instant at) {
  const std::int64_t passed = std::max<std::int64_t>((at - *group.flushed_at).ms, 0);
  return *group.flushed_at + interval * (passed / interval.ms + 1);
}

Instant flush_due(const Routing& routing, const Group& group) {
  if (!group.delivery.empty()) return Instant::never();
  if (group.flush_at) return *group.flush_at;
  if (!group.told_at || group.all_muted) return Instant::never();
  const RouteConfiguration& route = route_of(routing, group);
  return tick_after(group, route.group_interval, *group.told_at + route.repeat_interval);
}

void stop_waiting(State& state, const std::string& id, const Group& group) {
  for (const std::string& cause : group.muted_by) {
    const auto found = state.waiting.find(cause);
    if (found == state.waiting.end()) continue;
    found->second.erase(id);
    if (found->second.empty()) state.waiting.erase(found);
  }
}

void set_waiting(State& state, const std::string& id, std::vector<std::string> causes) {
  if (state.groups.find(id)->muted_by == causes) return;
  Group& group = state.groups.edit(id);
  stop_waiting(state, id, group);
  group.muted_by = std::move(causes);
  for (const std::string& cause : group.muted_by) state.waiting[cause].insert(id);
}

void wake_group(State& state, const std::string& id, const Applying& applying) {
  set_waiting(state, id, {});
  Group& group = state.groups.edit(id);
  if (group.all_muted) group.flush_at.reset();  // the end of a quiet time, and its intervals may be others now
  group.all_muted = false;
  for (const std::string& alert : alerts_of(state, id)) {
    const std::string key = alert_key(id, alert);
    const GroupedAlert& known = *state.alerts.find(key);
    // Of all: what joined since the last look was planned for, and that plan may just have been dropped.
    if (is_news(known)) note_news(routing_of(state), group, known.starts_at, applying.at);
    // A message that is on its way without it must not make it news that nobody looks at.
    if (known.muted) state.alerts.edit(key).muted.reset();
  }
  index(state, id, applying.schedule);
}

}  // namespace

std::vector<std::string> alerts_of(const State& state, const std::string& group) {
  std::vector<std::string> ids;
  each_alert(state.alerts, group, [&](std::string id, const GroupedAlert&) { ids.push_back(std::move(id)); });
  return ids;
}

bool is_end_owed(const GroupedAlert& alert) noexcept {
  return alert.ends_at && (alert.told == Told::firing || alert.told == Told::perhaps_firing);
}

bool is_news(const GroupedAlert& alert) noexcept { return alert.ends_at ? is_end_owed(alert) : alert.told != Told::firing; }

void index(const State& state, const std::string& id, Schedule& schedule) {
  const Group* group = state.groups.find(id);
  schedule.deadlines.set(Subject{Area::route, std::string(group_subject) + id},
                         group == nullptr ? Instant::never() : flush_due(routing_of(state), *group));
}

void note_news(const Routing& routing, Group& group, Instant starts_at, Instant at) {
  const RouteConfiguration& route = route_of(routing, group);
  const bool is_late = starts_at + route.group_wait < at;
  const Instant due = group.flushed_at ? tick_after(group, route.group_interval, at) : is_late ? at : at + route.group_wait;
  // A group that is muted as a whole may have a later flush, at the end of its quiet time.
  if (!group.flush_at || ((!group.flushed_at || group.all_muted) && due < *group.flush_at)) group.flush_at = due;
}

void join(State& state, const Membership& membership, Group group) {
  if (state.groups.contains(membership.id)) return;
  group.labels = membership.labels;
  group.receiver = membership.receiver;
  group.route = membership.route;
  group.integration = membership.integration;
  for (const std::string& cause : group.muted_by) state.waiting[cause].insert(membership.id);
  state.groups.insert(membership.id, std::move(group));
}

void drop_if_empty(State& state, const std::string& id) {
  const Group* group = state.groups.find(id);
  if (group == nullptr || !group->delivery.empty() || !alerts_of(state, id).empty()) return;
  stop_waiting(state, id, *group);
  state.groups.erase(id);
}

void look(State& state, const std::string& id, Instant at) {
  std::set<std::string> causes;
  bool all_muted = true;
  const Routing& routing = routing_of(state);
  const RouteConfiguration& route = route_of(routing, *state.groups.find(id));
  const std::optional<QuietTime> quiet = quiet_at(routing, route, at);
  for (const std::string& alert : alerts_of(state, id)) {
    const std::string key = alert_key(id, alert);
    const GroupedAlert& known = *state.alerts.find(key);
    std::optional<Mute> mute = quiet ? mute_of(*quiet) : muted_by(state, known.labels, at);
    all_muted = all_muted && mute.has_value();
    std::optional<Muting> muting;
    if (mute) {
      causes.insert(std::move(mute->cause));
      muting = std::move(mute->muting);
    }
    if (known.muted != muting) state.alerts.edit(key).muted = std::move(muting);
  }
  Group& group = state.groups.edit(id);
  group.all_muted = all_muted && !causes.empty();
  if (quiet && !causes.empty())
    group.flush_at = tick_after(group, route.group_interval, quiet->until);
  set_waiting(state, id, {causes.begin(), causes.end()});
}

void wake(State& state, const std::string& cause, const Applying& applying) {
  const auto found = state.waiting.find(cause);
  if (found == state.waiting.end()) return;
  const std::set<std::string> groups = found->second;
  for (const std::string& id : groups) wake_group(state, id, applying);
}

void wake_all(State& state, const Applying& applying) {
  std::set<std::string> groups;
  for (const auto& [cause, waiting] : state.waiting) groups.insert(waiting.begin(), waiting.end());
  for (const std::string& id : groups) wake_group(state, id, applying);
}

}  // namespace watchbill::core::route
