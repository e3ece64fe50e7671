// What a run owes the world and when it has to look at itself again: both follow from its state alone.
#pragma once

#include <optional>
#include <string>

#include "core/plan/state.h"
#include "model/effect.h"
#include "model/limits.h"
#include "model/schedule.h"

namespace watchbill::core::plan {

// The names under which the run's effects stand in the ready index: "RUN/WORD/WHICH", at most its own work and the end of an exec
// that was cancelled. A name never comes back with another meaning, so what a driver was given before is not confused with it.
struct Owed {
  std::string name;
  Instant at;
};
[[nodiscard]] std::vector<Owed> owed_by(const std::string& id, const Run& run, const Plan& plan);

// When the run decides by itself if nobody reports before; never when it waits for people or ends.
[[nodiscard]] Instant deadline_of(const Run& run, const Plan& plan, const Limits& limits);

// The effect of a name that owed_by gave.
[[nodiscard]] Effect effect_of(const State& state, const std::string& name);

// The action whose outcome the run waits for, or probes; null when it waits for none.
[[nodiscard]] const PlanAction* open_action(const Run& run, const Plan& plan);

// The host ("" is the controller's own) on which the effect of this name acts; nothing for questions. Of effects that act on one
// host only some are given out at a time.
[[nodiscard]] std::optional<std::string> acting_host(const State& state, const std::string& name);

}  // namespace watchbill::core::plan
