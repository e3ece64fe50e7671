// /api/v1/rules, alerts and targets, as Prometheus 2.42 answers them.
#include <algorithm>
#include <array>
#include <charconv>

#include "api/alert_arrays.h"
#include "api/prometheus.h"
#include "api/routes.h"
#include "api/running.h"
#include "config/paths.h"
#include "metrics/exposition/number.h"
#include "metrics/promql/print.h"

namespace watchbill::api {
namespace {

using core::alert::Alert;

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// --- alerts ---

// As Go's 'e' format: "1e+00".
std::string scientific(const std::string& value) {
  const auto number = metrics::exposition::parse_number(value);
  if (!number || !(*number - *number == 0)) return value;
  std::array<char, 32> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), *number, std::chars_format::scientific);
  return failure == std::errc{} ? std::string(digits.data(), end) : value;
}

void write_texts(JsonWriter& json, const std::map<std::string, std::string>& texts) {
  json.begin_object();
  for (const auto& [name, text] : texts) json.key(name).string(text);
  json.end_object();
}

void write_alert(JsonWriter& json, const Alert& alert) {
  json.begin_object().key("labels");
  write_labels(json, alert.labels);
  json.key("annotations");
  write_texts(json, alert.annotations);
  json.key("state").string(word(alert.phase)).key("activeAt");
  write_instant(json, alert.active_at);
  if (alert.kept_since) {
    json.key("keepFiringSince");
    write_instant(json, *alert.kept_since);
  }
  json.key("value").string(scientific(alert.value)).end_object();
}

// The controller may end while a long list is read.
void answer_arrays(Call& call, const AlertArrays& arrays, std::string body) {
  if (arrays.is_whole()) return call.answer(std::move(body), arrays.sequence());
  answer_error(call, {PrometheusErrorType::unavailable, "the controller ends"});
}

void write_alerts(const CallPointer& call) {
  AlertArrays arrays(call->services);
  std::string body = std::string(data_begin) + "{\"alerts\":";
  arrays.append(body, {}, [](JsonWriter& json, const std::string&, const Alert& alert) {
    if (alert.phase != AlertPhase::inactive) write_alert(json, alert);
    return true;
  });
  body.append("}}");
  answer_arrays(*call, arrays, std::move(body));
}

// A hundred thousand take a tenth of a second: not on the loop, where probes and other callers wait.
void list_alerts(const CallPointer& call) { answer_from_pool(call, write_alerts); }

// --- rules ---

struct RuleFilter {
  bool shows_alerting{true}, shows_recording{true}, shows_alerts{true};
  std::vector<std::string> names, groups, files;
  std::string files_seen_from;  // how files are named: see config::seen_from()
};

Result<RuleFilter, PrometheusError> rule_filter(const Call& call) {
  RuleFilter filter;
  const std::string* type = parameter(call, "type");
  if (type != nullptr && !type->empty()) {
    if (*type != "alert" && *type != "record") return invalid_parameter("type", "not supported value " + quoted(*type));
    filter.shows_alerting = *type == "alert";
    filter.shows_recording = *type == "record";
  }
  const std::string* without = parameter(call, "exclude_alerts");
  filter.shows_alerts = without == nullptr || (*without != "true" && *without != "1");
  filter.names = parameters(call, "rule_name[]");
  filter.groups = parameters(call, "rule_group[]");
  filter.files = parameters(call, "file[]");
  return filter;
}

struct RuleView {
  const RuleConfiguration& written;
  const metrics::rules::Rule& compiled;
  metrics::rules::RuleHealth health;
};

// The alerts of one rule as JSON, and how far they are. They come from one reading: the rule's state fits them.
struct AlertsOfRule {
  AlertPhase highest{AlertPhase::inactive};
  std::string json;
};

AlertsOfRule alerts_of(AlertArrays& arrays, const RuleId& rule, bool shows_alerts) {
  AlertsOfRule out;
  arrays.append(out.json, rule.text, [&](JsonWriter& json, const std::string& id, const Alert& alert) {
    if (!id.starts_with(rule.text)) return false;
    out.highest = std::max(out.highest, alert.phase);
    if (shows_alerts && alert.phase != AlertPhase::inactive) write_alert(json, alert);
    return true;
  });
  return out;
}

void write_rule(JsonWriter& json, const RuleView& rule, AlertArrays& arrays, bool shows_alerts) {
  AlertsOfRule alerts;
  if (rule.compiled.is_alert) alerts = alerts_of(arrays, rule.compiled.id, shows_alerts);
  json.begin_object();
  if (rule.compiled.is_alert) json.key("state").string(word(alerts.highest));
  json.key("name").string(rule.compiled.name).key("query").string(metrics::promql::print(rule.compiled.expression));
  if (rule.compiled.is_alert) {
    json.key("duration");
    write_seconds(json, rule.compiled.timing.hold);
    json.key("keepFiringFor");
    write_seconds(json, rule.compiled.timing.keep_firing_for);
  }
  if (rule.compiled.is_alert || !rule.written.labels.empty()) {
    json.key("labels");
    write_texts(json, rule.written.labels);
  }
  if (rule.compiled.is_alert) {
    json.key("annotations");
    write_texts(json, rule.written.annotations);
    if (shows_alerts) json.key("alerts").raw(alerts.json);
  }
  const bool is_new = rule.health.evaluated_at == Instant{};
  json.key("health").string(is_new ? "unknown" : rule.health.last_error.empty() ? "ok" : "err");
  if (!rule.health.last_error.empty()) json.key("lastError").string(rule.health.last_error);
  json.key("evaluationTime");
  write_microseconds(json, rule.health.took_us);
  json.key("lastEvaluation");
  write_instant(json, rule.health.evaluated_at);
  json.key("type").string(rule.compiled.is_alert ? "alerting" : "recording").end_object();
}

