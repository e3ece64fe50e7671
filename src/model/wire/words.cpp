#include "model/wire/reports.h"

namespace watchbill::model::wire {

std::string_view word(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::hello_required: return "hello_required";
    case Refusal::version_unsupported: return "version_unsupported";
    case Refusal::stale_epoch: return "stale_epoch";
    case Refusal::malformed: return "malformed";
    case Refusal::too_large: return "too_large";
    case Refusal::unknown_workload: return "unknown_workload";
    case Refusal::already_running: return "already_running";
    case Refusal::not_running: return "not_running";
    case Refusal::stale_incarnation: return "stale_incarnation";
    case Refusal::stale_attempt: return "stale_attempt";
    case Refusal::group_not_empty: return "group_not_empty";
    case Refusal::invalid_name: return "invalid_name";
    case Refusal::invalid_order: return "invalid_order";
    case Refusal::user_required: return "user_required";
    case Refusal::user_not_permitted: return "user_not_permitted";
    case Refusal::too_many_workloads: return "too_many_workloads";
    case Refusal::too_many_processes: return "too_many_processes";
    case Refusal::exec_failed: return "exec_failed";
    case Refusal::closing: return "closing";
  }
  return "malformed";
}

std::string_view word(State state) noexcept {
  switch (state) {
    case State::idle: return "idle";
    case State::running: return "running";
    case State::stopping: return "stopping";
    case State::backoff: return "backoff";
    case State::stopped: return "stopped";
    case State::completed: return "completed";
    case State::failed: return "failed";
    case State::lost: return "lost";
  }
  return "lost";
}

}  // namespace watchbill::model::wire
