#include "app/probe_targets.h"

#include "core/workload/relations.h"

namespace watchbill::app {
namespace {

using core::workload::Workload;
using drivers::agent::ProbeTarget;

// `exec_user` runs the commands that probe a systemd unit, whose own user only systemd knows.
ProbeTarget target_of(const std::string& name, const Workload& workload, ProbeRole role, const ProbeConfiguration& probe,
                      ProbeHealth believed, const std::string& exec_user) {
  ProbeTarget target{name, role, workload.incarnation, believed, probe, {}};
  if (probe.kind != ProbeKind::exec) return target;
  const WorkloadConfiguration& configuration = workload.configuration;
  target.program.environment = configuration.environment;
  target.program.environment_file = configuration.environment_file;
  target.program.directory = configuration.directory;
  target.program.user = configuration.unit.empty() ? configuration.user : exec_user;
  target.program.umask = configuration.umask;
  return target;
}

void add_targets(const std::string& name, const Workload& workload, const std::string& exec_user,
                 std::vector<ProbeTarget>& targets) {
  const WorkloadConfiguration& configuration = workload.configuration;
  const auto add = [&](ProbeRole role, const std::optional<ProbeConfiguration>& probe, ProbeHealth believed) {
    if (probe) targets.push_back(target_of(name, workload, role, *probe, believed, exec_user));
  };
  // No process yet, or none that could answer.
  if (workload.pid == 0) return;
  if (workload.state == WorkloadState::starting) add(ProbeRole::started, configuration.started, workload.health_started);
  if (workload.state != WorkloadState::running) return;
  add(ProbeRole::live, configuration.live, workload.health_live);
  add(ProbeRole::ready, configuration.ready, workload.health_ready);
}

}  // namespace

std::vector<ProbeTarget> probe_targets(const core::State& state, const std::map<std::string, ProbeConfiguration>& watched) {
  std::vector<ProbeTarget> targets;
  const auto& supervisor = core::workload::supervisor_of(state.workload).configuration;
  state.workload.workloads.each([&](const std::string& name, const Workload& workload) {
    add_targets(name, workload, supervisor.exec_user, targets);
    return true;
  });
  for (const auto& [name, probe] : watched) {
    const core::workload::WatchedProbe* known = state.workload.probes.find(name);
    if (known == nullptr) continue;  // of a bill that is not recorded yet
    ProbeTarget target{name, ProbeRole::watched, 0, known->health, probe, {}};
    target.program.directory = "/";
    target.program.user = supervisor.exec_user;
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace watchbill::app
