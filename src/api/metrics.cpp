#include "api/metrics.h"

#include <algorithm>
#include <array>
#include <set>

#include "api/counters.h"
#include "base/assert.h"
#include "base/json.h"
#include "core/route/membership.h"
#include "core/workload/relations.h"
#include "metrics/exposition/page.h"
#include "metrics/push/page.h"
#include "metrics/tsdb/exemplar_store.h"

namespace watchbill::api {
namespace {

using metrics::exposition::Family;
using metrics::exposition::HistogramValue;

constexpr std::array<DeclaredMetric, 95> declared{{
    {"process_cpu_seconds_total", "counter", "", "user and system time of the controller's process"},
    {"process_max_fds", "gauge", "", "descriptors that the process may open"},
    {"process_open_fds", "gauge", "", "descriptors that the process has open"},
    {"process_resident_memory_bytes", "gauge", "", "memory of the process that is in RAM"},
    {"process_start_time_seconds", "gauge", "", "when the process began, in seconds since 1970"},
    {"process_virtual_memory_bytes", "gauge", "", "address space of the process"},
    {"prometheus_notifications_alertmanagers_discovered", "gauge", "", "other Alertmanagers that are told of alerts"},
    {"prometheus_notifications_dropped_total", "counter", "", "alerts that another Alertmanager refused for good"},
    {"prometheus_notifications_errors_total", "counter", "alertmanager", "calls with alerts that were not taken"},
    {"prometheus_notifications_queue_length", "gauge", "", "alerts that wait to be told to other Alertmanagers"},
    {"prometheus_notifications_sent_total", "counter", "alertmanager", "alerts in calls to another Alertmanager, taken or not"},
    {"prometheus_remote_storage_bytes_total", "counter", "remote_name, url", "compressed bytes of samples that were taken"},
    {"prometheus_remote_storage_exemplars_dropped_total", "counter", "remote_name, url",
     "exemplars that were not sent: by relabelling, or as the store forgot them before"},
    {"prometheus_remote_storage_exemplars_failed_total", "counter", "remote_name, url",
     "exemplars in requests that were refused for good"},
    {"prometheus_remote_storage_exemplars_retried_total", "counter", "remote_name, url", "exemplars that were sent again"},
    {"prometheus_remote_storage_exemplars_total", "counter", "remote_name, url", "exemplars in requests that were taken"},
    {"prometheus_remote_storage_highest_timestamp_in_seconds", "gauge", "",
     "time of the youngest sample in the store, where there are remotes"},
    {"prometheus_remote_storage_histograms_dropped_total", "counter", "remote_name, url",
     "native histograms that were not sent: by relabelling, or not wanted"},
    {"prometheus_remote_storage_histograms_failed_total", "counter", "remote_name, url",
     "native histograms that were refused for good"},
    {"prometheus_remote_storage_histograms_pending", "gauge", "remote_name, url", "native histograms that are on their way"},
    {"prometheus_remote_storage_histograms_retried_total", "counter", "remote_name, url",
     "native histograms that were sent again"},
    {"prometheus_remote_storage_histograms_total", "counter", "remote_name, url", "native histograms that were taken"},
    {"prometheus_remote_storage_max_samples_per_send", "gauge", "remote_name, url", "samples of one request"},
    {"prometheus_remote_storage_metadata_bytes_total", "counter", "remote_name, url",
     "compressed bytes of metadata that were taken"},
    {"prometheus_remote_storage_metadata_failed_total", "counter", "remote_name, url",
     "families whose metadata was refused for good"},
    {"prometheus_remote_storage_metadata_retried_total", "counter", "remote_name, url", "families whose metadata was sent again"},
    {"prometheus_remote_storage_metadata_total", "counter", "remote_name, url", "families whose metadata was taken"},
    {"prometheus_remote_storage_queue_highest_sent_timestamp_seconds", "gauge", "remote_name, url",
     "time of the youngest sample that was taken"},
    {"prometheus_remote_storage_samples_dropped_total", "counter", "remote_name, url",
     "samples that were not sent: by relabelling, or for want of labels"},
    {"prometheus_remote_storage_samples_failed_total", "counter", "remote_name, url", "samples that were refused for good"},
    {"prometheus_remote_storage_samples_in_total", "counter", "", "samples that came into the store, where there are remotes"},
    {"prometheus_remote_storage_samples_pending", "gauge", "remote_name, url", "samples that are on their way"},
    {"prometheus_remote_storage_samples_retried_total", "counter", "remote_name, url", "samples that were sent again"},
    {"prometheus_remote_storage_samples_total", "counter", "remote_name, url", "samples that were taken"},
    {"prometheus_remote_storage_sent_batch_duration_seconds", "histogram", "remote_name, url", "requests that were taken"},
    {"prometheus_remote_storage_shard_capacity", "gauge", "remote_name, url", "samples in memory for each shard, about"},
    {"prometheus_remote_storage_shards", "gauge", "remote_name, url", "requests that are under way at once"},
    {"prometheus_remote_storage_shards_desired", "gauge", "remote_name, url", "shards that the flow of samples asks for"},
    {"prometheus_remote_storage_shards_max", "gauge", "remote_name, url", "more shards are never used"},
    {"prometheus_remote_storage_shards_min", "gauge", "remote_name, url", "fewer shards are never used"},
    {"prometheus_rule_evaluation_failures_total", "counter", "rule_group", "failed evaluations; they change no alert"},
    {"prometheus_rule_group_interval_seconds", "gauge", "rule_group", "between the slots of a group"},
    {"prometheus_rule_group_iterations_missed_total", "counter", "rule_group", "slots left out"},
    {"prometheus_rule_group_last_duration_seconds", "gauge", "rule_group", "the last evaluation of a group"},
    {"prometheus_rule_group_last_evaluation_timestamp_seconds", "gauge", "rule_group", "its time; not before the first one"},
    {"prometheus_rule_group_rules", "gauge", "rule_group", "rules of a group"},
    {"prometheus_sd_discovered_targets", "gauge", "name, config", "targets that a job's sources name, before relabelling"},
    {"prometheus_sd_dns_lookup_failures_total", "counter", "", "lookups of names that failed"},
    {"prometheus_sd_dns_lookups_total", "counter", "", "lookups of names"},
    {"prometheus_sd_file_read_errors_total", "counter", "", "discovery files that could not be read or parsed, each time"},
    {"prometheus_sd_http_failures_total", "counter", "", "calls for targets that gave none"},
    {"prometheus_sd_refresh_failures_total", "counter", "mechanism, config", "the same by job"},
    {"prometheus_tsdb_exemplar_exemplars_appended_total", "counter", "", "exemplars that were kept"},
    {"prometheus_tsdb_exemplar_exemplars_in_storage", "gauge", "", "exemplars that are there"},
    {"prometheus_tsdb_exemplar_max_exemplars", "gauge", "", "more are not kept"},
    {"prometheus_tsdb_exemplar_out_of_order_exemplars_total", "counter", "", "exemplars older than the newest of their series"},
    {"prometheus_tsdb_exemplar_series_with_exemplars_in_storage", "gauge", "", "series that have exemplars"},
    {"prometheus_tsdb_head_chunks", "gauge", "", "chunks in memory"},
    {"prometheus_tsdb_head_samples_appended_total", "counter", "", "samples that were stored"},
    {"prometheus_tsdb_head_series", "gauge", "", "series in memory"},
    {"prometheus_tsdb_head_series_created_total", "counter", "", "series that began"},
    {"prometheus_tsdb_head_series_removed_total", "counter", "", "series that left memory"},
    {"prometheus_tsdb_out_of_order_samples_appended_total", "counter", "",
     "samples that came after younger ones of their series and are stored"},
    {"watchbill_build_info", "gauge", "version, commit", "always 1"},
    {"watchbill_deliveries_total", "counter", "channel, outcome", "outcomes of deliveries"},
    {"watchbill_discovery_failures_total", "counter", "job, kind",
     "files, calls and lookups that gave a job no targets: those that it had stay"},
    {"watchbill_effects_open", "gauge", "kind, state", "intents without outcome"},
    {"watchbill_events_total", "counter", "area", "journal events since the start"},
    {"watchbill_holds", "gauge", "", "holds in force"},
    {"watchbill_inbox_depth", "gauge", "lane", "commands that wait"},
    {"watchbill_inbox_refused_total", "counter", "lane", "commands that were turned away because their lane was full"},
    {"watchbill_journal_append_duration_seconds", "histogram", "", "one durable batch"},
    {"watchbill_journal_head_sequence", "gauge", "", "the newest record that readers see"},
    {"watchbill_notification_template_failures_total", "counter", "channel",
     "messages in which a template failed and a plain text took its place"},
    {"watchbill_pushed_series", "gauge", "", "series of the groups that were pushed and are kept"},
    {"watchbill_pushes_total", "counter", "outcome", "requests of pushing clients, by what became of them"},
    {"watchbill_refusals_total", "counter", "area, reason", "every refusal by its name"},
    {"watchbill_remote_write_exemplars_dropped_total", "counter", "reason",
     "exemplars that came by remote write and are not kept"},
    {"watchbill_remote_write_exemplars_total", "counter", "", "exemplars that came by remote write and are kept"},
    {"watchbill_remote_write_gaps_total", "counter", "remote_name, url", "how often samples left the log before they were sent"},
    {"watchbill_remote_write_refused_repeats_total", "counter", "remote_name, url",
     "samples that were refused when they were sent again: taken before, most likely"},
    {"watchbill_remote_write_refused_samples_total", "counter", "reason", "samples that came by remote write and were refused"},
    {"watchbill_remote_write_requests_total", "counter", "outcome", "requests of remote write, by whether they could be read"},
    {"watchbill_remote_write_samples_total", "counter", "", "samples that came by remote write and are stored"},
    {"watchbill_remote_write_unexplained_total", "counter", "remote_name, url",
     "samples that were not sent because their labels are damaged in the log"},
    {"watchbill_rule_evaluation_failures_total", "counter", "rule_group", "failed evaluations; they change no alert"},
    {"watchbill_rule_group_iterations_missed_total", "counter", "rule_group", "slots left out"},
    {"watchbill_sample_log_lost_bytes_total", "counter", "reason",
     "bytes of samples that never reached the log: not_written by the disk, not_taken in time"},
    {"watchbill_workload_cpu_seconds_total", "counter", "workload", "user and system time of the processes of a workload"},
    {"watchbill_workload_incarnation", "gauge", "workload", "starts of a workload, the present one included"},
    {"watchbill_workload_memory_bytes", "gauge", "workload", "memory of the processes of a workload that is in RAM"},
    {"watchbill_workload_open_fds", "gauge", "workload", "descriptors that the processes of a workload have open"},
    {"watchbill_workload_ready", "gauge", "workload", "1 while a workload runs, is ready and not hung"},
    {"watchbill_workload_restarts_total", "counter", "reason, workload",
     "restarts by standing order since the controller's start"},
    {"watchbill_workload_state", "gauge", "state, workload", "1 for the state that a workload is in, 0 for the nine others"},
}};

constexpr std::array<ClosedLabel, 9> closed{{
    {"watchbill_deliveries_total", "channel", Words<IntegrationKind>::table},
    {"watchbill_notification_template_failures_total", "channel", Words<IntegrationKind>::table},
    {"watchbill_deliveries_total", "outcome", Words<DeliveryOutcome>::table},
    {"watchbill_events_total", "area", Words<Area>::table},
    {"watchbill_inbox_depth", "lane", Words<Lane>::table},
    {"watchbill_inbox_refused_total", "lane", Words<Lane>::table},
    {"watchbill_refusals_total", "area", Words<Area>::table},
    {"watchbill_refusals_total", "reason", Words<Refusal>::table},
    {"watchbill_workload_state", "state", Words<WorkloadState>::table},
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
  std::array<std::uint64_t, append_seconds_bounds.size() + 1> appends{};
  for (std::size_t i = 0; i < appends.size(); ++i) appends[i] = counters.appends[i].load(std::memory_order_relaxed);
  page.histogram(family("watchbill_journal_append_duration_seconds"), {},
                 HistogramValue{append_seconds_bounds, appends, number(counters.append_microseconds) / 1e6});
}

// Of channels that the configuration has, from 0 on; and of those that it had.
void add_deliveries(metrics::exposition::Page& page, const DeliveryCounts& counts, const engine::Follower& follower) {
  std::array<bool, channel_kind_count> is_shown{};
  follower.read([&is_shown](const core::State& state, const ChainHead&) {
    for (const auto& [name, receiver] : core::route::routing_of(state.route).receivers)
      for (const IntegrationConfiguration& each : receiver.integrations) is_shown[static_cast<std::size_t>(each.kind)] = true;
    return 0;
  });
  is_shown[static_cast<std::size_t>(IntegrationKind::webhook)] = true;
  for (std::size_t i = 0; i < channel_kind_count; ++i) {
    const auto kind = static_cast<IntegrationKind>(i);
    for (std::size_t outcome = 0; outcome < delivery_outcome_count; ++outcome)
      is_shown[i] = is_shown[i] || counts.of(kind, static_cast<DeliveryOutcome>(outcome)) > 0;
    if (!is_shown[i]) continue;
    for (std::size_t outcome = 0; outcome < delivery_outcome_count; ++outcome)
      page.counter(family("watchbill_deliveries_total"),
                   labels({{"channel", word(kind)}, {"outcome", Words<DeliveryOutcome>::table[outcome]}}),
                   static_cast<double>(counts.of(kind, static_cast<DeliveryOutcome>(outcome))));
    page.counter(family("watchbill_notification_template_failures_total"), labels({{"channel", word(kind)}}),
                 static_cast<double>(counts.template_failures_of(kind)));
  }
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

void add_writes(metrics::exposition::Page& page, const metrics::receive::WriteCounts& counts) {
  namespace receive = metrics::receive;
  const double unreadable = number(counts.unreadable_requests);
  const Family requests = family("watchbill_remote_write_requests_total");
  page.counter(requests, labels({{"outcome", "read"}}), number(counts.requests) - unreadable);
  page.counter(requests, labels({{"outcome", "unreadable"}}), unreadable);
  page.counter(family("watchbill_remote_write_samples_total"), {}, number(counts.samples));
  page.counter(family("watchbill_remote_write_exemplars_total"), {}, number(counts.exemplars));
  const Family dropped = family("watchbill_remote_write_exemplars_dropped_total");
  for (std::size_t i = 0; i < counts.exemplars_dropped.size(); ++i)
    page.counter(dropped, labels({{"reason", word(static_cast<receive::ExemplarRefusal>(i))}}),
                 number(counts.exemplars_dropped[i]));
  const Family refused = family("watchbill_remote_write_refused_samples_total");
  for (std::size_t i = 0; i < counts.refused.size(); ++i)
    page.counter(refused, labels({{"reason", word(static_cast<metrics::tsdb::AppendRefusal>(i))}}), number(counts.refused[i]));
  for (std::size_t i = 0; i < counts.refused_before.size(); ++i)
    page.counter(refused, labels({{"reason", word(static_cast<receive::WriteRefusal>(i))}}), number(counts.refused_before[i]));
}

void add_pushes(metrics::exposition::Page& page, const PushCounts& counts) {
  const auto add = [&page](std::string_view outcome, const PushCounts::Count& count) {
    page.counter(family("watchbill_pushes_total"), labels({{"outcome", outcome}}), number(count));
  };
  add("taken", counts.taken);
  add("removed", counts.removed);
  add("unreadable", counts.unreadable);
  add("not_kept", counts.undurable);
  for (std::size_t i = 0; i < counts.refused.size(); ++i)
    add(word(static_cast<metrics::push::PushRefusal>(i)), counts.refused[i]);
  page.gauge(family("watchbill_pushed_series"), {}, number(counts.series));
}

// The same under the names that dashboards and alerts for Prometheus look for.
void add_rule_group(metrics::exposition::Page& page, const Labels& label, const RuleGroupView& group) {
  page.counter(family("prometheus_rule_evaluation_failures_total"), label, static_cast<double>(group.failure_count));
  page.counter(family("prometheus_rule_group_iterations_missed_total"), label, static_cast<double>(group.missed_count));
  page.gauge(family("prometheus_rule_group_interval_seconds"), label, static_cast<double>(group.compiled.interval.ms) / 1000);
  page.gauge(family("prometheus_rule_group_rules"), label, static_cast<double>(group.compiled.rules.size()));
  if (group.evaluated_at.ms == 0) return;
  page.gauge(family("prometheus_rule_group_last_duration_seconds"), label, static_cast<double>(group.took_us) / 1e6);
  page.gauge(family("prometheus_rule_group_last_evaluation_timestamp_seconds"), label,
             static_cast<double>(group.evaluated_at.ms) / 1000);
}

void add_rule_groups(metrics::exposition::Page& page, const Watch& watch) {
  const RuleGroups groups = watch.groups();
  for (const RuleGroupView& group : groups.views) {
    const Labels label = labels({{"rule_group", group.compiled.key}});
    page.counter(family("watchbill_rule_evaluation_failures_total"), label, static_cast<double>(group.failure_count));
    page.counter(family("watchbill_rule_group_iterations_missed_total"), label, static_cast<double>(group.missed_count));
    add_rule_group(page, label, group);
  }
}

// Under the names that dashboards and alerts for Prometheus look for.
void add_store(metrics::exposition::Page& page, const Watch& watch) {
  const auto gauge = [&](std::string_view name, std::size_t value) { page.gauge(family(name), {}, static_cast<double>(value)); };
  const auto counter = [&](std::string_view name, std::uint64_t value) {
    page.counter(family(name), {}, static_cast<double>(value));
  };
  const metrics::tsdb::HeadStatistics statistics = watch.head.statistics();
  gauge("prometheus_tsdb_head_series", statistics.series_count);
  gauge("prometheus_tsdb_head_chunks", statistics.chunk_count);
  counter("prometheus_tsdb_head_samples_appended_total", statistics.appended_count);
  counter("prometheus_tsdb_head_series_created_total", statistics.series_created_count);
  counter("prometheus_tsdb_head_series_removed_total", statistics.series_dropped_count);
  counter("prometheus_tsdb_out_of_order_samples_appended_total", statistics.late_appended_count);
  const metrics::tsdb::ExemplarStore::Statistics exemplars = watch.head.exemplars().statistics();
  gauge("prometheus_tsdb_exemplar_exemplars_in_storage", exemplars.exemplar_count);
  gauge("prometheus_tsdb_exemplar_series_with_exemplars_in_storage", exemplars.series_count);
  gauge("prometheus_tsdb_exemplar_max_exemplars", exemplars.count_max);
  counter("prometheus_tsdb_exemplar_exemplars_appended_total", exemplars.appended_count);
  counter("prometheus_tsdb_exemplar_out_of_order_exemplars_total", exemplars.out_of_order_count);
  const Family lost = family("watchbill_sample_log_lost_bytes_total");
  const std::uint64_t not_written = watch.log_lost_bytes ? watch.log_lost_bytes() : 0;
  page.counter(lost, labels({{"reason", "not_taken"}}), static_cast<double>(statistics.log_forgotten_bytes));
  page.counter(lost, labels({{"reason", "not_written"}}), static_cast<double>(not_written));
}

// Twice: under our own name, which knows all kinds, and under those that dashboards and alerts for Prometheus look for. There a
// name that cannot be looked up, or a file, is no failed refresh.
void add_discovery(metrics::exposition::Page& page, const DiscoveryView& discovery) {
  const auto count = [&](DiscoveryKind kind) {
    return static_cast<double>(discovery.failure_counts[static_cast<std::size_t>(kind)]);
  };
  page.counter(family("prometheus_sd_file_read_errors_total"), {}, count(DiscoveryKind::file));
  page.counter(family("prometheus_sd_http_failures_total"), {}, count(DiscoveryKind::http));
  page.counter(family("prometheus_sd_dns_lookup_failures_total"), {}, count(DiscoveryKind::dns));
  page.counter(family("prometheus_sd_dns_lookups_total"), {}, static_cast<double>(discovery.dns_lookup_count));
  for (const DiscoveryView::Job& job : discovery.jobs) {
    page.gauge(family("prometheus_sd_discovered_targets"), labels({{"config", job.name}, {"name", "scrape"}}),
               static_cast<double>(job.target_count));
    for (std::size_t kind = 0; kind < discovery_kind_count; ++kind) {
      if (!job.failure_counts[kind]) continue;
      const auto failures = static_cast<double>(*job.failure_counts[kind]);
      page.counter(family("watchbill_discovery_failures_total"), labels({{"job", job.name}, {"kind", discovery_words[kind]}}),
                   failures);
      if (static_cast<DiscoveryKind>(kind) == DiscoveryKind::http)
        page.counter(family("prometheus_sd_refresh_failures_total"), labels({{"config", job.name}, {"mechanism", "http"}}),
                     failures);
    }
  }
}

void add_counts(metrics::exposition::Page& page, const Labels& label, const metrics::sender::Figures& figures) {
  const auto counter = [&](std::string_view name, std::uint64_t count) {
    page.counter(family(name), label, static_cast<double>(count));
  };
  counter("prometheus_remote_storage_samples_total", figures.sent.samples);
  counter("prometheus_remote_storage_histograms_total", figures.sent.histograms);
  counter("prometheus_remote_storage_samples_failed_total", figures.failed.samples);
  counter("prometheus_remote_storage_histograms_failed_total", figures.failed.histograms);
  counter("prometheus_remote_storage_samples_dropped_total", figures.dropped.samples);
  counter("prometheus_remote_storage_histograms_dropped_total", figures.dropped.histograms);
  counter("prometheus_remote_storage_samples_retried_total", figures.retried.samples);
  counter("prometheus_remote_storage_histograms_retried_total", figures.retried.histograms);
  counter("prometheus_remote_storage_metadata_total", figures.families_sent);
  counter("prometheus_remote_storage_metadata_failed_total", figures.families_failed);
  counter("prometheus_remote_storage_metadata_retried_total", figures.families_retried);
  counter("prometheus_remote_storage_exemplars_total", figures.exemplars_sent);
  counter("prometheus_remote_storage_exemplars_failed_total", figures.exemplars_failed);
  counter("prometheus_remote_storage_exemplars_retried_total", figures.exemplars_retried);
  counter("prometheus_remote_storage_exemplars_dropped_total", figures.exemplars_dropped);
  counter("prometheus_remote_storage_bytes_total", figures.bytes);
  counter("prometheus_remote_storage_metadata_bytes_total", figures.metadata_bytes);
  counter("watchbill_remote_write_gaps_total", figures.gaps);
  counter("watchbill_remote_write_refused_repeats_total", figures.refused_repeats.all());
  counter("watchbill_remote_write_unexplained_total", figures.unexplained);
}

void add_remote(metrics::exposition::Page& page, const RemoteView& remote) {
  const Labels label = labels({{"remote_name", remote.name}, {"url", remote.url}});
  const metrics::sender::Figures& figures = remote.figures;
  const auto gauge = [&](std::string_view name, double value) { page.gauge(family(name), label, value); };
  add_counts(page, label, figures);
  gauge("prometheus_remote_storage_samples_pending", static_cast<double>(figures.pending.samples));
  gauge("prometheus_remote_storage_histograms_pending", static_cast<double>(figures.pending.histograms));
  gauge("prometheus_remote_storage_shards", figures.shard_count);
  gauge("prometheus_remote_storage_shards_desired", figures.shard_count_wanted);
  gauge("prometheus_remote_storage_shards_max", remote.terms.shard_count_max);
  gauge("prometheus_remote_storage_shards_min", remote.terms.shard_count_min);
  gauge("prometheus_remote_storage_shard_capacity", static_cast<double>(remote.terms.capacity));
  gauge("prometheus_remote_storage_max_samples_per_send", static_cast<double>(remote.terms.samples_per_request));
  if (figures.newest_sent_ms != 0)
    gauge("prometheus_remote_storage_queue_highest_sent_timestamp_seconds", static_cast<double>(figures.newest_sent_ms) / 1000);
  page.histogram(family("prometheus_remote_storage_sent_batch_duration_seconds"), label,
                 HistogramValue{metrics::sender::request_seconds_bounds, figures.request_counts, figures.request_seconds});
}

void add_remotes(metrics::exposition::Page& page, const Watch& watch) {
  const std::vector<RemoteView> remotes = watch.remotes();
  if (remotes.empty()) return;
  for (const RemoteView& remote : remotes) add_remote(page, remote);
  page.counter(family("prometheus_remote_storage_samples_in_total"), {},
               static_cast<double>(watch.head.statistics().appended_count));
  if (const Instant newest = watch.head.snapshot().newest_at(); newest.ms != 0)
    page.gauge(family("prometheus_remote_storage_highest_timestamp_in_seconds"), {}, static_cast<double>(newest.ms) / 1000);
}

void add_relay(metrics::exposition::Page& page, const RelayView& relay) {
  if (relay.peers.empty()) return;
  std::set<std::string_view> seen;  // a file may name one twice
  for (const RelayView::Peer& peer : relay.peers) {
    if (!seen.insert(peer.url).second) continue;
    const Labels label = labels({{"alertmanager", peer.url}});
    page.counter(family("prometheus_notifications_sent_total"), label, static_cast<double>(peer.sent_count));
    page.counter(family("prometheus_notifications_errors_total"), label, static_cast<double>(peer.error_count));
  }
  page.counter(family("prometheus_notifications_dropped_total"), {}, static_cast<double>(relay.dropped_count));
  page.gauge(family("prometheus_notifications_queue_length"), {}, static_cast<double>(relay.waiting_count));
  page.gauge(family("prometheus_notifications_alertmanagers_discovered"), {}, static_cast<double>(seen.size()));
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

std::span<const ClosedLabel> closed_labels() noexcept { return closed; }

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

std::string metrics_page(const Services& services, PageParts parts) {
  metrics::exposition::Page page;
  add_build(page, services.build);
  add_counters(page, services.counters);
  add_deliveries(page, services.counters.deliveries, services.follower);
  add_inbox(page, services.inbox);
  add_state(page, services.follower);
  add_store(page, services.watch);
  add_rule_groups(page, services.watch);
  if (services.watch.writes != nullptr) add_writes(page, *services.watch.writes);
  if (services.watch.pushes.counts != nullptr) add_pushes(page, *services.watch.pushes.counts);
  add_workloads(page, services);
  add_remotes(page, services.watch);
  if (services.watch.discovery) add_discovery(page, services.watch.discovery());
  if (services.relay) add_relay(page, services.relay());
  if (const Result<ProcessFigures> process = services.process()) add_process(page, *process);
  if (parts == PageParts::with_pushed && services.watch.pushes.groups) {
    const auto groups = services.watch.pushes.groups();
    metrics::push::add_to_page(page, groups);
  }
  return page.text();
}

}  // namespace watchbill::api
