// What a flush of a group tells, and what it does not.
#include "core/route/group.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "core/route/delivery.h"
#include "core/route/group_table.h"
#include "core/route/hours.h"
#include "core/route/muting.h"
#include "core/route/payload.h"

namespace watchbill::core::route {
namespace {

constexpr std::size_t untold_alerts_named_max = 100;  // of one NotificationNotSent: enough to recognise what it was about
constexpr std::size_t told_alerts_named_max = 1000;   // of one NotificationIntended: each of them may be asked about
constexpr std::size_t mutings_named_max = 20;         // of one NotificationNotSent

// What a flush finds.
struct Found {
  std::vector<Telling> firing;
  std::vector<Telling> ended;       // their end is still to be told
  std::vector<std::string> untold;  // came and went between two flushes
  std::vector<std::string> muted;   // of all kinds
  std::vector<std::string> muted_anew;  // those of them that the journal does not say so of yet, and that had something to tell
  std::set<Muting> mutings;
  std::set<Muting> mutings_anew;
  bool has_new{false};              // one fires that was not told

  void take(const std::string& alert, const GroupedAlert& grouped) {
    if (!grouped.ends_at) {
      firing.emplace_back(alert, &grouped);
      has_new = has_new || grouped.told != Told::firing;
    } else if (is_end_owed(grouped)) {
      ended.emplace_back(alert, &grouped);
    } else {
      untold.push_back(alert);
    }
  }
  void take_muted(const std::string& alert, const GroupedAlert& grouped, const Muting& muting) {
    muted.push_back(alert);
    mutings.insert(muting);
    const bool is_untold_end = grouped.ends_at && !is_end_owed(grouped);
    if ((!is_news(grouped) && !is_untold_end) || (grouped.muted == muting && !is_untold_end)) return;
    muted_anew.push_back(alert);
    mutings_anew.insert(muting);
  }
};

Found find_in(const State& state, const std::string& id, const std::optional<QuietTime>& quiet, Instant at) {
  Found found;
  each_alert(state.alerts, id, [&](const std::string& alert, const GroupedAlert& grouped) {
    const std::optional<Mute> mute = quiet ? mute_of(*quiet) : muted_by(state, grouped.labels, at);
    if (mute) found.take_muted(alert, grouped, mute->muting);
    else found.take(alert, grouped);
  });
  return found;
}

std::vector<AlertId> first_of(const std::vector<std::string>& alerts, std::size_t count_max) {
  std::vector<AlertId> ids;
  for (std::size_t i = 0; i < std::min(alerts.size(), count_max); ++i) ids.push_back(AlertId{alerts[i]});
  return ids;
}

std::vector<std::string> ids_of(const std::vector<Telling>& tellings) {
  std::vector<std::string> ids;
  for (const Telling& telling : tellings) ids.push_back(telling.first);
  return ids;
}

// A group, to be looked at.
struct Flush {
  const State& state;
  const std::string& id;
  const Group& group;
  const Context& context;

  [[nodiscard]] NotificationNotSent not_sent(NotSentReason reason, const std::vector<std::string>& alerts) const {
    NotificationNotSent event;
    event.alerts = first_of(alerts, untold_alerts_named_max);
    event.group = id;
    event.reason = reason;
    const Routing& routing = routing_of(state);
    const bool has_channel = integration_of(routing, group) != nullptr;
    event.receiver = has_channel ? channel_of(routing, group.receiver, group.integration) : group.receiver;
    event.subject = "alerts " + group.labels.text();
    event.total = alerts.size();
    return event;
  }

  [[nodiscard]] NotificationNotSent muted(const std::vector<std::string>& alerts, const std::set<Muting>& by) const {
    NotificationNotSent event = not_sent(NotSentReason::muted, alerts);
    for (const Muting& muting : by)
      if (event.by.size() < mutings_named_max) event.by.push_back(muting);
    return event;
  }

  [[nodiscard]] NotificationNotSent no_route(Found found) const {
    std::vector<std::string> all = ids_of(found.firing);
    for (const Telling& each : found.ended) all.push_back(each.first);
    all.insert(all.end(), found.untold.begin(), found.untold.end());
    all.insert(all.end(), found.muted.begin(), found.muted.end());
    return not_sent(NotSentReason::no_route, all);
  }

  // Why nothing is told when there was nothing else to say.
  [[nodiscard]] NotificationNotSent nothing_to_tell(const Found& found) const {
    if (!found.ended.empty()) return not_sent(NotSentReason::resolved_omitted, ids_of(found.ended));
    if (found.firing.empty() && !found.muted.empty()) return muted(found.muted, found.mutings);
    return not_sent(NotSentReason::not_repeated, ids_of(found.firing));
  }

  [[nodiscard]] Decided message(std::vector<Telling> told, const IntegrationConfiguration& integration, Events events) const {
    std::vector<AlertId> named = first_of(ids_of(told), told_alerts_named_max);
    const PayloadTerms terms{routing_of(state).external_url, state.tree->key(group.route), integration.max_alerts,
                             context.limits.notification_bytes_max};
    std::string body = payload(group, std::move(told), terms);
    events.emplace_back(NotificationIntended{std::move(named), sha256(body), context.actor.name,
                                             DeliveryId{context.new_id("delivery")}, id, DeliveryKind::alert_group,
                                             channel_of(routing_of(state), group.receiver, group.integration),
                                             "alerts " + group.labels.text()});
    return Decided{std::move(events), {std::move(body)}};
  }
};

}  // namespace

Decision decide_flush(const State& state, const std::string& id, const Context& context) {
  const Group* group = state.groups.find(id);
  WB_ASSERT(group != nullptr, "the index names only groups that exist");
  const Flush flush{state, id, *group, context};
  const Routing& routing = routing_of(state);
  const RouteConfiguration& route = route_of(routing, *group);
  Found found = find_in(state, id, quiet_at(routing, route, context.at), context.at);
  const IntegrationConfiguration* integration = integration_of(routing, *group);
  if (integration == nullptr) return Events{flush.no_route(std::move(found))};
  Events events;
  if (!found.untold.empty()) events.emplace_back(flush.not_sent(NotSentReason::resolved_before_group_wait, found.untold));
  if (!found.muted_anew.empty()) events.emplace_back(flush.muted(found.muted_anew, found.mutings_anew));
  const bool tells_ends = integration->resolved == ResolvedNotice::sent;
  const bool is_repeat =
      !found.firing.empty() && group->told_at && *group->told_at + route.repeat_interval < context.at;
  if (!found.has_new && !is_repeat && (found.ended.empty() || !tells_ends)) {
    if (!found.ended.empty() || events.empty()) events.emplace_back(flush.nothing_to_tell(found));
    return events;
  }
  if (is_outbox_full(state, context.limits)) return Events{flush.not_sent(NotSentReason::outbox_full, ids_of(found.firing))};
  std::vector<Telling> told = std::move(found.firing);
  if (tells_ends) told.insert(told.end(), found.ended.begin(), found.ended.end());
  return flush.message(std::move(told), *integration, std::move(events));
}

}  // namespace watchbill::core::route
