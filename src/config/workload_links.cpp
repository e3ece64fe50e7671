// Workloads that name workloads: what exists, and that no two wait for each other.
#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/bill.h"
#include "config/walk.h"

namespace watchbill::config {
namespace {

using Workloads = std::map<std::string, WorkloadConfiguration>;

class Links {
 public:
  explicit Links(Bill& bill) : bill_(bill), workloads_(bill.configuration.supervision.workloads) {}

  void check() {
    for (const auto& [name, workload] : workloads_) {
      for (const auto& [other, condition] : workload.requirements) check_name(name, "requires", other, Step(other));
      for (std::size_t i = 0; i < workload.after.size(); ++i) check_name(name, "after", workload.after[i], Step(i));
      for (std::size_t i = 0; i < workload.wants.size(); ++i) check_name(name, "wants", workload.wants[i], Step(i));
    }
    check_cycles();
    check_units();
  }

  void complain(const Way& way, std::string_view code, std::string text) {
    bill_.report.add(bill_.sections.finding(way, code, std::move(text), bill_.files.front()));
  }

 private:
  void check_name(const std::string& name, std::string_view key, const std::string& other, const Step& last) {
    if (other.empty() || workloads_.count(other) != 0) return;
    std::vector<std::string_view> names;
    // Not for a finding that is only counted: it costs a look at every name.
    if (!bill_.report.is_full())
      for (const auto& [each, workload] : workloads_) names.push_back(each);
    const std::string_view nearest = nearest_spelling(other, names);
    complain({"workloads", name, key, last}, "unknown_name",
             fmt::format("there is no workload {}{}", other, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
  }

  void check_cycles() {
    Graph graph;
    for (const auto& [name, workload] : workloads_) {
      std::vector<std::string_view>& next = graph[name];
      for (const auto& [other, condition] : workload.requirements) next.push_back(other);
      next.insert(next.end(), workload.after.begin(), workload.after.end());
    }
    for (const std::vector<std::string_view>& circle : walk(graph).circles) {
      const std::string last(circle.back());
      const bool is_required = workloads_.at(last).requirements.count(std::string(circle.front())) != 0;
      complain({"workloads", last, is_required ? "requires" : "after"}, "dependency_cycle",
               "workloads wait for each other: " + text_of(circle));
    }
  }

  void check_units() {
    std::map<std::string_view, std::string_view> by_unit;
    for (const auto& [name, workload] : workloads_) {
      if (workload.unit.empty()) continue;
      const auto [first, is_new] = by_unit.emplace(workload.unit, name);
      if (!is_new)
        complain({"workloads", name, "unit"}, "unit_twice",
                 fmt::format("{} is the workload {} already: whoever stops one stops both", workload.unit, first->second));
    }
  }

  Bill& bill_;
  const Workloads& workloads_;
};

bool runs_exec(const Configuration& configuration) {
  const auto is_exec = [](const ConfiguredAction& action) { return action.kind == ActionKind::exec; };
  for (const auto& [name, probe] : configuration.supervision.probes)
    if (probe.kind == ProbeKind::exec) return true;
  const auto is_exec_probe = [](const std::optional<ProbeConfiguration>& probe) {
    return probe && probe->kind == ProbeKind::exec;
  };
  for (const auto& [name, workload] : configuration.supervision.workloads)
    if (!workload.unit.empty() &&
        (is_exec_probe(workload.started) || is_exec_probe(workload.live) || is_exec_probe(workload.ready)))
      return true;
  for (const auto& [name, runbook] : configuration.runbooks.runbooks)
    for (const ConfiguredStep& step : runbook.steps)
      if (std::any_of(step.actions.begin(), step.actions.end(), is_exec) ||
          std::any_of(step.undo.begin(), step.undo.end(), is_exec) || (step.verify && is_exec(step.verify->action)) ||
          (step.verify_undo && is_exec(step.verify_undo->action)))
        return true;
  return false;
}

}  // namespace

void check_workload_links(Bill& bill, const LoadOptions& options) {
  Links links(bill);
  links.check();
  if (!options.keeper_is_root) return;
  for (const auto& [name, workload] : bill.configuration.supervision.workloads)
    if (workload.user.empty() && workload.unit.empty())
      links.complain({"workloads", name}, "user_required", "the keeper runs as root: say as whom this runs, user: NAME");
  if (bill.configuration.supervision.supervisor.exec_user.empty() && runs_exec(bill.configuration))
    links.complain({"supervisor", "exec_user"}, "user_required",
                   "the keeper runs as root: say as whom exec actions and probes run");
}

}  // namespace watchbill::config
