// Runbooks that run runbooks, bindings that name them, alerts that need bindings, hysteresis that needs alerts. Source:
// domain/work-scheduling.md §10, domain/plans.md §1, §5 and §8.
#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/bill.h"
#include "config/runbooks.h"
#include "config/walk.h"

namespace watchbill::config {
namespace {

// domain/plans.md §8
constexpr std::size_t nesting_max = 4;
constexpr std::int64_t steps_max = 100;
constexpr Duration plan_max = Duration::hours(24);
constexpr Duration action_max = Duration::hours(1);
// What a person on call can wait for: domain/work-scheduling.md §10.
constexpr Duration bound_plan_max = Duration::minutes(10);
constexpr Duration review_age_max = Duration::days(180);

Duration default_timeout(StepVerb verb) {
  switch (verb) {
    case StepVerb::read: return Duration::seconds(30);
    case StepVerb::probe: return Duration::seconds(10);
    case StepVerb::do_: return Duration::seconds(60);
    case StepVerb::approve: return Duration::hours(24);
    case StepVerb::wait_for:
    case StepVerb::notify:
    case StepVerb::run: return {};
  }
  return {};
}

Duration within_of(const ConfiguredStep& step) {
  if (!step.verify) return {};
  const bool is_wait = step.verb == StepVerb::wait_for;
  if (step.verify->retries) return step.verify->delay.value_or(Duration::seconds(1)) * *step.verify->retries;
  return step.verify->within.value_or(is_wait ? Duration::minutes(10) : Duration::seconds(60));
}

// A runbook with the runbooks that it runs written out. Sums stop growing at `too_much`.
struct Unfolded {
  std::int64_t step_count{0};
  Duration timeouts;           // of steps that do not wait for people
  Duration longest;
  std::size_t levels{1};
  bool is_complete{true};      // false: it runs itself, or what does
};
constexpr std::int64_t too_much = std::int64_t{1} << 40;

Duration sum(Duration a, Duration b) { return {std::min(a.ms + b.ms, too_much)}; }

class Links {
 public:
  Links(Bill& bill, const LoadOptions& options)
      : bill_(bill), options_(options), runbooks_(bill.configuration.runbooks.runbooks) {}

  void check_runbooks() {
    for (const auto& [name, runbook] : runbooks_) {
      check_runs(name, runbook);
      check_workloads(name, runbook);
      check_environment(name, runbook);
      check_review(name, runbook);
      check_receivers(name, runbook);
    }
    unfold_all();
    for (const auto& [name, runbook] : runbooks_) check_unfolded(name, runbook);
  }

  void check_bindings() {
    for (const auto& [alert, binding] : bill_.configuration.runbooks.bindings) {
      check_plan(alert, "mitigation", binding.mitigation);
      check_plan(alert, "rollback", binding.rollback);
    }
  }

  void check_hysteresis() {
    std::map<std::string, bool> alerts;
    for (const AlertPlace& each : bill_.alerts) alerts[each.alert] = true;
    for (const auto& [name, each] : bill_.configuration.hysteresis)
      if (!alerts.contains(name))
        complain({"alerts", name}, "unknown_name", fmt::format("no rule raises an alert {}{}", name, hint(name, alerts)));
  }

  void check_alerts() {
    std::set<std::string> seen;
    for (const AlertPlace& each : bill_.alerts) {
      if (bill_.configuration.runbooks.bindings.count(each.alert) != 0 || !seen.insert(each.alert).second) continue;
      bill_.report.add(
          {Severity::error, "alert_without_binding", each.place, "bindings." + each.alert,
           fmt::format("the alert {} has no binding: name a mitigation and a rollback, or unbound with a reason", each.alert)});
    }
    const bool is_told = bill_.configuration.routing || !bill_.configuration.alerting.alertmanagers.empty();
    if (is_told || bill_.alerts.empty()) return;
    Finding finding = bill_.sections.finding(Way{"rule_files"}, "no_route",
                                             "alerts go nowhere: there is no alertmanager_config, and no other one in alerting",
                                             bill_.files.front());
    finding.severity = Severity::warning;
    bill_.report.add(std::move(finding));
  }

 private:
  // "; did you mean NAME?", or nothing. Costs a look at every name: not for a finding that is only counted.
  template <class Map>
  [[nodiscard]] std::string hint(const std::string& wanted, const Map& known) const {
    if (bill_.report.is_full()) return "";
    std::vector<std::string_view> names;
    for (const auto& [name, value] : known) names.push_back(name);
    const std::string_view nearest = nearest_spelling(wanted, names);
    return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  }

