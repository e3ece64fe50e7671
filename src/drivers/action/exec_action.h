// The action `exec`: the one-shot process that it is, and what its end means. Pure. Source: domain/plans.md §3.3 exec.
#pragma once

#include <optional>

#include "drivers/action/http_action.h"
#include "model/effect.h"
#include "ports/one_shot.h"

namespace watchbill::drivers::action {

// What of an effect its process is told.
struct ExecPlace {
  const RunPlace& place;
  Direction direction{Direction::do_};
  const EffectId& effect_id;
  std::uint32_t attempt{1};
  std::uint64_t fence{0};
};

// The process of an action whose secrets are open. Nothing when it names no program. `timeout` is more than 0.
[[nodiscard]] std::optional<ports::OneShot> one_shot_of(const PlanAction& action, const ExecPlace& place, Duration timeout);

// The outcome of an attempt: exit 0 succeeded, 75 failed and retryable, every other end failed; refused by the keeper for want of
// room or reach is retryable; nobody knows, and KILL did not end it, are unknown. Ids and the run are left to the caller.
[[nodiscard]] NoteOutcome outcome_of(const ports::OneShotOutcome& end);

// The answer of one that only asks: exit 0 true, 75 and what did not run no_data, else false.
[[nodiscard]] Judged judge(const ports::OneShotOutcome& end);

}  // namespace watchbill::drivers::action
