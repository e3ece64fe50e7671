#include "api/workload_view.h"

#include <algorithm>
#include <array>

#include "core/workload/orders.h"
#include "core/workload/relations.h"

namespace watchbill::api {
namespace {

using core::workload::Status;
using core::workload::Workload;

// Seconds with three decimals, as a JSON number.
std::string seconds(Duration duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.ms, 0);
  std::string decimals = std::to_string(ms % 1000);
  decimals.insert(0, 3 - decimals.size(), '0');
  return std::to_string(ms / 1000) + "." + decimals;
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_policy(JsonWriter& json, const RestartConfiguration& restart) {
  json.key("restart_policy").begin_object().key("policy").string(word(restart.policy));
  if (!restart.is_unlimited) json.key("limit").integer(restart.limit).key("window_s").raw(seconds(restart.window));
  json.end_object();
}

void write_health(JsonWriter& json, const Workload& workload) {
  const WorkloadConfiguration& configuration = workload.configuration;
  json.key("health").begin_object();
  if (configuration.started) json.key("startup").string(word(workload.health_started));
  if (configuration.live) json.key("liveness").string(word(workload.health_live));
  if (configuration.ready) json.key("readiness").string(word(workload.health_ready));
  json.end_object();
}

void write_last_exit(JsonWriter& json, const Workload& workload) {
  if (!workload.last_exit) return;
  const core::workload::LastExit& exit = *workload.last_exit;
  json.key("last_exit").begin_object().key("incarnation").integer(static_cast<std::int64_t>(exit.incarnation));
  if (exit.how == ExitHow::code) json.key("code").integer(exit.value);
  if (exit.how == ExitHow::signal) json.key("signal").integer(exit.value);
  if (exit.how == ExitHow::not_executed) json.key("errno").integer(exit.value);
  json.key("how").string(word(exit.how)).key("reason").string(word(exit.reason)).key("at").string(format_rfc3339(exit.at));
  json.end_object();
}

void write_figures(JsonWriter& json, const LiveFigures& figures) {
  json.key("resources").begin_object().key("processes").integer(figures.process_count);
  json.key("cpu_seconds").raw(seconds({static_cast<std::int64_t>(figures.cpu_seconds * 1000)}));
  json.key("memory_bytes").integer(static_cast<std::int64_t>(figures.memory_bytes));
  json.key("open_fds").integer(static_cast<std::int64_t>(figures.open_fds));
  json.key("age_seconds").raw(seconds(figures.age)).end_object();
}

void write_live(JsonWriter& json, const SeenWorkload& seen) {
  const LiveWorkload live = seen.services.workloads.live(seen.name);
  if (seen.workload.pid == 0) return;
  if (live.last_beat_age) json.key("last_beat_age_s").raw(seconds(*live.last_beat_age));
  if (live.figures) write_figures(json, *live.figures);
}

std::vector<std::string> warnings_of(const Workload& workload, const KeeperView& keeper) {
  std::vector<std::string> warnings = core::workload::warnings_of(workload);
  if (keeper.is_needed && !keeper.is_connected) warnings.push_back("keeper_unreachable");
  return warnings;
}

// What it is for people, beside its state: the identity that the bill gives it.
void write_declaration(JsonWriter& json, const SeenWorkload& seen) {
  const WorkloadConfiguration& configuration = seen.workload.configuration;
  json.key("name").string(seen.name);
  if (!configuration.kind.empty()) json.key("kind").string(configuration.kind);
  if (!configuration.group.empty()) json.key("group").string(configuration.group);
  if (!configuration.unit.empty()) json.key("unit").string(configuration.unit);
  write_texts(json, "components", configuration.components);
}

void write_tasks(JsonWriter& json, const Workload& workload) {
  json.key("tasks").begin_array();
  if (workload.pid != 0) json.begin_object().key("pid").integer(workload.pid).key("role").string("leader").end_object();
  json.end_array();
}

}  // namespace

Status status_of(const SeenWorkload& seen, const KeeperView& keeper) {
  const Status known = core::workload::status_of(seen.workload);
  const bool is_blind = keeper.is_needed && !keeper.is_connected && core::workload::is_active(seen.workload);
  return is_blind ? std::max(known, Status::unknown) : known;
}

void write_workload(JsonWriter& json, const SeenWorkload& seen) {
  const Workload& workload = seen.workload;
  const Instant now = seen.services.clock.now().wall;
  const KeeperView keeper = seen.services.workloads.keeper();
  json.begin_object();
  write_declaration(json, seen);
  json.key("state").string(word(workload.state)).key("status").string(word(status_of(seen, keeper)));
  if (workload.reason != WorkloadReason::none) json.key("reason").string(word(workload.reason));
  if (!workload.detail.empty()) json.key("detail").string(workload.detail);
  json.key("since").string(format_rfc3339(workload.since));
  json.key("ready").boolean(core::workload::is_ready(workload));
  json.key("incarnation").integer(static_cast<std::int64_t>(workload.incarnation));
  if (workload.pid != 0) json.key("age_seconds").raw(seconds(now - workload.started_at));
  json.key("restarts_in_window").integer(static_cast<std::int64_t>(core::workload::restarts_in_window(workload, now)));
  write_policy(json, workload.configuration.restart);
  if (workload.configuration.hang) json.key("hang_timeout_s").raw(seconds(workload.configuration.hang->timeout));
  else json.key("hang_detection").string("off");
  write_live(json, seen);
  write_health(json, workload);
  write_last_exit(json, workload);
  write_tasks(json, workload);
  write_texts(json, "warnings", warnings_of(workload, keeper));
  json.end_object();
}

void write_snapshot(std::string& out, const core::workload::State& state, const Services& services) {
  JsonWriter json(out);
  std::int64_t active = 0;
  json.begin_object().key("namespace").string(core::workload::supervisor_of(state).configuration.name_space);
  json.key("generated_at").string(format_rfc3339(services.clock.now().wall)).key("workloads").begin_array();
  state.workloads.each([&](const std::string& name, const Workload& workload) {
    if (workload.configuration.is_disabled && core::workload::is_at_rest(workload)) return true;
    active += core::workload::is_active(workload) ? 1 : 0;
    write_workload(json, {name, workload, state, services});
    return true;
  });
  json.end_array().key("active").integer(active).key("skipped").begin_array();
  state.workloads.each([&](const std::string& name, const Workload& workload) {
    const WorkloadConfiguration& configuration = workload.configuration;
    if (!configuration.is_disabled) return true;
    json.begin_object().key("name").string(name).key("kind").string(configuration.kind);
    json.key("reason").string(configuration.skip_reason).end_object();
    return true;
  });
  json.end_array();
  const KeeperView keeper = services.workloads.keeper();
  if (!keeper.problem.empty()) json.key("keeper_problem").string(keeper.problem);
  json.end_object();
}

void write_workload_counts(JsonWriter& json, const core::workload::State& state, const Services& services,
                           std::vector<std::string> warnings) {
  std::array<std::int64_t, Words<Status>::table.size()> counts{};
  const KeeperView keeper = services.workloads.keeper();
  state.workloads.each([&](const std::string& name, const Workload& workload) {
    if (!workload.configuration.is_disabled)
      ++counts[static_cast<std::size_t>(status_of(SeenWorkload{name, workload, state, services}, keeper))];
    return true;
  });
  json.key("workloads").begin_object();
  for (std::size_t i = 0; i < counts.size(); ++i) json.key(Words<Status>::table[i]).integer(counts[i]);
  json.end_object();
  if (keeper.is_needed && !keeper.is_connected) warnings.push_back("keeper_unreachable: " + keeper.problem);
  if (keeper.is_connected && keeper.shares_cgroup) warnings.push_back("keeper_shares_cgroup");
  if (keeper.unlogged_count != 0) warnings.push_back("unlogged: the keeper's disk is full");
  write_texts(json, "warnings", warnings);
}

}  // namespace watchbill::api
