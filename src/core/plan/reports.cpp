#include "core/plan/cadence.h"
#include "core/plan/course.h"
#include "core/plan/plan.h"
#include "core/plan/reports.h"

#include <algorithm>

namespace watchbill::core::plan {
namespace {

constexpr std::size_t output_bytes_max = 4096;
constexpr std::size_t samples_max = 32;

// A report as it may be recorded: drivers cut, the core does not rely on it.
std::string cut(std::string text) {
  if (text.size() > output_bytes_max) text.resize(output_bytes_max);
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string> first_samples(const std::vector<std::string>& samples) {
  return {samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(std::min(samples.size(), samples_max))};
}

// The outcome of an effect whose run is over: recorded, nothing follows.
void record_late(Draft& draft, const NoteOutcome& command) {
  if (command.outcome == EffectOutcome::succeeded)
    draft.happens(EffectSucceeded{command.effect_id, true, cut(command.output), command.output_redacted, {}});
  else
    draft.happens(EffectFailed{command.attempt, command.effect_id, true, cut(command.output), command.reason, {}});
}

std::optional<Refused> take_outcome(Draft& draft, const NoteOutcome& command) {
  const auto& effect = draft.run().effect;
  if (!effect || effect->id != command.effect_id || effect->phase == EffectPhase::paused) return not_asked(draft.id());
  // An earlier attempt of the same id that succeeded is as good; that it failed says nothing of the later one.
  const bool is_of_this_attempt = command.attempt == effect->attempt;
  if (!is_of_this_attempt && (command.attempt > effect->attempt || command.outcome != EffectOutcome::succeeded))
    return not_asked(draft.id());
  if (is_terminal(draft.run().state)) {
    if (command.outcome != EffectOutcome::unknown) record_late(draft, command);
    return std::nullopt;
  }
  const std::size_t index = *present_step(draft.run());
  const Direction direction = effect->direction;
  switch (command.outcome) {
    case EffectOutcome::succeeded:
      draft.happens(EffectSucceeded{command.effect_id, false, cut(trimmed(command.output)), command.output_redacted, {}});
      after_action(draft, direction);
      break;
    case EffectOutcome::failed:
      attempt_failed(draft, index, Failure{command.reason, cut(command.output), command.retryable, command.retry_after});
      break;
    case EffectOutcome::unknown:
      if (effect->phase == EffectPhase::in_flight) outcome_unknown(draft, index, command.reason);
      break;
  }
  return std::nullopt;
}

// The cadence that an answer belongs to, or null.
const PlanCheck* check_of(const Draft& draft, const NoteAnswer& command) {
  const std::optional<std::size_t> index = present_step(draft.run());
  if (!draft.run().watch || !index) return nullptr;
  const PlanStep& step = draft.plan().steps[*index];
  const bool is_undo = draft.progress(*index).state == StepState::undoing;
  if (step.path != command.step || is_undo != command.undo) return nullptr;
  const auto& check = is_undo ? step.verify_undo : step.verify;
  return check ? &*check : nullptr;
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const NoteOutcome& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) { return take_outcome(draft, command); });
}

Decision decide(const State& state, const Facts& facts, const NoteLook& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const std::optional<std::size_t> index = present_step(draft.run());
    const bool is_asked = index && draft.plan().steps[*index].path == command.step &&
                          state_of_step(draft.run(), draft.plan(), *index) == StepState::looking;
    if (!is_asked) return not_asked(draft.id());
    if (command.reason.empty()) begin_do(draft, *index, command);
    else fail_step(draft, *index, cut(command.reason));
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const NoteAnswer& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const PlanCheck* check = check_of(draft, command);
    if (check == nullptr) return not_asked(draft.id());
    const std::size_t index = *present_step(draft.run());
    const CadenceStep step = take_answer(*check, *draft.run().watch, Answer{draft.at(), command.answer, command.previous_at});
    const Observation seen{command.answer, command.reason, first_samples(command.samples)};
    // The last answer stands in the event that ends the cadence; a new one that passes is told all the same: it began the count.
    const bool is_told = step.is_new && (!step.verdict || step.verdict == Verdict::pass);
    if (is_told)
      draft.happens(ObservationChanged{command.answer, command.reason, {}, seen.samples, command.step, command.undo});
    if (!step.verdict) return std::nullopt;
    if (*step.verdict != Verdict::pass) {
      if (command.undo) fail_undo(draft, index, std::string(reason_of(*step.verdict)));
      else fail_step(draft, index, std::string(reason_of(*step.verdict)), seen);
    } else if (command.undo) {
      undo_seen(draft, index);
    } else {
      draft.happens(StepCompleted{seen, {}, command.step, Verdict::pass});
      go_on(draft);
    }
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const NoteStaleFence& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (command.fence >= command.seen)
      return Refused{Refusal::bad_argument, "fence: a stale one is lower than the one that was seen"};
    draft.happens(StaleFenceRefused{command.effect_id, command.fence, {}, command.seen, command.target});
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const NoteUndoSeen& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const std::optional<std::size_t> index = present_step(draft.run());
    const bool is_asked = draft.run().watch && index && draft.progress(*index).state == StepState::undoing &&
                          draft.plan().steps[*index].path == command.step && !draft.plan().steps[*index].verify_undo;
    if (!is_asked) return not_asked(draft.id());
    if (command.seen) undo_seen(draft, *index);
    else fail_undo(draft, *index, "not_verified");
    return std::nullopt;
  });
}

}  // namespace watchbill::core::plan
