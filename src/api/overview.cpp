// What is going on, in one answer: what `watchbill status` shows.
#include <cstdlib>

#include "api/attention.h"
#include "api/call.h"
#include "api/clock_warning.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "api/workload_view.h"

namespace watchbill::api {
namespace {

// A person reads no more; other paths have all.
constexpr std::size_t holds_shown_max = 20;
constexpr std::size_t alerts_shown_max = 20;
constexpr std::size_t targets_shown_max = 20;
constexpr std::size_t rules_shown_max = 20;

std::string_view word_of(engine::WriteMode mode) {
  switch (mode) {
    case engine::WriteMode::normal: return "normal";
    case engine::WriteMode::outcomes_and_people: return "outcomes_and_people";
    case engine::WriteMode::nothing: return "read_only";
  }
  return "";
}

void write_progress(JsonWriter& json, const core::Progress& progress) {
  json.key("lineage").string(progress.lineage.text).key("epoch").integer(static_cast<std::int64_t>(progress.epoch));
  json.key("records").integer(static_cast<std::int64_t>(progress.sequence));
  json.key("last_record_at").string(format_rfc3339(progress.time));
  if (!progress.configuration.is_zero()) json.key("configuration").string(progress.configuration.hex());
  if (!progress.rejected) return;
  const core::RejectedBill& rejected = *progress.rejected;
  json.key("rejected").begin_object().key("at").string(format_rfc3339(rejected.at)).key("by").string(rejected.by);
  json.key("errors").integer(static_cast<std::int64_t>(rejected.errors)).key("first").begin_object();
  json.key("code").string(rejected.first.code).key("file").string(rejected.first.file);
  json.key("line").integer(rejected.first.line).key("column").integer(rejected.first.column);
  json.key("path").string(rejected.first.path).end_object().end_object();
}

void write_holds(JsonWriter& json, const core::control::State& control) {
  json.key("holds").begin_object().key("count").integer(static_cast<std::int64_t>(control.holds.size()));
  json.key("items").begin_array();
  std::size_t shown = 0;
  control.holds.each([&](const std::string& scope, const core::control::Hold& hold) {
    json.begin_object().key("scope").string(scope).key("by").string(hold.by).key("reason").string(hold.reason);
    json.key("since").string(format_rfc3339(hold.since)).end_object();
    return ++shown < holds_shown_max;
  });
  json.end_array().end_object();
}

void write_deliveries(JsonWriter& json, const core::route::State& route) {
  constexpr std::size_t states = Words<core::route::DeliveryState>::table.size();
  std::array<std::int64_t, states> counts{};
  route.deliveries.each([&](const std::string&, const core::route::Delivery& delivery) {
    ++counts[static_cast<std::size_t>(delivery.state)];
    return true;
  });
  json.key("deliveries").begin_object();
  for (std::size_t i = 0; i < states; ++i) json.key(Words<core::route::DeliveryState>::table[i]).integer(counts[i]);
  json.end_object();
}

void write_lanes(JsonWriter& json, const engine::Inbox& inbox) {
  const auto depths = inbox.depths();
  const auto refused = inbox.refused_counts();
  json.key("lanes").begin_object();
  for (std::size_t i = 0; i < lane_count; ++i) {
    json.key(Words<Lane>::table[i]).begin_object().key("waiting").integer(static_cast<std::int64_t>(depths[i]));
    json.key("refused").integer(static_cast<std::int64_t>(refused[i])).end_object();
  }
  json.end_object();
}

void write_alerts(JsonWriter& json, const core::alert::State& alert) {
  std::int64_t pending = 0, firing = 0;
  std::string items;
  JsonWriter list(items);
  list.begin_array();
  alert.alerts.each([&](const std::string& id, const core::alert::Alert& each) {
    pending += each.phase == AlertPhase::pending ? 1 : 0;
    if (each.phase != AlertPhase::firing || static_cast<std::size_t>(firing++) >= alerts_shown_max) return true;
    list.begin_object().key("id").string(id).key("name").string(each.labels.get("alertname"));
    list.key("labels").string(each.labels.text()).key("since").string(format_rfc3339(each.fired_at.value_or(each.active_at)));
    list.end_object();
    return true;
  });
  list.end_array();
  json.key("alerts").begin_object().key("firing").integer(firing).key("pending").integer(pending);
  json.key("items").raw(items).end_object();
}

void write_rules(JsonWriter& json, const Watch& watch) {
  std::int64_t groups = 0, rules = 0, missed = 0;
  std::size_t failing = 0;
  std::string items;
  JsonWriter list(items);
  list.begin_array();
  const RuleGroups all = watch.groups();
  for (const RuleGroupView& group : all.views) {
    ++groups;
    rules += static_cast<std::int64_t>(group.compiled.rules.size());
    missed += static_cast<std::int64_t>(group.missed_count);
    for (std::size_t i = 0; i < group.health.size() && i < group.compiled.rules.size(); ++i) {
      if (group.health[i].last_error.empty() || failing++ >= rules_shown_max) continue;
      list.begin_object().key("group").string(group.compiled.key).key("rule").string(group.compiled.rules[i].name);
      list.key("error").string(group.health[i].last_error).end_object();
    }
  }
  list.end_array();
  json.key("rules").begin_object().key("groups").integer(groups).key("rules").integer(rules);
  json.key("missed").integer(missed).key("failing").integer(static_cast<std::int64_t>(failing)).key("items").raw(items);
  json.end_object();
}

void write_targets(JsonWriter& json, const Watch& watch) {
  std::int64_t up = 0, unknown = 0;
  std::size_t down = 0;
  std::string items;
  JsonWriter list(items);
  list.begin_array();
  for (const TargetView& target : watch.targets()) {
    const bool is_unknown = target.last_at == Instant{};
    unknown += is_unknown ? 1 : 0;
    up += target.is_up ? 1 : 0;
    if (target.is_up || is_unknown || down++ >= targets_shown_max) continue;
    list.begin_object().key("job").string(target.job).key("url").string(target.url);
    list.key("error").string(target.last_error).end_object();
  }
  list.end_array();
  json.key("targets").begin_object().key("up").integer(up).key("down").integer(static_cast<std::int64_t>(down));
  json.key("unknown").integer(unknown).key("items").raw(items).end_object();
}

void show_status(const CallPointer& call) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("at").string(format_rfc3339(call->services.watch.now())).key("build").string(call->services.build);
  const engine::WriteMode mode = call->services.write_mode();
  json.key("write_mode").string(word_of(mode));
  if (mode != engine::WriteMode::normal && call->services.read_only_reason)
    json.key("read_only_reason").string(call->services.read_only_reason());
  std::vector<std::string> warnings;
  const Duration ahead = call->services.watch.now() - call->services.clock.now().wall;
  if (std::abs(ahead.ms) > clock_off_max.ms) warnings.push_back(clock_warning(ahead));
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    write_progress(json, state.progress);
    write_holds(json, state.control);
    write_attention(json, state, call->services.limits);
    write_deliveries(json, state.route);
    write_alerts(json, state.alert);
    write_workload_counts(json, state.workload, call->services, std::move(warnings));
    return head.sequence;
  });
  write_lanes(json, call->services.inbox);
  json.key("watching").boolean(call->services.watch.is_ready());
  write_rules(json, call->services.watch);
  write_targets(json, call->services.watch);
  json.key("sequence").integer(static_cast<std::int64_t>(sequence)).end_object();
  call->answer(std::move(out), sequence);
}

void list_metrics(const CallPointer& call) { call->answer(metrics_catalogue_json()); }

}  // namespace

Routes overview_routes() {
  return {
      {"GET", "/api/watchbill/v1/status", "overview: what waits for a person, holds, runs, refusals, alerts, deliveries, journal",
       "viewer", {}, {}, {}, show_status},
      {"GET", "/api/watchbill/v1/metrics-catalogue", "every metric family that this build emits", "viewer", {}, {}, {},
       list_metrics},
  };
}

}  // namespace watchbill::api