  void complain(const Way& way, std::string_view code, std::string text, Severity severity = Severity::error) {
    Finding finding = bill_.sections.finding(way, code, std::move(text), bill_.files.front());
    finding.severity = severity;
    bill_.report.add(std::move(finding));
  }

  void check_runs(const std::string& name, const ConfiguredRunbook& runbook) {
    for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
      const ConfiguredStep& step = runbook.steps[i];
      if (step.verb != StepVerb::run || step.run.empty()) continue;
      const auto inner = runbooks_.find(step.run);
      if (inner == runbooks_.end()) {
        complain({"runbooks", name, "steps", i, "run"}, "unknown_runbook",
                 fmt::format("there is no runbook {}{}", step.run, hint(step.run, runbooks_)));
        continue;
      }
      for (const auto& [parameter, text] : step.run_parameters)
        if (inner->second.parameters.count(parameter) == 0)
          complain({"runbooks", name, "steps", i, "parameters", parameter}, "unknown_parameter",
                   fmt::format("the runbook {} has no parameter {}", step.run, parameter));
      for (const auto& [parameter, configured] : inner->second.parameters)
        if (configured.required && step.run_parameters.count(parameter) == 0)
          complain({"runbooks", name, "steps", i}, "parameter_missing",
                   fmt::format("the runbook {} needs the parameter {}", step.run, parameter));
    }
  }

  // Workloads that actions name; a template is known only when a plan is made. `NAME@2` is one instance.
  void check_workloads(const std::string& name, const ConfiguredRunbook& runbook) {
    for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
      check_targets({"runbooks", name, "steps", i, "do"}, runbook.steps[i].actions);
      check_targets({"runbooks", name, "steps", i, "undo"}, runbook.steps[i].undo);
    }
  }

  void check_targets(const Way& way, const std::vector<ConfiguredAction>& actions) {
    const auto& workloads = bill_.configuration.supervision.workloads;
    for (const ConfiguredAction& action : actions) {
      if (action.kind != ActionKind::workload) continue;
      for (const auto& [operation, value] : action.args) {
        const std::string* target = value.as_text();
        if (target == nullptr || target->empty() || target->find("{{") != std::string::npos) continue;
        if (workloads.count(target->substr(0, target->find('@'))) != 0) continue;
        complain(
            way, "unknown_name",
            fmt::format("there is no workload {}{}", *target, hint(*target, workloads)));
      }
    }
  }

  void check_environment(const std::string& name, const ConfiguredRunbook& runbook) {
    if (runbook.environment.empty() || bill_.configuration.runbooks.environments.count(runbook.environment) != 0) return;
    complain({"runbooks", name, "environment"}, "unknown_name", fmt::format("there is no environment {}", runbook.environment));
  }

  void check_review(const std::string& name, const ConfiguredRunbook& runbook) {
    if (!options_.today || runbook.reviewed.empty()) return;
    const Result<Instant> reviewed = parse_rfc3339(runbook.reviewed + "T00:00:00Z");
    if (reviewed && *options_.today - *reviewed > review_age_max)
      complain({"runbooks", name, "reviewed"}, "stale_review",
               fmt::format("reviewed on {}, more than 180 days ago", runbook.reviewed), Severity::warning);
  }

