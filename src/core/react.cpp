#include "core/react.h"

#include <array>

#include "core/react_runs.h"
#include "core/react_workloads.h"

namespace watchbill::core {
namespace {

// A journal from the future (a clock that was wrong, a restored disk): deadlines of the last records lie ahead of the present, so
// nothing may act on them until a person has looked.
constexpr Duration clock_ahead_max = Duration::hours(1);

void hold_when_clock_is_behind(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& started = std::get<EpochStarted>(event);
  if (started.clock_ahead <= clock_ahead_max || state.control.holds.contains("all")) return;
  SetHold hold;
  hold.scope = "all";
  hold.reason = "the last record is " + format_duration(started.clock_ahead) + " ahead of the wall clock";
  commands.push_back(Command{hold, engine_actor("clock"), std::nullopt, std::nullopt, {}});
}

constexpr const char* workload_failed = "WorkloadFailed";

// A workload that has used up its restarts stays down until a person acts: somebody must be told.
void alert_when_budget_is_exhausted(const State&, const Event& event, std::vector<Command>& commands) {
  RaiseAlert alert;
  alert.annotations["summary"] = "it ended too often and is not restarted any more";
  alert.name = workload_failed;
  alert.subject = std::get<RestartBudgetExhausted>(event).workload;
  alert.subject_label = "workload";
  commands.push_back(Command{alert, engine_actor("workload"), std::nullopt, std::nullopt, {}});
}

void clear_when_a_failed_workload_goes_on(const State&, const Event& event, std::vector<Command>& commands) {
  const auto& changed = std::get<WorkloadStateChanged>(event);
  if (changed.from != WorkloadState::failed) return;
  ClearAlert clear;
  clear.name = workload_failed;
  clear.subject = changed.workload;
  clear.subject_label = "workload";
  commands.push_back(Command{clear, engine_actor("workload"), std::nullopt, std::nullopt, {}});
}

constexpr std::array<Reaction, 24> table{{
    {AlertFired::type, ConsiderBinding::type, consider_binding},
    {AlertResolved::type, NoteNotNeeded::type, note_not_needed},
    {BindingRefused::type, SetHold::type, hold_used_up_binding},
    {BindingTriggered::type, ProposeMitigation::type, propose_mitigation},
    {CommandRefused::type, NoteOutcome::type, fail_refused_workload},
    {ConfigAccepted::type, RecheckPlan::type, recheck_waiting_runs},
    {EffectIntended::type, NoteOutcome::type, note_workload_as_asked},
    {EffectIntended::type, RestartWorkload::type, restart_workload},
    {EffectIntended::type, StartWorkload::type, start_workload},
    {EffectIntended::type, StopWorkload::type, stop_workload},
    {EffectOutcomeUnknown::type, NoteOutcome::type, note_workload_found},
    {EpochStarted::type, SetHold::type, hold_when_clock_is_behind},
    {EpochStarted::type, TakeOverRun::type, take_over_runs},
    {HoldReleased::type, GoOn::type, go_on_after_release},
    {HoldSet::type, NoteHold::type, note_hold},
    {LockReleased::type, GoOn::type, start_waiting_runs},
    {PlanCancelled::type, GoOn::type, start_runs_behind},
    {PlanHeld::type, SetHold::type, hold_failed_binding},
    {PlanRefused::type, GoOn::type, start_runs_behind},
    {RestartBudgetExhausted::type, RaiseAlert::type, alert_when_budget_is_exhausted},
    {StepIntended::type, RequestNotification::type, send_notice},
    {WorkloadStarted::type, NoteOutcome::type, note_workload_changed},
    {WorkloadStateChanged::type, ClearAlert::type, clear_when_a_failed_workload_goes_on},
    {WorkloadStateChanged::type, NoteOutcome::type, note_workload_changed},
}};

}  // namespace

std::span<const Reaction> reactions() noexcept { return table; }

std::string reaction_map() {
  std::string out;
  for (const Reaction& row : table) out.append(row.type).append(" -> ").append(row.command).append("\n");
  return out;
}

}  // namespace watchbill::core
