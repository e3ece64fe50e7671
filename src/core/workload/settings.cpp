// What the bill, holds and epochs mean for workloads; archiving; the full scan.
#include <algorithm>

#include "core/workload/apply.h"
#include "core/workload/orders.h"
#include "core/workload/steps.h"

namespace watchbill::core::workload {
namespace {

bool is_held(const Supervisor& supervisor, const Workload& workload) {
  return std::any_of(supervisor.holds.begin(), supervisor.holds.end(), [&](const std::string& scope) {
    return scope == "all" || scope == "workload/" + workload.configured_name;
  });
}

// Fills what orders are compared by, after settings, namespace or holds have changed.
void settle_terms(const Supervisor& supervisor, Workload& workload) {
  workload.is_held = is_held(supervisor, workload);
  workload.wanted_program = program_digest(workload.configuration);
  workload.wanted_terms = terms_digest(workload.configuration, supervisor.configuration.name_space, workload.is_held);
}

std::vector<std::string> instance_names(const std::string& name, std::uint32_t instances) {
  if (instances <= 1) return {name};
  std::vector<std::string> names;
  for (std::uint32_t i = 1; i <= instances; ++i) names.push_back(name + "@" + std::to_string(i));
  return names;
}

// A program that runs on with old settings is restarted or signalled where the bill says so.
void reload(Workload& workload) {
  if (!is_active(workload) || workload.running_program == workload.wanted_program) return;
  switch (workload.configuration.on_change) {
    case OnChange::keep: return;
    case OnChange::restart:
      if (workload.owed != Owed::nothing || workload.state == WorkloadState::stopping) return;
      workload.owed = Owed::restart;
      workload.owed_reason = WorkloadReason::configuration;
      return;
    case OnChange::signal: workload.owes_signal = true; return;
  }
}

void declare(State& state, const std::string& instance, const std::string& name, const WorkloadConfiguration& configuration,
             const Applying& applying) {
  const bool is_new = !state.workloads.contains(instance);
  Workload& workload = state.workloads.edit_or_insert(instance);
  const bool was_other = !(workload.configuration == configuration);
  workload.configuration = configuration;
  workload.configured_name = name;
  workload.is_withdrawn = false;
  if (is_new) workload.since = applying.at;
  settle_terms(supervisor_of(state), workload);
  if (!is_new && was_other) reload(workload);
}

void rebuild_dependents(State& state) {
  state.dependents.clear();
  state.workloads.each([&](const std::string& name, const Workload& workload) {
    for (const auto& [other, condition] : workload.configuration.requirements) state.dependents[other].insert(name);
    for (const std::string& other : workload.configuration.after) state.dependents[other].insert(name);
    return true;
  });
}

void take_probes(State& state, const std::map<std::string, ProbeConfiguration>& probes, Instant now) {
  std::vector<std::string> gone;
  state.probes.each([&](const std::string& name, const WatchedProbe&) {
    if (!probes.contains(name)) gone.push_back(name);
    return true;
  });
  for (const std::string& name : gone) state.probes.erase(name);
  for (const auto& [name, probe] : probes)
    if (!state.probes.contains(name)) state.probes.edit_or_insert(name).since = now;
}

}  // namespace

void take_configuration(State& state, const WorkloadsConfiguration& configuration, const Applying& applying) {
  state.supervisor.edit_or_insert(std::string(local_host)).configuration = configuration.supervisor;
  std::set<std::string> declared;
  for (const auto& [name, workload] : configuration.workloads)
    for (const std::string& instance : instance_names(name, workload.instances)) {
      declared.insert(instance);
      declare(state, instance, name, workload, applying);
    }
  std::vector<std::string> withdrawn;
  state.workloads.each([&](const std::string& name, const Workload&) {
    if (!declared.contains(name)) withdrawn.push_back(name);
    return true;
  });
  for (const std::string& name : withdrawn) state.workloads.edit(name).is_withdrawn = true;
  take_probes(state, configuration.probes, applying.at);
  rebuild_dependents(state);
  reindex_all(state, applying.schedule);
}

void take_hold(State& state, const std::string& scope, bool is_set, const Applying& applying) {
  if (scope != "all" && std::string_view(scope).substr(0, 9) != "workload/") return;
  Supervisor& supervisor = state.supervisor.edit_or_insert(std::string(local_host));
  std::erase(supervisor.holds, scope);
  if (is_set) supervisor.holds.push_back(scope);
  std::sort(supervisor.holds.begin(), supervisor.holds.end());
  std::vector<std::string> changed;
  state.workloads.each([&](const std::string& name, const Workload& workload) {
    if (workload.is_held != is_held(supervisor, workload)) changed.push_back(name);
    return true;
  });
  for (const std::string& name : changed) {
    settle_terms(supervisor, state.workloads.edit(name));
    reindex(state, name, applying.schedule);
  }
}

void take_epoch(State& state, Epoch epoch, const Applying& applying) {
  Supervisor& supervisor = state.supervisor.edit_or_insert(std::string(local_host));
  supervisor.epoch = epoch;
  supervisor.closing_until.reset();
  reindex_all(state, applying.schedule);
}

void apply_archived(State& state, const std::string& name, const Applying& applying) {
  const bool erased = state.workloads.erase(name);
  WB_ASSERT(erased, "only a workload that is kept is archived");
  rebuild_dependents(state);
  applying.schedule.ready.remove(subject_for(name));
  applying.schedule.deadlines.remove(subject_for(name));
  // A dependent that waited for it may go on.
  reindex_all(state, applying.schedule);
}

void rebuild(State& state, Schedule& schedule) {
  rebuild_dependents(state);
  reindex_all(state, schedule);
}

}  // namespace watchbill::core::workload
