// Alertmanager's /api/v2/alerts and /api/v2/alerts/groups. Alerts of our own rules stand beside those that others post. What is
// answered 200 is durable; of a post with invalid alerts the others are taken, as there.
#include <algorithm>
#include <map>

#include "api/alertmanager.h"
#include "api/outside_alerts.h"
#include "api/prometheus.h"
#include "api/routes.h"

namespace watchbill::api {
namespace {

constexpr std::size_t crowded_named_max = 10;
// A larger body is read elsewhere, so that the loop goes on. A Prometheus sends 64 alerts at once, some 50 KiB.
constexpr std::size_t bytes_read_on_loop_max = std::size_t{256} << 10;

std::string joined_texts(const std::vector<std::string>& texts, std::size_t count_max, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < std::min(texts.size(), count_max); ++i) out.append(i == 0 ? "" : between).append(texts[i]);
  if (texts.size() > count_max) out.append(between).append("and " + std::to_string(texts.size() - count_max) + " more");
  return out;
}

// --- POST alerts ---

void answer_outcome(Call& call, const OutsideAlerts::Outcome& outcome) {
  constexpr std::size_t faults_named_max = 100;
  constexpr std::uint32_t unavailable = 503;
  const std::string faults = joined_texts(outcome.faults, faults_named_max, "; ");
  const std::string also = faults.empty() ? "" : "; " + faults;
  if (outcome.refused) {
    const int status = http_status(outcome.refused->reason);
    return answer_alertmanager(call, static_cast<std::uint32_t>(status),
                               std::string(word(outcome.refused->reason)) + ": " + outcome.refused->message + also);
  }
  if (!outcome.crowded.empty())
    return answer_alertmanager(call, unavailable,
                               "too_many_alerts: there is no room for " +
                                   joined_texts(outcome.crowded, crowded_named_max, ", ") + also);
  if (!faults.empty()) return answer_alertmanager(call, 400, faults);
  call.answer(ports::HttpResponse{200, {}, {}});
}

void take_alerts(const CallPointer& call, std::vector<outside::PostedAlert> alerts) {
  OutsideAlerts::Post post{std::move(alerts), call->request.body.size(), call->actor,
                           [call](const OutsideAlerts::Outcome& outcome) { answer_outcome(*call, outcome); }};
  if (!call->services.outside->post(std::move(post)))
    answer_alertmanager(*call, 503, "busy: too many posts of alerts are waiting");
}

void post_alerts(const CallPointer& call) {
  if (refuse_other_media(*call)) return;
  if (call->request.body.size() <= bytes_read_on_loop_max) {
    auto alerts = outside::read_alerts(call->request.body);
    return alerts ? take_alerts(call, std::move(*alerts)) : answer_fault(*call, alerts.error());
  }
  answer_beside(call, [](const CallPointer& beside) {
    auto alerts = outside::read_alerts(beside->request.body);
    if (!alerts) return answer_fault(*beside, alerts.error());
    beside->services.loop.post([beside, alerts = std::move(*alerts)]() mutable { take_alerts(beside, std::move(alerts)); });
  });
}

// --- GET alerts, alerts/groups ---

std::vector<std::string> receivers_of(const ShownAlert& alert) {
  std::vector<std::string> names;
  for (const ShownGroup& group : alert.groups) names.push_back(group.receiver);
  return names;
}

void list_firing(const CallPointer& call) {
  auto ask = alert_ask(*call);
  if (!ask) return answer_alertmanager(*call, 400, ask.error());
  answer_beside(call, [ask = std::move(*ask)](const CallPointer& beside) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const ShownAlert& alert : shown_alerts(beside->services, ask, false)) write_alert(json, alert, receivers_of(alert));
    json.end_array();
    answer_json(*beside, std::move(out));
  });
}

// As prometheus/common model.LabelSet.Before: the smaller set first.
bool is_smaller(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto& [name, value] = a.pairs()[i];
    const auto& [other_name, other_value] = b.pairs()[i];
    // The first name that one of them lacks decides: whoever lacks it comes first.
    if (name != other_name) return name > other_name;
    if (value != other_value) return value < other_value;
  }
  return false;
}

