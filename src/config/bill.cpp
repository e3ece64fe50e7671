#include "config/bill.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "config/access.h"
#include "config/alerting.h"
#include "config/expressions.h"
#include "config/paths.h"
#include "config/prometheus.h"
#include "config/remote_write.h"
#include "config/runbooks.h"
#include "config/scrape_jobs.h"
#include "config/texts.h"
#include "config/values.h"
#include "config/workloads.h"
#include "model/alert.h"

namespace watchbill::config {
namespace {

void read_version(const Cursor& at, Bill&) {
  const std::optional<std::int64_t> version = read_integer(at, {0, 1'000'000});
  if (version && *version != 1)
    at.complain("out_of_range", fmt::format("expected 1, found {}: another release wrote this", *version));
}

NamedFile named(const Cursor& at, const std::string& text) {
  return {absolute_path(at.file().folder, text), {Severity::error, "", at.place(), at.path(), ""}};
}

// Patterns may stand in the last part of a path only, as in Prometheus.
template <std::vector<NamedFile> Bill::*member>
void read_files(const Cursor& at, Bill& out) {
  if (!is_list(at, "paths")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string text;
    read_filled(element, text);
    if (text.empty()) continue;
    if (is_pattern(folder_of(text)))
      element.complain("out_of_range", "a pattern may stand in the last part of a path only");
    else
      (out.*member).push_back(named(element, text));
  }
}

void read_alertmanager_config(const Cursor& at, Bill& out) {
  std::string text;
  read_filled(at, text);
  if (!text.empty()) out.alertmanager.push_back(named(at, text));
}

void read_listen_address(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!out.empty() && !is_address(out))
    at.complain("out_of_range", fmt::format("expected an address such as 127.0.0.1:9911, found \"{}\"", out));
}

void read_listen(const Cursor& at, Bill& out) {
  std::vector<std::string>& listen = out.configuration.listen;
  listen.clear();
  if (at.node().kind != NodeKind::sequence) return read_listen_address(at, listen.emplace_back());
  read_each<std::string, read_listen_address>(at, listen);
  if (listen.empty()) at.complain("out_of_range", "expected at least one address");
}

template <auto member, auto reader>
void in_configuration(const Cursor& at, Bill& out) {
  reader(at, out.configuration.*member);
}

void read_jobs(const Cursor& at, Bill& out) {
  read_scrape_configs(at, out.configuration.global, out.configuration.scrape_configs);
}
void read_remotes(const Cursor& at, Bill& out) { read_remote_write(at, out.configuration.remote_write); }
void read_global(const Cursor& at, GlobalConfiguration& out) { read(at, out); }

constexpr auto evaluation =
    table<EvaluationConfiguration>("evaluation",
                                   optional<&EvaluationConfiguration::early>("early", "bound, none or all", "bound",
                                                                             "rules that are looked at between their slots"),
                                   optional<&EvaluationConfiguration::debounce, read_positive>(
                                       "debounce", "duration", "100ms", "at most one early look of a rule in this time"));
void read_evaluation(const Cursor& at, EvaluationConfiguration& out) { read_object(at, evaluation, out); }

void read_exemplar_count(const Cursor& at, std::optional<std::int64_t>& out) {
  read_between<0, 10'000'000>(at, out.emplace());
}
constexpr auto exemplars = table<StorageConfiguration>(
    "storage.exemplars", optional<&StorageConfiguration::exemplar_count_max, read_exemplar_count>(
                             "max_exemplars", "number", "100000", "in memory, of all series; 64 MiB at most; 0: none"));
void read_exemplars(const Cursor& at, StorageConfiguration& out) { read_object(at, exemplars, out); }

constexpr auto storage = table<StorageConfiguration>(
    "storage",
    optional<&StorageConfiguration::retention, read_retention>("retention", "duration", "24h", "of samples; at most 15d"),
    optional<&StorageConfiguration::retention_bytes, read_retention_size>(
        "retention_size", "size", "", "of samples on disk, from 64MiB; beyond it the oldest block goes; none: no such limit"),
    optional<&StorageConfiguration::out_of_order_window>(
        "out_of_order_time_window", "duration", "0s",
        "so long before the newest sample of all others may come; at most retention"),
    whole<StorageConfiguration, read_exemplars>("exemplars", "settings", "", "how many are kept"),
    later<StorageConfiguration>("limits", ""));
void check_window(const Cursor& at, const StorageConfiguration& read) {
  if (read.out_of_order_window > read.retention)
    at.complain("out_of_range", fmt::format("out_of_order_time_window {} is longer than the {} for which samples are kept",
                                            format_duration(read.out_of_order_window), format_duration(read.retention)));
}
void read_storage(const Cursor& at, StorageConfiguration& out) {
  read_object(at, storage, out);
  check_window(at, out);
}

// Of a Prometheus file. Its flags say the rest.
constexpr auto prometheus_store = table<StorageConfiguration>(
    "storage.tsdb", optional<&StorageConfiguration::out_of_order_window>("out_of_order_time_window", "duration", "0s",
                                                                         "late samples may come so much late"));
void read_prometheus_store(const Cursor& at, StorageConfiguration& out) {
  read_object(at, prometheus_store, out);
  check_window(at, out);
}
constexpr auto prometheus_storage =
    table<StorageConfiguration>("storage",
                                whole<StorageConfiguration, read_prometheus_store>("tsdb", "settings", "", "of the store"),
                                whole<StorageConfiguration, read_exemplars>("exemplars", "settings", "", "how many are kept"));
void read_prometheus_storage(const Cursor& at, StorageConfiguration& out) { read_object(at, prometheus_storage, out); }

struct JournalKeys {};
void read_store(const Cursor& at, JournalKeys&) {
  if (at.node().kind == NodeKind::mapping)
    return at.complain("not_yet_supported", "this release stores its journal in SQLite only");
  constexpr std::array<std::string_view, 1> words{"sqlite"};
  (void)read_word(at, words);
}
constexpr auto journal =
    table<JournalKeys>("journal", whole<JournalKeys, read_store>("store", "sqlite", "sqlite", "where records go"),
                       later<JournalKeys>("signing_key_file", ""), later<JournalKeys>("retention", ""),
                       later<JournalKeys>("controller_lease", "it belongs to PostgreSQL"),
                       later<JournalKeys>("durability", "it belongs to PostgreSQL"));
void read_journal(const Cursor& at, Bill&) {
  JournalKeys keys;
  read_object(at, journal, keys);
}

void read_slots(const Cursor& at, std::optional<SlotsConfiguration>& out) {
  constexpr std::string_view between = " of ";
  std::string text;
  read(at, text);
  if (at.node().kind != NodeKind::scalar) return;
  SlotsConfiguration slots;
  const char* const end = text.data() + text.size();
  const char* const split = text.data() + std::min(text.find(between), text.size());
  const char* const second = split == end ? end : split + between.size();
  const auto [behind_held, held_failure] = std::from_chars(text.data(), split, slots.held);
  const auto [behind_of, of_failure] = std::from_chars(second, end, slots.of);
  if (held_failure != std::errc{} || of_failure != std::errc{} || behind_held != split || behind_of != end)
    return at.expected("K of N slots, such as 3 of 5");
  if (slots.held < 1 || slots.held > slots.of || slots.of > counted_slots_max)
    return at.complain("out_of_range", fmt::format("expected K of N with 1 <= K <= N <= {}, found {}", counted_slots_max, text));
  out = slots;
}

static_assert(counted_slots_max == 60, "the text of k_of_n says so");
constexpr auto alert = table<HysteresisConfiguration>(
    "alerts.NAME",
    optional<&HysteresisConfiguration::recover, read_instant_vector>(
        "recover", "PromQL", "", "what fires goes on until this has an element that agrees with it in all labels that both have"),
    optional<&HysteresisConfiguration::k_of_n, read_slots>(
        "k_of_n", "K of N", "", "it fires only when its condition held at K of the last N slots; N at most 60"));
void read_alert(const Cursor& at, HysteresisConfiguration& out) {
  if (read_object(at, alert, out) && at.node().children.empty())
    at.complain("missing_key", "expected recover, k_of_n or both: this adds nothing to the rule");
}
void read_alerts(const Cursor& at, std::map<std::string, HysteresisConfiguration>& out) {
  read_named<HysteresisConfiguration, read_alert>(at, out);
}

void read_bill_workloads(const Cursor& at, Bill& out) { read_workloads(at, out.configuration.supervision.workloads); }
void read_bill_probes(const Cursor& at, Bill& out) { read_probes(at, out.configuration.supervision.probes); }
void read_bill_supervisor(const Cursor& at, Bill& out) { read_supervisor(at, out.configuration.supervision.supervisor); }
void read_bill_runbooks(const Cursor& at, Bill& out) { read_runbooks(at, out.configuration.runbooks.runbooks); }
void read_bill_bindings(const Cursor& at, Bill& out) { read_bindings(at, out.configuration.runbooks.bindings); }
void read_bill_environments(const Cursor& at, Bill& out) { read_environments(at, out.configuration.runbooks.environments); }

using C = Configuration;
// global stands before scrape_configs: jobs take their defaults from it.
constexpr auto bill = table<Bill>(
    "", whole<Bill, read_version>("watchbill", "number", "", "the format's version: 1; required"),
    whole<Bill, read_files<&Bill::includes>>("include", "list of paths", "",
                                             "files with the same top-level keys; patterns in the last part"),
    whole<Bill, read_listen>("listen", "HOST:PORT or list", "127.0.0.1:9911", "where requests are answered"),
    whole<Bill, in_configuration<&C::data, read_path>>("data", "path", "./data", "the data directory"),
    whole<Bill, in_configuration<&C::external_url, read_url>>("external_url", "URL", "",
                                                              "how others reach this; made from listen"),
    whole<Bill, in_configuration<&C::tls, read_tls>>("tls", "settings", "", "needed beyond loopback"),
    whole<Bill, in_configuration<&C::access, read_access>>("access", "settings", "", "who may call"),
    whole<Bill, read_journal>("journal", "settings", "", "where decisions are kept"),
    whole<Bill, in_configuration<&C::storage, read_storage>>("storage", "settings", "", "where samples are kept"),
    whole<Bill, in_configuration<&C::global, read_global>>("global", "settings (Prometheus)", "",
                                                           "defaults of scrapes and rules"),
    whole<Bill, read_jobs>("scrape_configs", "list (Prometheus)", "", "what is scraped"),
    whole<Bill, read_files<&Bill::rule_files>>("rule_files", "list of paths (Prometheus)", "",
                                               "unmodified rule files; patterns in the last part"),
    whole<Bill, in_configuration<&C::alerting, read_alerting>>("alerting", "settings (Prometheus)", "",
                                                               "other Alertmanagers that are told of alerts"),
    whole<Bill, read_remotes>("remote_write", "list (Prometheus)", "", "who else gets the samples"),
    later<Bill>("remote_read", ""),
    whole<Bill, in_configuration<&C::evaluation, read_evaluation>>("evaluation", "settings", "", "when rules are looked at"),
    whole<Bill, read_alertmanager_config>("alertmanager_config", "path", "",
                                          "an unmodified Alertmanager file; without it only `alerting` is told"),
    whole<Bill, read_bill_supervisor>("supervisor", "settings", "", "of all workloads"),
    whole<Bill, read_bill_workloads>("workloads", "map of workloads", "", "what runs"),
    whole<Bill, read_bill_probes>("probes", "map of probes", "", "what is watched and does not run here"),
    whole<Bill, in_configuration<&C::hysteresis, read_alerts>>("alerts", "map of alerts", "", "hysteresis beside the rule files"),
    whole<Bill, read_bill_runbooks>("runbooks", "map of runbooks", "", "procedures"),
    whole<Bill, read_bill_bindings>("bindings", "map of bindings", "", "what follows an alert"),
    whole<Bill, read_bill_environments>("environments", "map of environments", "", "rules of places"), later<Bill>("caches", ""),
    later<Bill>("rollouts", ""), later<Bill>("runners", ""), later<Bill>("secrets", ""), later<Bill>("agents", ""),
    later<Bill>("oncall", ""), later<Bill>("drills", ""), later<Bill>("rehearsals", ""), later<Bill>("guardians", ""),
    later<Bill>("baselines", ""), later<Bill>("limiters", ""), later<Bill>("reflections", ""), later<Bill>("promotions", ""),
    later<Bill>("readiness", ""), later<Bill>("slos", ""), later<Bill>("feeds", ""), later<Bill>("drift", ""),
    later<Bill>("queues", ""), later<Bill>("producers", ""), later<Bill>("operations", ""), later<Bill>("scripts", ""),
    later<Bill>("governance", ""), later<Bill>("scenarios", ""), later<Bill>("schedules", ""), later<Bill>("channels", ""),
    later<Bill>("github", ""), later<Bill>("tickets", ""), later<Bill>("time", ""));

constexpr auto prometheus_file = table<Bill>(
    "", whole<Bill, in_configuration<&C::global, read_global>>("global", "settings", "", "defaults of scrapes and rules"),
    whole<Bill, read_jobs>("scrape_configs", "list", "", "what is scraped"),
    whole<Bill, read_files<&Bill::rule_files>>("rule_files", "list of paths", "",
                                               "rule files; patterns in the last part"),
    whole<Bill, in_configuration<&C::alerting, read_alerting>>("alerting", "settings", "", "who is told of alerts"),
    whole<Bill, read_remotes>("remote_write", "list", "", "who else gets the samples"),
    whole<Bill, in_configuration<&C::storage, read_prometheus_storage>>("storage", "settings", "", "where samples are kept"),
    later<Bill>("scrape_config_files", ""), later<Bill>("remote_read", ""),
    later<Bill>("tracing", ""), later<Bill>("runtime", ""), later<Bill>("otlp", ""));

}  // namespace

void read_retention(const Cursor& at, Duration& out) {
  read_positive(at, out);
  if (out > Duration::days(15)) at.complain("out_of_range", "expected at most 15d");
}
void read_retention_size(const Cursor& at, std::optional<std::int64_t>& out) {
  out = read_bytes(at, {std::int64_t{64} << 20, std::int64_t{1} << 50});
}

std::span<const Key> bill_keys() noexcept { return bill.keys; }
std::span<const Key> prometheus_file_keys() noexcept { return prometheus_file.keys; }

Joining joining_of(const Key& key) noexcept {
  if (key.type.starts_with("map")) return Joining::named;
  return key.type.starts_with("list") ? Joining::list : Joining::once;
}

std::vector<TableView> bill_tables() {
  return {bill.view(), journal.view(), storage.view(), exemplars.view(), evaluation.view(), alert.view()};
}

}  // namespace watchbill::config