  void check_receivers(const std::string& name, const ConfiguredRunbook& runbook) {
    for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
      const std::string& receiver = runbook.steps[i].notify_receiver;
      if (receiver.empty()) continue;
      const std::optional<RoutingConfiguration>& routing = bill_.configuration.routing;
      const Way place{"runbooks", name, "steps", i, "notify", "receiver"};
      if (receiver.find("{{") != std::string::npos)
        complain(place, "not_yet_supported", "this release takes no template here: give the receiver's name");
      else if (!routing || routing->receivers.count(receiver) == 0)
        complain(place, "unknown_name", fmt::format("there is no receiver {} in alertmanager_config", receiver));
    }
  }

  // Mutations after one that cannot be taken back must not ask for what cannot be given.
  void check_irreversible(const std::string& name, const ConfiguredRunbook& runbook) {
    std::optional<std::string> irreversible;
    for (std::size_t i = 0; i < runbook.steps.size(); ++i) {
      const ConfiguredStep& step = runbook.steps[i];
      const OnFailure on_failure = step.on_failure.value_or(runbook.on_failure.value_or(OnFailure::rollback));
      if (step.verb == StepVerb::do_ && irreversible && on_failure == OnFailure::rollback)
        complain({"runbooks", name, "steps", i}, "rollback_after_irreversible",
                 fmt::format("after the irreversible step {} a change says on_failure: hold or fix_forward", *irreversible));
      if (!step.irreversible.empty() && !irreversible) irreversible = step.name;
    }
  }

  void check_unfolded(const std::string& name, const ConfiguredRunbook& runbook) {
    check_irreversible(name, runbook);
    for (std::size_t i = 0; i < runbook.steps.size(); ++i)
      if (runbook.steps[i].timeout.value_or(Duration{}) > action_max && runbook.steps[i].verb != StepVerb::approve)
        complain({"runbooks", name, "steps", i, "timeout"}, "plan_too_slow", "one action takes at most 1h");
    const Unfolded& all = unfolded_[name];
    if (!all.is_complete) return;
    if (all.levels > nesting_max)
      complain({"runbooks", name}, "nesting_too_deep",
               fmt::format("its runs are {} levels deep; at most {}", all.levels, nesting_max));
    if (all.step_count > steps_max)
      complain({"runbooks", name}, "too_many_steps", fmt::format("more than {} steps once its runs are written out", steps_max));
    if (all.longest > plan_max)
      complain({"runbooks", name}, "plan_too_slow",
               fmt::format("it may take {}; a plan takes at most 24h", format_duration(all.longest)));
  }

  void unfold_all() {
    Graph graph;
    for (const auto& [name, runbook] : runbooks_) {
      std::vector<std::string_view>& next = graph[name];
      for (const ConfiguredStep& step : runbook.steps)
        if (step.verb == StepVerb::run) next.push_back(step.run);
    }
    const Walk found = walk(graph);
    for (const std::vector<std::string_view>& circle : found.circles) {
      complain({"runbooks", circle.front()}, "plan_cycle", "runbooks run each other: " + text_of(circle));
      for (const std::string_view name : circle) unfolded_[std::string(name)].is_complete = false;
    }
    for (const std::string_view name : found.order) unfold(std::string(name));
  }

  // What it runs is unfolded already, or part of a circle.
  void unfold(const std::string& name) {
    Unfolded& out = unfolded_[name];
    for (const ConfiguredStep& step : runbooks_.at(name).steps) {
      if (step.verb == StepVerb::run) {
        const auto known = unfolded_.find(step.run);
        if (known == unfolded_.end()) continue;  // unknown_runbook was told
        const Unfolded inner = known->second;
        out.step_count = std::min(out.step_count + inner.step_count, too_much);
        out.timeouts = sum(out.timeouts, inner.timeouts);
        out.longest = sum(out.longest, inner.longest);
        out.levels = std::max(out.levels, inner.levels + 1);
        out.is_complete = out.is_complete && inner.is_complete;
        continue;
      }
      out.step_count = std::min(out.step_count + 1, too_much);
      if (step.verb == StepVerb::approve) continue;
      const Duration timeout = step.timeout.value_or(default_timeout(step.verb));
      out.timeouts = sum(out.timeouts, timeout);
      out.longest = sum(out.longest, sum(timeout, within_of(step)));
    }
  }

  void check_plan(const std::string& alert, std::string_view key, const std::string& name) {
    if (name.empty()) return;
    if (runbooks_.count(name) == 0)
      return complain({"bindings", alert, key}, "plan_unknown",
                      fmt::format("there is no runbook {}{}", name, hint(name, runbooks_)));
    const Unfolded& all = unfolded_[name];
    if (all.is_complete && all.timeouts > bound_plan_max)
      complain({"bindings", alert, key}, "plan_too_slow",
               fmt::format("the time-outs of {} add up to {}; a person on call waits for at most 10m", name,
                           format_duration(all.timeouts)));
  }

  Bill& bill_;
  const LoadOptions& options_;
  const std::map<std::string, ConfiguredRunbook>& runbooks_;
  std::map<std::string, Unfolded> unfolded_;
};

}  // namespace

void check_links(Bill& bill, const LoadOptions& options) {
  Links links(bill, options);
  links.check_runbooks();
  links.check_bindings();
  links.check_hysteresis();
  links.check_alerts();
}

}  // namespace watchbill::config
