#include "app/watch/metrics_plan.h"

#include <algorithm>
#include <set>
#include <span>

#include "metrics/promql/parser.h"

namespace watchbill::app::watch {
namespace {

namespace rules = metrics::rules;

const Duration lookback = metrics::promql::EvaluationOptions{}.lookback;

// --- targets ---

// As Prometheus 2.42: a target without a port has that of its scheme.
std::string with_port(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const bool is_bare_v6 = address.find(':') != colon && !address.ends_with(']') && address.front() != '[';
  if (is_bare_v6) return "[" + address + "]:80";
  const bool has_port = colon != std::string::npos && !address.ends_with(']');
  return has_port ? address : address + ":80";
}

Labels discovered_labels(const ScrapeConfiguration& job, const std::string& address, const Labels& more) {
  Labels labels({{"__address__", address},
                 {"__metrics_path__", job.metrics_path},
                 {"__scheme__", "http"},
                 {"__scrape_interval__", format_duration(job.scrape_interval)},
                 {"__scrape_timeout__", format_duration(job.scrape_timeout)},
                 {"job", job.job}});
  for (const auto& [name, values] : job.params)
    if (!values.empty()) labels.set("__param_" + name, values.front());
  for (const auto& [name, value] : more) labels.set(name, value);
  return labels;
}

void add_targets(const ScrapeConfiguration& job, std::vector<PlannedTarget>& out, std::set<Labels>& known) {
  for (const StaticTargets& group : job.static_configs)
    for (const std::string& address : group.targets) {
      drivers::scrape::Target target;
      const std::string instance = with_port(address);
      target.labels = Labels({{"instance", instance}, {"job", job.job}});
      for (const auto& [name, value] : group.labels) target.labels.set(name, value);
      target.url = drivers::scrape::target_url(instance, job.metrics_path, job.params);
      target.interval = job.scrape_interval;
      target.timeout = job.scrape_timeout;
      target.honors_timestamps = true;
      if (!known.insert(target.labels).second) continue;
      out.push_back({job.job, discovered_labels(job, address, group.labels), std::move(target)});
    }
}

// --- rules ---

// Whether the bill wants the rule looked at between its slots.
bool looks_early(const Configuration& configuration, const RuleConfiguration& rule) {
  switch (configuration.evaluation.early) {
    case EarlyLooks::none: return false;
    case EarlyLooks::all: return !rule.alert.empty();
    case EarlyLooks::bound: {
      const auto binding = configuration.runbooks.bindings.find(rule.alert);
      return binding != configuration.runbooks.bindings.end() && binding->second.unbound.empty();
    }
  }
  return false;
}

rules::GroupSource source_of(const Configuration& configuration, const RuleGroupConfiguration& group) {
  rules::GroupSource source = rules::source_of(group);
  for (std::size_t i = 0; i < group.rules.size(); ++i) source.rules[i].looks_early = looks_early(configuration, group.rules[i]);
  return source;
}

// --- who reads ---

// A condition that is a template has no selectors yet.
void add_condition(std::string_view condition, MetricsPlan& plan) {
  if (condition.empty()) return;
  const bool is_template = condition.find("{{") != std::string_view::npos;
  const auto expression = metrics::promql::parse_condition(condition);
  const auto selectors = expression ? rules::Selectors::of(*expression, lookback) : Result<rules::Selectors>(Error{});
  if (is_template || !selectors) plan.reads_everything = true;
  else plan.readers.push_back(*selectors);
}

void add_action(const ConfiguredAction& action, MetricsPlan& plan) {
  if (action.kind == ActionKind::query) add_condition(text_of(action.args, "query"), plan);
}

void add_step(const ConfiguredStep& step, MetricsPlan& plan) {
  for (const ConfiguredAction& action : step.actions) add_action(action, plan);
  for (const ConfiguredAction& action : step.undo) add_action(action, plan);
  if (step.verify) add_action(step.verify->action, plan);
  if (step.verify_undo) add_action(step.verify_undo->action, plan);
}

void add_probe(const std::optional<ProbeConfiguration>& probe, MetricsPlan& plan) {
  if (probe && probe->kind == ProbeKind::query) add_condition(probe->target, plan);
}

void add_conditions(const Configuration& configuration, MetricsPlan& plan) {
  for (const auto& [name, runbook] : configuration.runbooks.runbooks)
    for (const ConfiguredStep& step : runbook.steps) add_step(step, plan);
  for (const auto& [name, workload] : configuration.supervision.workloads) {
    add_probe(workload.started, plan);
    add_probe(workload.live, plan);
    add_probe(workload.ready, plan);
  }
}

}  // namespace

Result<MetricsPlan> plan_metrics(const Configuration& configuration) {
  MetricsPlan plan;
  std::set<Labels> known;
  for (const ScrapeConfiguration& job : configuration.scrape_configs) add_targets(job, plan.targets, known);
  plan.sources = configuration.rule_groups;
  for (const RuleGroupConfiguration& group : configuration.rule_groups) {
    auto compiled = rules::compile(source_of(configuration, group), lookback);
    if (!compiled) return compiled.error();
    for (const rules::Rule& rule : compiled->rules) plan.readers.push_back(rule.selectors);
    plan.groups.push_back(std::move(*compiled));
  }
  rules::withdraw_early_looks_at_outputs(plan.groups);
  add_conditions(configuration, plan);
  return plan;
}

bool MetricsPlan::reads(const Labels& target, const std::string& metric_name) const {
  if (reads_everything) return true;
  const std::span<const std::string> names(&metric_name, 1);
  return std::any_of(readers.begin(), readers.end(),
                     [&](const rules::Selectors& selectors) { return selectors.may_read(target, names); });
}

}  // namespace watchbill::app::watch