void write_group(JsonWriter& json, const RuleGroupView& group, AlertArrays& arrays, const RuleFilter& filter) {
  if (!filter.groups.empty() && !contains(filter.groups, group.written.name)) return;
  const std::string file = config::seen_from(filter.files_seen_from, group.written.file);
  if (!filter.files.empty() && !contains(filter.files, file)) return;
  json.begin_object().key("name").string(group.written.name).key("file").string(file).key("rules").begin_array();
  for (std::size_t i = 0; i < group.compiled.rules.size(); ++i) {
    const metrics::rules::Rule& rule = group.compiled.rules[i];
    if (rule.is_alert ? !filter.shows_alerting : !filter.shows_recording) continue;
    if (!filter.names.empty() && !contains(filter.names, rule.name)) continue;
    const auto health = i < group.health.size() ? group.health[i] : metrics::rules::RuleHealth{};
    write_rule(json, {group.written.rules[i], rule, health}, arrays, filter.shows_alerts);
  }
  json.end_array().key("interval");
  write_seconds(json, group.written.interval);
  json.key("limit").integer(static_cast<std::int64_t>(group.written.limit)).key("evaluationTime");
  write_microseconds(json, group.took_us);
  json.key("lastEvaluation");
  write_instant(json, group.evaluated_at);
  json.end_object();
}

void write_rules(const CallPointer& call, const RuleGroups& groups, const RuleFilter& filter) {
  AlertArrays arrays(call->services);
  std::string body(data_begin);
  JsonWriter json(body);
  json.begin_object().key("groups").begin_array();
  for (const RuleGroupView& group : groups.views) write_group(json, group, arrays, filter);
  json.end_array().end_object().end_object();
  answer_arrays(*call, arrays, std::move(body));
}

void list_rules(const CallPointer& call) {
  auto filter = rule_filter(*call);
  if (!filter) return answer_error(*call, filter.error());
  filter->files_seen_from = call->services.running().files_seen_from;
  // The groups are looked at here, on the loop, where they change.
  answer_from_pool(call, [groups = call->services.watch.groups(), filter = std::move(*filter)](const CallPointer& asked) {
    write_rules(asked, groups, filter);
  });
}

// --- targets ---

void write_target(JsonWriter& json, const TargetView& target) {
  const bool is_new = target.last_at == Instant{};
  json.begin_object().key("discoveredLabels");
  write_labels(json, target.discovered);
  json.key("labels");
  write_labels(json, target.labels);
  json.key("scrapePool").string(target.job).key("scrapeUrl").string(target.url).key("globalUrl").string(target.url);
  json.key("lastError").string(target.last_error).key("lastScrape");
  write_instant(json, target.last_at);
  json.key("lastScrapeDuration");
  write_seconds(json, target.took);
  json.key("health").string(is_new ? "unknown" : target.is_up ? "up" : "down");
  json.key("scrapeInterval").string(format_duration(target.interval));
  json.key("scrapeTimeout").string(format_duration(target.timeout)).end_object();
}

void list_targets(const CallPointer& call) {
  const std::string* state = parameter(*call, "state");
  const std::string* pool = parameter(*call, "scrapePool");
  const bool shows_all = state == nullptr || state->empty() || *state == "any";
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("activeTargets").begin_array();
  if (shows_all || *state == "active")
    for (const TargetView& target : call->services.watch.targets())
      if (pool == nullptr || pool->empty() || target.job == *pool) write_target(json, target);
  json.end_array().key("droppedTargets").begin_array();
  if (shows_all || *state == "dropped")
    for (const Labels& discovered : call->services.watch.dropped_targets()) {
      json.begin_object().key("discoveredLabels");
      write_labels(json, discovered);
      json.end_object();
    }
  json.end_array().end_object();
  answer_data(*call, data);
}

}  // namespace

Routes prometheus_rule_routes() {
  const std::vector<Member> rule_query{{"type", ValueKind::text, "alert or record"},
                                       {"rule_name[]", ValueKind::text, "only rules of this name"},
                                       {"rule_group[]", ValueKind::text, "only groups of this name"},
                                       {"file[]", ValueKind::text, "only groups of this file"},
                                       {"exclude_alerts", ValueKind::text, "true: without the rules' alerts"}};
  const std::vector<Member> target_query{{"state", ValueKind::text, "active, dropped or any"},
                                         {"scrapePool", ValueKind::text, "only targets of this job"}};
  const auto route = [](std::string_view pattern, std::string_view summary, std::vector<Member> query,
                        void (*handle)(const CallPointer&)) {
    return Route{"GET", pattern, summary, "viewer", std::move(query), {}, {}, handle, Decides::route, Dialect::prometheus};
  };
  return {
      route("/api/v1/rules", "rule groups with their rules and alerts", rule_query, list_rules),
      route("/api/v1/alerts", "pending and firing alerts", {}, list_alerts),
      route("/api/v1/targets", "what is scraped, and how it went", target_query, list_targets),
  };
}

}  // namespace watchbill::api
