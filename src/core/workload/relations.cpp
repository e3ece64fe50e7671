#include "core/workload/relations.h"

#include <algorithm>

namespace watchbill::core::workload {
namespace {

constexpr std::string_view group_prefix = "group:";
constexpr std::string_view everything = "*";

bool is_dependency_settled(const State& state, const Workload& dependency) {
  // One that is about to be stopped or restarted is not what the dependent is waiting for.
  return dependency.owed == Owed::nothing && !wants_stop(state, dependency);
}

bool condition_holds(const State& state, const Workload& dependency, DependencyCondition condition) {
  switch (condition) {
    case DependencyCondition::completed: return dependency.state == WorkloadState::completed;
    case DependencyCondition::ready: return is_dependency_settled(state, dependency) && is_ready(dependency);
    case DependencyCondition::started:
      return dependency.state == WorkloadState::completed ||
             (is_dependency_settled(state, dependency) && dependency.state == WorkloadState::running);
  }
  return false;
}

// Calls visit(workload) for the instances of every name until it gives false; gives false then.
template <class Names, class Visit>
bool each_named(const State& state, const Names& names, Visit&& visit) {
  for (const auto& name : names)
    for (const std::string& instance : instances_of(state, name))
      if (!visit(*state.workloads.find(instance))) return false;
  return true;
}

std::vector<std::string> names_of(const std::map<std::string, DependencyCondition>& requirements) {
  std::vector<std::string> names;
  for (const auto& [name, condition] : requirements) names.push_back(name);
  return names;
}

}  // namespace

const Supervisor& supervisor_of(const State& state) {
  static const Supervisor none;
  const Supervisor* supervisor = state.supervisor.find(std::string(local_host));
  return supervisor == nullptr ? none : *supervisor;
}

bool is_active(const Workload& workload) noexcept {
  switch (workload.state) {
    case WorkloadState::starting: case WorkloadState::running: case WorkloadState::backoff: case WorkloadState::stopping:
      return true;
    case WorkloadState::pending: case WorkloadState::blocked: case WorkloadState::stopped: case WorkloadState::completed:
    case WorkloadState::failed: case WorkloadState::lost: return false;
  }
  return false;
}

bool is_at_rest(const Workload& workload) noexcept {
  return !is_active(workload) && workload.state != WorkloadState::pending && workload.state != WorkloadState::blocked;
}

bool must_rest(const Workload& workload) noexcept { return workload.is_withdrawn || workload.configuration.is_disabled; }

bool is_ready(const Workload& workload) noexcept {
  const bool is_up = !workload.configuration.ready || workload.health_ready == ProbeHealth::up;
  return workload.state == WorkloadState::running && is_up && !workload.is_hung;
}

bool wants_stop(const State& state, const Workload& workload) noexcept {
  return workload.owed == Owed::stop || must_rest(workload) || supervisor_of(state).closing_until.has_value();
}

std::vector<std::string> instances_of(const State& state, const std::string& configured_name) {
  if (state.workloads.contains(configured_name)) return {configured_name};
  std::vector<std::string> names;
  state.workloads.each_from(configured_name + "@", [&](const std::string& name, const Workload& workload) {
    if (workload.configured_name == configured_name) names.push_back(name);
    return workload.configured_name == configured_name;
  });
  return names;
}

std::vector<std::string> named_by(const State& state, const std::string& name) {
  const bool is_group = std::string_view(name).substr(0, group_prefix.size()) == group_prefix;
  if (!is_group && name != everything) return instances_of(state, name);
  std::vector<std::string> names;
  state.workloads.each([&](const std::string& key, const Workload& workload) {
    if (!is_group || workload.configuration.group == name.substr(group_prefix.size())) names.push_back(key);
    return true;
  });
  return names;
}

std::vector<std::string> dependents_of(const State& state, const Workload& workload) {
  const auto at = state.dependents.find(workload.configured_name);
  return at == state.dependents.end() ? std::vector<std::string>()
                                      : std::vector<std::string>(at->second.begin(), at->second.end());
}

std::vector<std::string> dependencies_of(const State& state, const Workload& workload) {
  std::set<std::string> names;
  const auto add = [&](const std::string& configured) {
    for (std::string& instance : instances_of(state, configured)) names.insert(std::move(instance));
  };
  for (const auto& [name, condition] : workload.configuration.requirements) add(name);
  for (const std::string& name : workload.configuration.after) add(name);
  return {names.begin(), names.end()};
}

std::string failed_dependency(const State& state, const Workload& workload) {
  std::string failed;
  each_named(state, names_of(workload.configuration.requirements), [&](const Workload& dependency) {
    if (dependency.state == WorkloadState::failed) failed = dependency.configured_name;
    return failed.empty();
  });
  return failed;
}

bool may_start(const State& state, const Workload& workload) {
  for (const auto& requirement : workload.configuration.requirements) {
    const std::vector<std::string> instances = instances_of(state, requirement.first);
    const bool holds = !instances.empty() && std::all_of(instances.begin(), instances.end(), [&](const std::string& instance) {
      return condition_holds(state, *state.workloads.find(instance), requirement.second);
    });
    if (!holds) return false;
  }
  return each_named(state, workload.configuration.after, [&](const Workload& other) {
    const bool is_on_its_way = other.state == WorkloadState::pending || other.state == WorkloadState::starting ||
                               other.owed == Owed::start || other.owed == Owed::restart;
    return !is_on_its_way || wants_stop(state, other);
  });
}

bool may_stop(const State& state, const Workload& workload) {
  for (const std::string& name : dependents_of(state, workload)) {
    const Workload& dependent = *state.workloads.find(name);
    const bool goes_down = wants_stop(state, dependent) || dependent.owed == Owed::restart ||
                           (dependent.state == WorkloadState::stopping && dependent.ending == Ending::stay);
    if (is_active(dependent) && goes_down) return false;
  }
  return true;
}

}  // namespace watchbill::core::workload
