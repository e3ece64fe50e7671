#include "core/workload/view.h"

#include "core/workload/relations.h"

namespace watchbill::core::workload {
namespace {

Status status_while_running(const Workload& workload) noexcept {
  const bool is_down = workload.health_live == ProbeHealth::down ||
                       (workload.configuration.ready && workload.health_ready == ProbeHealth::down);
  if (is_down || workload.is_hung) return Status::warn;
  const bool is_unknown = (workload.configuration.ready && workload.health_ready == ProbeHealth::unknown) ||
                          (workload.configuration.live && workload.health_live == ProbeHealth::unknown);
  return is_unknown ? Status::unknown : Status::ok;
}

}  // namespace

Status status_of(const Workload& workload) noexcept {
  switch (workload.state) {
    case WorkloadState::running: return status_while_running(workload);
    case WorkloadState::pending: case WorkloadState::starting: case WorkloadState::backoff: return Status::warn;
    case WorkloadState::stopping: return workload.reason == WorkloadReason::unkillable ? Status::fail : Status::warn;
    case WorkloadState::failed: case WorkloadState::blocked: return Status::fail;
    case WorkloadState::lost: return Status::unknown;
    case WorkloadState::completed: return workload.is_left_stopped ? Status::fail : Status::ok;
    case WorkloadState::stopped: return workload.is_left_stopped || must_rest(workload) ? Status::ok : Status::fail;
  }
  return Status::unknown;
}

bool is_drifted(const Workload& workload) noexcept {
  return is_active(workload) && workload.pid != 0 && workload.running_program != workload.wanted_program;
}

std::vector<std::string> warnings_of(const Workload& workload) {
  std::vector<std::string> warnings;
  if (is_drifted(workload)) warnings.push_back("drifted");
  if (workload.exit_is_unseen) warnings.push_back("exit_unseen");
  if (workload.has_failed_hook) warnings.push_back("hook_failed");
  if (workload.is_held) warnings.push_back("restarts_held");
  return warnings;
}

}  // namespace watchbill::core::workload
