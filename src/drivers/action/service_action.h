// The action `service`: which unit it changes how, and what a unit's state says about it. Pure. Source: domain/plans.md §3.3, §4.
#pragma once

#include <optional>
#include <string>

#include "model/command_effect.h"
#include "model/effect.h"
#include "ports/units.h"

namespace watchbill::drivers::action {

// The unit of an action; a name without a suffix is one of a service, as for systemctl.
[[nodiscard]] std::string unit_of(const PlanAction& action);
// Nothing when `state` is none of started, stopped and restarted.
[[nodiscard]] std::optional<ports::UnitVerb> verb_of(const PlanAction& action);

// What looking finds: `active_state`, and `invocation_id` of a unit that was ever started.
[[nodiscard]] PlanValues former_of(const ports::UnitState& unit);

// Whether the unit is as the action asks. Restarted is one that is active under another invocation than `former` tells; without
// that it cannot be told from one that was never touched.
[[nodiscard]] bool is_as_asked(const PlanAction& action, const ports::UnitState& unit, const PlanValues& former);

// The built-in observation of an effect whose outcome is not known and which runs nowhere any more; nothing when it cannot tell.
// To start or to stop again what is at rest does what was asked, so it counts as absent; a restart only when the unit is exactly
// what it was before.
[[nodiscard]] std::optional<ProbeFinding> finding_of(const ProbeAction& probe, const ports::UnitState& unit);

// The outcome of an attempt. Ids and the run are left to the caller. Reasons: unit_failed, unit_refused, unit_unknown with what
// the init system said; unit_not_restarted.
[[nodiscard]] NoteOutcome outcome_of(const RunAction& action, const ports::UnitOutcome& end);

}  // namespace watchbill::drivers::action
