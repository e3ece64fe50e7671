// What each area may know of the others when it decides: filled here, declared by the areas.
#pragma once

#include "core/alert/alert.h"
#include "core/control/hold.h"
#include "core/route/delivery.h"
#include "core/plan/facts.h"
#include "core/state.h"
#include "model/decide.h"

namespace watchbill::core {

// What the actor's roles allow in each area.
[[nodiscard]] alert::Facts alert_facts(const Actor& actor);
[[nodiscard]] route::Facts route_facts(const Actor& actor);
[[nodiscard]] workload::Facts workload_facts(const Actor& actor);

// The same, and whether the scope of a person's hold names something: all; a binding or workload of the bill; a host of it; a run
// that has not ended; a target of another kind that runs can have. Before the first bill nothing is known, and all may be held.
[[nodiscard]] control::Facts control_facts(const State& state, const Actor& actor, const SetHold& command);
[[nodiscard]] control::Facts control_facts(const State& state, const Actor& actor, const ReleaseHold& command);

// Holds and targets as runs see them. Lives no longer than `state`.
[[nodiscard]] plan::Facts plan_facts(const State& state, const Actor& actor);
// The mitigation that this alert would get now. Lives no longer than `state`.
[[nodiscard]] binding::Facts binding_facts(const State& state, const ConsiderBinding& command, const Context& context);

}  // namespace watchbill::core
