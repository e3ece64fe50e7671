// What each area may know of the others when it decides: filled here, declared by the areas.
#pragma once

#include "core/alert/alert.h"
#include "core/control/hold.h"
#include "core/route/delivery.h"
#include "core/state.h"

namespace watchbill::core {

// What the actor's roles allow in each area.
[[nodiscard]] alert::Facts alert_facts(const Actor& actor);
[[nodiscard]] control::Facts control_facts(const Actor& actor);
[[nodiscard]] route::Facts route_facts(const Actor& actor);
[[nodiscard]] workload::Facts workload_facts(const Actor& actor);

}  // namespace watchbill::core