// As Alertmanager sorts the alerts of a group: by job, instance (those without one last), then all labels.
bool is_told_before(const ShownAlert& a, const ShownAlert& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const std::string_view of_a = a.labels.get(name), of_b = b.labels.get(name);
    if (of_a == of_b) continue;
    if (of_a.empty() || of_b.empty()) return !of_a.empty();
    return of_a < of_b;
  }
  return is_smaller(a.labels, b.labels);
}

struct GroupOfAlerts {
  const ShownGroup* group{nullptr};
  std::vector<const ShownAlert*> alerts;
};

// One for each route and set of labels.
std::vector<GroupOfAlerts> grouped(const std::vector<ShownAlert>& alerts) {
  std::map<std::pair<std::uint32_t, Labels>, GroupOfAlerts> by_route;
  for (const ShownAlert& alert : alerts)
    for (const ShownGroup& group : alert.groups) {
      GroupOfAlerts& of_route = by_route[{group.route, group.labels}];
      of_route.group = &group;
      of_route.alerts.push_back(&alert);
    }
  std::vector<GroupOfAlerts> out;
  for (auto& [key, group] : by_route) out.push_back(std::move(group));
  std::stable_sort(out.begin(), out.end(), [](const GroupOfAlerts& a, const GroupOfAlerts& b) {
    if (a.group->labels == b.group->labels) return a.group->receiver < b.group->receiver;
    return is_smaller(a.group->labels, b.group->labels);
  });
  for (GroupOfAlerts& group : out)
    std::sort(group.alerts.begin(), group.alerts.end(),
              [](const ShownAlert* a, const ShownAlert* b) { return is_told_before(*a, *b); });
  return out;
}

void list_groups_of_alerts(const CallPointer& call) {
  auto ask = alert_ask(*call);
  if (!ask) return answer_alertmanager(*call, 400, ask.error());
  answer_beside(call, [ask = std::move(*ask)](const CallPointer& beside) {
    const std::vector<ShownAlert> alerts = shown_alerts(beside->services, ask, true);
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const GroupOfAlerts& each : grouped(alerts)) {
      json.begin_object().key("alerts").begin_array();
      for (const ShownAlert* alert : each.alerts) {
        std::vector<std::string> receivers = receivers_of(*alert);
        std::sort(receivers.begin(), receivers.end());
        write_alert(json, *alert, receivers);
      }
      json.end_array().key("labels");
      write_labels(json, each.group->labels);
      json.key("receiver").begin_object().key("name").string(each.group->receiver).end_object().end_object();
    }
    json.end_array();
    answer_json(*beside, std::move(out));
  });
}

}  // namespace

Routes alertmanager_alert_routes() {
  const std::vector<Member> of_alerts{
      {"active", ValueKind::truth, "whether alerts that nothing mutes are listed [true]"},
      {"silenced", ValueKind::truth, "whether silenced ones are [true]"},
      {"inhibited", ValueKind::truth, "whether inhibited ones are [true]"},
      {"unprocessed", ValueKind::truth, "no alert is unprocessed: taken, and changes nothing"},
      {"filter", ValueKind::text, "a matcher such as severity=~\"page|ticket\"; may come many times, and all must match"},
      {"receiver", ValueKind::text, "a regular expression that must match the whole name of a receiver"}};
  std::vector<Member> of_groups = of_alerts;
  std::erase_if(of_groups, [](const Member& member) { return member.name == "unprocessed"; });
  Route post{"POST", "/api/v2/alerts", "alerts of a Prometheus or another program, as an Alertmanager takes them", "operator",
             {}, {}, {Refusal::too_many_alerts, Refusal::ingest_full, Refusal::journal_full, Refusal::closing}, post_alerts,
             Decides::route, Dialect::alertmanager};
  post.takes = "application/json";
  post.reads_forms = false;
  post.body_bytes_max = ports::http_ingest_body_bytes_max;
  post.is_open_to_readers = true;
  return {
      {"GET", "/api/v2/alerts", "the alerts that fire, as an Alertmanager lists them", "viewer", of_alerts, {}, {}, list_firing,
       Decides::route, Dialect::alertmanager},
      {"GET", "/api/v2/alerts/groups", "the alerts that fire, by the groups that they are told in", "viewer", of_groups, {}, {},
       list_groups_of_alerts, Decides::route, Dialect::alertmanager},
      post,
  };
}

}  // namespace watchbill::api
