#include "core/react.h"

#include <array>

#include "core/react_runs.h"

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

constexpr std::array<Reaction, 14> table{{
    {AlertFired::type, ConsiderBinding::type, consider_binding},
    {AlertResolved::type, NoteNotNeeded::type, note_not_needed},
    {BindingRefused::type, SetHold::type, hold_used_up_binding},
    {BindingTriggered::type, ProposeMitigation::type, propose_mitigation},
    {ConfigAccepted::type, RecheckPlan::type, recheck_waiting_runs},
    {EpochStarted::type, SetHold::type, hold_when_clock_is_behind},
    {EpochStarted::type, TakeOverRun::type, take_over_runs},
    {HoldReleased::type, GoOn::type, go_on_after_release},
    {HoldSet::type, NoteHold::type, note_hold},
    {LockReleased::type, GoOn::type, start_waiting_runs},
    {PlanCancelled::type, GoOn::type, start_runs_behind},
    {PlanHeld::type, SetHold::type, hold_failed_binding},
    {PlanRefused::type, GoOn::type, start_runs_behind},
    {StepIntended::type, RequestNotification::type, send_notice},
}};

}  // namespace

std::span<const Reaction> reactions() noexcept { return table; }

std::string reaction_map() {
  std::string out;
  for (const Reaction& row : table) out.append(row.type).append(" -> ").append(row.command).append("\n");
  return out;
}

}  // namespace watchbill::core
