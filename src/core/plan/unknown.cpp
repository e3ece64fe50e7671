#include "core/plan/course.h"
#include "core/plan/plan.h"
#include "core/plan/reports.h"

namespace watchbill::core::plan {
namespace {

const PlanAction& action_of(const Draft& draft, std::size_t index) {
  const PlanStep& step = draft.plan().steps[index];
  const bool is_undo = draft.run().effect->direction == Direction::undo;
  return (is_undo ? step.undo->actions : step.actions)[draft.progress(index).actions_done];
}

// It did not happen: the same effect under the same id again, unless people have asked for something else meanwhile.
void send_again(Draft& draft, std::size_t index) {
  const OpenEffect effect = *draft.run().effect;
  const bool is_forward = effect.direction == Direction::do_;
  if (is_forward && draft.run().cancel_requested) {
    draft.happens(StepFailed{{}, "cancelled", {}, draft.plan().steps[index].path});
    return start_compensation(draft, "cancelled");
  }
  if (draft.covering_hold().empty()) return intend(draft, index, {effect.direction, effect.attempt + 1});
  draft.happens(RetryScheduled{effect.attempt + 1, Duration{}, effect.id, {}});
  if (is_forward) draft.happens(PlanHeld{HeldFor::hold, {}, draft.plan().steps[index].path});
}

std::optional<Refused> answer_unknown(Draft& draft, const ResolveRun& command) {
  const std::optional<std::size_t> index = present_step(draft.run());
  const bool is_undo_failed = draft.run().held_for == HeldFor::undo_failed;
  const PlanStep& step = draft.plan().steps[*index];
  if (step.path != command.step)
    return Refused{Refusal::nothing_to_answer, "what needs an answer is step " + step.path + ", not " + command.step};
  const Direction direction = is_undo_failed ? Direction::undo : draft.run().effect->direction;
  draft.happens(OutcomeAnswered{command.answer, draft.actor(), command.reason, {}, step.path});
  switch (command.answer) {
    case OutcomeAnswer::leave:
      draft.happens(PlanLeft{draft.actor(), {}});
      give_back(draft);
      break;
    case OutcomeAnswer::done:
      // An undo that was made good by hand is seen, not believed.
      if (!is_undo_failed) after_action(draft, direction);
      else if (!step.verify_undo && counts_by_outcome(*step.undo)) undo_seen(draft, *index);
      break;
    case OutcomeAnswer::not_done:
      if (is_undo_failed) take_back_next(draft);
      else send_again(draft, *index);
      break;
  }
  return std::nullopt;
}

}  // namespace

void outcome_unknown(Draft& draft, std::size_t index, const std::string& reason) {
  const OpenEffect effect = *draft.run().effect;
  const PlanAction& action = action_of(draft, index);
  draft.happens(EffectOutcomeUnknown{effect.id, reason, {}});
  if (action.policy == UnknownPolicy::ask_person) {
    draft.happens(PlanHeld{HeldFor::outcome_unknown, {}, draft.plan().steps[index].path});
  } else if (draft.run().state == RunState::running) {
    if (draft.at() < end_of_turn(draft.run(), draft.plan().steps[index]))
      intend(draft, index, {effect.direction, effect.attempt + 1});
    else fail_step(draft, index, "timeout");
  }
}

Decision decide(const State& state, const Facts& facts, const NoteProbe& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const auto& effect = draft.run().effect;
    if (is_terminal(draft.run().state) || !effect || effect->id != command.effect_id || effect->phase != EffectPhase::unknown)
      return not_asked(command.run);
    const std::optional<std::size_t> index = present_step(draft.run());
    const Direction direction = effect->direction;
    if (command.finding == ProbeFinding::done) {
      draft.happens(EffectFoundDone{command.effect_id, {}, command.source});
      after_action(draft, direction);
    } else {
      draft.happens(EffectFoundAbsent{command.effect_id, {}, command.source});
      send_again(draft, *index);
    }
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const ResolveRun& command, const Context& context) {
  return on_run(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (command.reason.empty()) return Refused{Refusal::note_required, "an answer needs a reason"};
    switch (draft.run().state) {
      case RunState::awaiting_approval: case RunState::queued: case RunState::done: case RunState::failed:
      case RunState::compensated: case RunState::aborted: case RunState::refused: case RunState::left:
        return illegal(draft, "resolve");
      case RunState::running: case RunState::compensating:
        return Refused{Refusal::nothing_to_answer, "no outcome of " + draft.id() + " is unknown"};
      case RunState::outcome_unknown: return answer_unknown(draft, command);
      case RunState::held: break;
    }
    const HeldFor held_for = *draft.run().held_for;
    if (held_for == HeldFor::outcome_unknown || held_for == HeldFor::undo_failed) return answer_unknown(draft, command);
    if (command.answer != OutcomeAnswer::leave)
      return Refused{Refusal::nothing_to_answer,
                     "no outcome of " + draft.id() + " is unknown; it is held for " + std::string(word(held_for))};
    if (!step_index(draft.plan(), command.step)) return Refused{Refusal::nothing_to_answer, "there is no step " + command.step};
    draft.happens(OutcomeAnswered{command.answer, draft.actor(), command.reason, {}, command.step});
    draft.happens(PlanLeft{draft.actor(), {}});
    give_back(draft);
    return std::nullopt;
  });
}

}  // namespace watchbill::core::plan
