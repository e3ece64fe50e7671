#include "app/watch/metrics_plan.h"

#include <algorithm>
#include <span>

#include "drivers/remote/remote.h"
#include "metrics/promql/parser.h"

namespace watchbill::app::watch {
namespace {

namespace rules = metrics::rules;

const Duration lookback = metrics::promql::EvaluationOptions{}.lookback;

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
  for (std::size_t i = 0; i < group.rules.size(); ++i) {
    source.rules[i].looks_early = looks_early(configuration, group.rules[i]);
    const auto hysteresis = configuration.hysteresis.find(group.rules[i].alert);
    if (hysteresis != configuration.hysteresis.end()) source.rules[i].hysteresis = hysteresis->second;
  }
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
  for (const ScrapeConfiguration& job : configuration.scrape_configs) {
    auto compiled = drivers::scrape::compile(job);
    if (!compiled) return compiled.error();
    plan.jobs.push_back(std::move(*compiled));
  }
  if (const auto remotes = drivers::remote::remotes_of(configuration.remote_write, {}); !remotes) return remotes.error();
  plan.remotes = configuration.remote_write;
  plan.external_labels = configuration.global.external_labels;
  plan.sources = configuration.rule_groups;
  for (const RuleGroupConfiguration& group : configuration.rule_groups) {
    auto compiled = rules::compile(source_of(configuration, group), lookback);
    if (!compiled) return compiled.error();
    for (const rules::Rule& rule : compiled->rules) {
      plan.readers.push_back(rule.selectors);
      if (rule.recovery) plan.readers.push_back(rule.recovery->selectors);
    }
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
