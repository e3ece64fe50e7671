#include "core/react.h"

#include <array>

#include "core/react_pages.h"
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

constexpr std::array<Reaction, 40> table{{
    {AlertFired::type, ConsiderBinding::type, consider_binding},
    {AlertResolved::type, NoteNotNeeded::type, note_not_needed},
    {BindingRefused::type, SetHold::type, hold_used_up_binding},
    {BindingTriggered::type, ProposeMitigation::type, propose_mitigation},
    {CommandRefused::type, NoteOutcome::type, fail_refused_workload},
    {CompensationStarted::type, ClearAlert::type, clear_held_run},
    {ConfigAccepted::type, ClearAlert::type, clear_gone_channels},
    {ConfigAccepted::type, RecheckPlan::type, recheck_waiting_runs},
    {EffectFailed::type, ClearAlert::type, clear_held_run},
    {EffectFoundAbsent::type, ClearAlert::type, clear_held_run},
    {EffectFoundDone::type, ClearAlert::type, clear_held_run},
    {EffectIntended::type, NoteOutcome::type, note_workload_as_asked},
    {EffectIntended::type, RestartWorkload::type, restart_workload},
    {EffectIntended::type, StartWorkload::type, start_workload},
    {EffectIntended::type, StopWorkload::type, stop_workload},
    {EffectOutcomeUnknown::type, NoteOutcome::type, note_workload_found},
    {EffectSucceeded::type, ClearAlert::type, clear_held_run},
    {EpochStarted::type, SetHold::type, hold_when_clock_is_behind},
    {EpochStarted::type, TakeOverRun::type, take_over_runs},
    {HoldReleased::type, ClearAlert::type, clear_held_binding},
    {HoldReleased::type, GoOn::type, go_on_after_release},
    {HoldSet::type, NoteHold::type, note_hold},
    {HoldSet::type, RaiseAlert::type, page_held_binding},
    {LockReleased::type, GoOn::type, start_waiting_runs},
    {NotificationFailed::type, RaiseAlert::type, page_undelivered},
    {NotificationSent::type, ClearAlert::type, clear_undelivered},
    {OutcomeAnswered::type, ClearAlert::type, clear_held_run},
    {PlanCancelled::type, ClearAlert::type, clear_held_run},
    {PlanCancelled::type, GoOn::type, start_runs_behind},
    {PlanFailed::type, ClearAlert::type, clear_held_run},
    {PlanHeld::type, RaiseAlert::type, page_held_run},
    {PlanHeld::type, SetHold::type, hold_failed_binding},
    {PlanLeft::type, ClearAlert::type, clear_held_run},
    {PlanRefused::type, GoOn::type, start_runs_behind},
    {PlanResumed::type, ClearAlert::type, clear_held_run},
    {RestartBudgetExhausted::type, RaiseAlert::type, page_failed_workload},
    {StepIntended::type, RequestNotification::type, send_notice},
    {WorkloadStarted::type, NoteOutcome::type, note_workload_changed},
    {WorkloadStateChanged::type, ClearAlert::type, clear_failed_workload},
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
