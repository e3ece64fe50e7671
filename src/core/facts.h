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
[[nodiscard]] control::Facts control_facts(const Actor& actor);
[[nodiscard]] route::Facts route_facts(const Actor& actor);
[[nodiscard]] workload::Facts workload_facts(const Actor& actor);

// Holds and targets as runs see them. Lives no longer than `state`.
[[nodiscard]] plan::Facts plan_facts(const State& state, const Actor& actor);
// The mitigation that this alert would get now. Lives no longer than `state`.
[[nodiscard]] binding::Facts binding_facts(const State& state, const ConsiderBinding& command, const Context& context);

}  // namespace watchbill::core
