#include "api/metrics.h"

#include <algorithm>
#include <array>

#include "api/counters.h"
#include "base/assert.h"
#include "base/json.h"
#include "core/workload/relations.h"
#include "metrics/exposition/page.h"

namespace watchbill::api {
namespace {

using metrics::exposition::Family;
using metrics::exposition::HistogramValue;

constexpr std::array<DeclaredMetric, 25> declared{{
    {"process_cpu_seconds_total", "counter", "", "user and system time of the controller's process"},
    {"process_max_fds", "gauge", "", "descriptors that the process may open"},
    {"process_open_fds", "gauge", "", "descriptors that the process has open"},
    {"process_resident_memory_bytes", "gauge", "", "memory of the process that is in RAM"},
    {"process_start_time_seconds", "gauge", "", "when the process began, in seconds since 1970"},
    {"process_virtual_memory_bytes", "gauge", "", "address space of the process"},
    {"watchbill_build_info", "gauge", "version, commit", "always 1"},
    {"watchbill_deliveries_total", "counter", "channel, outcome", "outcomes of deliveries"},
    {"watchbill_effects_open", "gauge", "kind, state", "intents without outcome"},
    {"watchbill_events_total", "counter", "area", "journal events since the start"},
    {"watchbill_holds", "gauge", "", "holds in force"},
    {"watchbill_inbox_depth", "gauge", "lane", "commands that wait"},
    {"watchbill_inbox_refused_total", "counter", "lane", "commands that were turned away because their lane was full"},
    {"watchbill_journal_append_duration_seconds", "histogram", "", "one durable batch"},
    {"watchbill_journal_head_sequence", "gauge", "", "the newest record that readers see"},
    {"watchbill_refusals_total", "counter", "area, reason", "every refusal by its name"},
    {"watchbill_rule_evaluation_failures_total", "counter", "rule_group", "failed evaluations; they change no alert"},
    {"watchbill_rule_group_iterations_missed_total", "counter", "rule_group", "slots left out"},
    {"watchbill_workload_cpu_seconds_total", "counter", "workload", "user and system time of the processes of a workload"},
    {"watchbill_workload_incarnation", "gauge", "workload", "starts of a workload, the present one included"},
    {"watchbill_workload_memory_bytes", "gauge", "workload", "memory of the processes of a workload that is in RAM"},
    {"watchbill_workload_open_fds", "gauge", "workload", "descriptors that the processes of a workload have open"},
    {"watchbill_workload_ready", "gauge", "workload", "1 while a workload runs, is ready and not hung"},
    {"watchbill_workload_restarts_total", "counter", "reason, workload",
     "restarts by standing order since the controller's start"},
    {"watchbill_workload_state", "gauge", "state, workload", "1 for the state that a workload is in, 0 for the nine others"},
}};

Family family(std::string_view name) {
  const auto at = std::find_if(declared.begin(), declared.end(), [name](const auto& metric) { return metric.name == name; });
  WB_ASSERT(at != declared.end(), "what is emitted is declared");
  return Family{at->name, at->meaning};
}

Labels labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  Labels out;
  for (const auto& [name, value] : pairs) out.set(name, value);
  return out;
}

double number(const Counters::Count& count) { return static_cast<double>(count.load(std::memory_order_relaxed)); }

void add_build(metrics::exposition::Page& page, const std::string& build) {
  const std::size_t plus = build.find('+');
  const std::string commit = plus == std::string::npos ? "unknown" : build.substr(plus + 1);
  page.gauge(family("watchbill_build_info"), labels({{"commit", commit}, {"version", build.substr(0, plus)}}), 1);
}

void add_counters(metrics::exposition::Page& page, const Counters& counters) {
  for (std::size_t area = 0; area < area_count; ++area) {
    const std::string_view name = Words<Area>::table[area];
    page.counter(family("watchbill_events_total"), labels({{"area", name}}), number(counters.events[area]));
    for (std::size_t reason = 0; reason < refusal_count; ++reason)
      page.counter(family("watchbill_refusals_total"), labels({{"area", name}, {"reason", Words<Refusal>::table[reason]}}),
                   number(counters.refusals[area][reason]));
  }
  for (std::size_t outcome = 0; outcome < delivery_outcome_count; ++outcome)
    page.counter(family("watchbill_deliveries_total"),
                 labels({{"channel", "webhook"}, {"outcome", Words<DeliveryOutcome>::table[outcome]}}),
                 number(counters.deliveries[outcome]));
  std::array<std::uint64_t, append_seconds_bounds.size() + 1> appends{};
  for (std::size_t i = 0; i < appends.size(); ++i) appends[i] = counters.appends[i].load(std::memory_order_relaxed);
  page.histogram(family("watchbill_journal_append_duration_seconds"), {},
                 HistogramValue{append_seconds_bounds, appends, number(counters.append_microseconds) / 1e6});
}

void add_inbox(metrics::exposition::Page& page, const engine::Inbox& inbox) {
  const auto depths = inbox.depths();
  const auto refused = inbox.refused_counts();
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    const Labels label = labels({{"lane", Words<Lane>::table[lane]}});
    page.gauge(family("watchbill_inbox_depth"), label, static_cast<double>(depths[lane]));
    page.counter(family("watchbill_inbox_refused_total"), label, static_cast<double>(refused[lane]));
  }
}

