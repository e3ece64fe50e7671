#include "core/plan/state.h"

namespace watchbill::core::plan {

const RunbookConfiguration* configuration_of(const State& state) { return state.configuration.find(""); }

const Plan& plan_of(const State& state, const Run& run) {
  const KeptPlan* kept = state.plans.find(run.plan);
  WB_ASSERT(kept != nullptr, "a plan stays as long as a run of it");
  return kept->plan;
}

std::optional<std::size_t> present_step(const Run& run) {
  if (run.state == RunState::awaiting_approval || run.state == RunState::queued || is_terminal(run.state)) return std::nullopt;
  std::optional<std::size_t> waiting;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    switch (run.steps[i].state) {
      case StepState::acting: case StepState::verifying: case StepState::unknown: case StepState::undoing:
      case StepState::undo_failed: case StepState::looking:
        return i;
      case StepState::not_started:
        if (!waiting) waiting = i;
        break;
      case StepState::done: case StepState::skipped: case StepState::failed: case StepState::undone: case StepState::left: break;
    }
  }
  // Whoever takes back begins no step.
  return run.cause.empty() ? waiting : std::nullopt;
}

StepState state_of_step(const Run& run, const Plan& plan, std::size_t step) {
  const StepState stored = run.steps[step].state;
  const bool is_its_turn = run.state == RunState::running && stored == StepState::not_started && present_step(run) == step;
  return is_its_turn && plan.steps[step].verb == StepVerb::do_ ? StepState::looking : stored;
}

std::optional<std::size_t> step_index(const Plan& plan, std::string_view path) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    if (plan.steps[i].path == path) return i;
  return std::nullopt;
}

std::optional<int> exit_code_of(const Run& run) {
  switch (run.state) {
    case RunState::awaiting_approval: case RunState::queued: case RunState::running: case RunState::compensating:
    case RunState::outcome_unknown:
      return std::nullopt;
    case RunState::held: return run.held_for == HeldFor::outcome_unknown ? 5 : 1;
    case RunState::done: return 0;
    case RunState::failed: case RunState::compensated: case RunState::left: return 1;
    case RunState::refused: return run.reason == word(Refusal::queue_full) || run.reason == "queue_expired" ? 4 : 3;
    case RunState::aborted: return 3;
  }
  return std::nullopt;
}

}  // namespace watchbill::core::plan
