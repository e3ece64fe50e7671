// The tables of groups and their alerts: who is in which, and when a group is looked at. For the files of this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/route/membership.h"
#include "core/route/state.h"
#include "model/decide.h"

namespace watchbill::core::route {

[[nodiscard]] inline std::string alert_key(const std::string& group, const std::string& alert) { return group + ":" + alert; }
// The alert of a key of State::alerts.
[[nodiscard]] inline std::string alert_of(const std::string& key) { return key.substr(key.find(':') + 1); }

// Calls visit(alert id, alert) for those of one group, in the order of their ids.
template <class Visit>
void each_alert(const Table<std::string, GroupedAlert>& alerts, const std::string& group, Visit&& visit) {
  const std::string prefix = group + ":";
  alerts.each_from(prefix, [&](const std::string& key, const GroupedAlert& alert) {
    if (!key.starts_with(prefix)) return false;
    visit(key.substr(prefix.size()), alert);
    return true;
  });
}
[[nodiscard]] std::vector<std::string> alerts_of(const State& state, const std::string& group);

// Who knows, or perhaps knows, that it fires must hear that it is over.
[[nodiscard]] bool is_end_owed(const GroupedAlert& alert) noexcept;
// There is something to tell: it fires and was not told, or its end is owed.
[[nodiscard]] bool is_news(const GroupedAlert& alert) noexcept;

// Puts the group where its next look says into the index: the one place that knows the rule.
void index(const State& state, const std::string& group, Schedule& schedule);
// There is news since `at`, of an alert that began at `starts_at`: plans the flush. A new group waits `group_wait`, but not for
// an alert that has fired for longer: after a reload nobody has waited for it.
void note_news(const Routing& routing, Group& group, Instant starts_at, Instant at);

// Makes the group when it is not there; `group` is what it was before.
void join(State& state, const Membership& membership, Group group = {});
// A group without alerts is forgotten, unless a message is on its way: its outcome is still to come.
void drop_if_empty(State& state, const std::string& group);

// Notes what mutes the alerts of a group that is being looked at, and who waits for its end.
void look(State& state, const std::string& group, Instant at);
// What muted some alerts has ended: groups that wait for it are looked at with their next interval where they have news.
void wake(State& state, const std::string& cause, const Applying& applying);
// The same for groups that wait for anything.
void wake_all(State& state, const Applying& applying);

}  // namespace watchbill::core::route