struct Seen {
  double head{0}, holds{0}, deliveries_due{0};
};

void add_state(metrics::exposition::Page& page, const engine::Follower& follower) {
  const Seen seen = follower.read([](const core::State& state, const ChainHead& head) {
    Seen now{static_cast<double>(head.sequence), static_cast<double>(state.control.holds.size()), 0};
    state.route.deliveries.each([&now](const std::string&, const core::route::Delivery& delivery) {
      now.deliveries_due += delivery.state == core::route::DeliveryState::due ? 1 : 0;
      return true;
    });
    return now;
  });
  page.gauge(family("watchbill_journal_head_sequence"), {}, seen.head);
  page.gauge(family("watchbill_holds"), {}, seen.holds);
  // A message whose outcome is unknown is sent again, so it is never in that state.
  page.gauge(family("watchbill_effects_open"), labels({{"kind", "notify"}, {"state", "open"}}), seen.deliveries_due);
  page.gauge(family("watchbill_effects_open"), labels({{"kind", "notify"}, {"state", "unknown"}}), 0);
}

void add_rule_groups(metrics::exposition::Page& page, const Watch& watch) {
  const RuleGroups groups = watch.groups();
  for (const RuleGroupView& group : groups.views) {
    const Labels label = labels({{"rule_group", group.compiled.key}});
    page.counter(family("watchbill_rule_evaluation_failures_total"), label, static_cast<double>(group.failure_count));
    page.counter(family("watchbill_rule_group_iterations_missed_total"), label, static_cast<double>(group.missed_count));
  }
}

void add_workload(metrics::exposition::Page& page, const std::string& name, const core::workload::Workload& workload) {
  const Labels label = labels({{"workload", name}});
  page.state_set(family("watchbill_workload_state"), label, {"state", Words<WorkloadState>::table, word(workload.state)});
  page.gauge(family("watchbill_workload_ready"), label, core::workload::is_ready(workload) ? 1 : 0);
  page.gauge(family("watchbill_workload_incarnation"), label, static_cast<double>(workload.incarnation));
}

void add_figures(metrics::exposition::Page& page, const std::string& name, const LiveFigures& figures) {
  const Labels label = labels({{"workload", name}});
  page.counter(family("watchbill_workload_cpu_seconds_total"), label, figures.cpu_seconds);
  page.gauge(family("watchbill_workload_memory_bytes"), label, static_cast<double>(figures.memory_bytes));
  page.gauge(family("watchbill_workload_open_fds"), label, static_cast<double>(figures.open_fds));
}

// Why a standing order restarts. An end that has not come yet is a 0: who asks for an increase must see the first one.
constexpr std::array restart_reasons{WorkloadReason::exit,     WorkloadReason::signal,           WorkloadReason::hang,
                                     WorkloadReason::liveness, WorkloadReason::runtime_exceeded, WorkloadReason::start_failed};

void add_workloads(metrics::exposition::Page& page, const Services& services) {
  auto restarts = services.counters.restarts();
  services.follower.read([&](const core::State& state, const ChainHead&) {
    state.workload.workloads.each([&](const std::string& name, const core::workload::Workload& workload) {
      add_workload(page, name, workload);
      for (const WorkloadReason reason : restart_reasons) restarts.try_emplace({name, std::string(word(reason))}, 0);
      if (workload.pid == 0) return true;
      if (const LiveWorkload live = services.workloads.live(name); live.figures) add_figures(page, name, *live.figures);
      return true;
    });
  });
  for (const auto& [what, count] : restarts)
    page.counter(family("watchbill_workload_restarts_total"), labels({{"reason", what.second}, {"workload", what.first}}),
                 static_cast<double>(count));
}

void add_process(metrics::exposition::Page& page, const ProcessFigures& process) {
  page.counter(family("process_cpu_seconds_total"), {}, process.cpu_seconds);
  page.gauge(family("process_max_fds"), {}, static_cast<double>(process.open_fds_max));
  page.gauge(family("process_open_fds"), {}, static_cast<double>(process.open_fds));
  page.gauge(family("process_resident_memory_bytes"), {}, static_cast<double>(process.resident_bytes));
  page.gauge(family("process_start_time_seconds"), {}, process.start_seconds);
  page.gauge(family("process_virtual_memory_bytes"), {}, static_cast<double>(process.virtual_bytes));
}

void write_label_names(JsonWriter& json, std::string_view names) {
  json.key("labels").begin_array();
  while (!names.empty()) {
    const std::size_t comma = names.find(", ");
    json.string(names.substr(0, comma));
    names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 2);
  }
  json.end_array();
}

}  // namespace

std::span<const DeclaredMetric> declared_metrics() noexcept { return declared; }

std::string metrics_catalogue_json() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const DeclaredMetric& metric : declared) {
    json.begin_object().key("name").string(metric.name).key("type").string(metric.type);
    write_label_names(json, metric.labels);
    json.key("meaning").string(metric.meaning).end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string metrics_page(const Services& services) {
  metrics::exposition::Page page;
  add_build(page, services.build);
  add_counters(page, services.counters);
  add_inbox(page, services.inbox);
  add_state(page, services.follower);
  add_rule_groups(page, services.watch);
  add_workloads(page, services);
  if (const Result<ProcessFigures> process = services.process()) add_process(page, *process);
  return page.text();
}

}  // namespace watchbill::api
