// What people and other areas ask of a run under way: cancel, resume, hold, go on, take over.
#include "core/plan/cadence.h"
#include "core/plan/course.h"
#include "core/plan/plan.h"
#include "core/plan/reports.h"

namespace watchbill::core::plan {
namespace {

// Between two steps, or within one that only waits: nothing that changes anything is in flight.
bool is_at_safe_point(const Draft& draft) {
  const Run& run = draft.run();
  if (run.state == RunState::held) return true;
  if (run.state != RunState::running) return false;
  const std::optional<std::size_t> index = present_step(run);
  const bool only_waits = index && draft.plan().steps[*index].verb == StepVerb::wait_for;
  return (!run.effect || run.effect->phase == EffectPhase::paused) && (!run.watch || only_waits);
}

void cancel_here(Draft& draft) {
  if (draft.run().intended.empty()) {
    draft.happens(PlanCancelled{draft.actor(), "cancelled", {}});
    return give_back(draft);
  }
  const std::optional<std::size_t> index = present_step(draft.run());
  const bool is_waiting = index && (draft.progress(*index).state == StepState::acting ||
                                    draft.progress(*index).state == StepState::verifying);
  if (is_waiting) draft.happens(StepFailed{{}, "cancelled", {}, draft.plan().steps[*index].path});
  start_compensation(draft, "cancelled");
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const CancelRun& command, const Context& context) {
  return on_run(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (is_terminal(draft.run().state)) return illegal(draft, "cancel");
    if (draft.run().held_for == HeldFor::undo_failed)
      return Refused{Refusal::outcome_needs_answer, "the undo of " + draft.id() + " failed: it is taken back already"};
    if (draft.run().state == RunState::awaiting_approval || draft.run().state == RunState::queued) {
      draft.happens(PlanCancelled{draft.actor(), "cancelled", {}});
      give_back(draft);
      return std::nullopt;
    }
    draft.happens(CancelRequested{draft.actor(), command.reason, {}});
    if (is_at_safe_point(draft)) cancel_here(draft);
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const ResumeRun& command, const Context& context) {
  return on_run(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (draft.run().state != RunState::held) return illegal(draft, "resume");
    if (command.reason.empty()) return Refused{Refusal::note_required, "resuming needs a reason"};
    if (draft.run().held_for == HeldFor::outcome_unknown)
      return Refused{Refusal::outcome_needs_answer, "an outcome of " + draft.id() + " is unknown"};
    if (const std::string scope = draft.covering_hold(); !scope.empty())
      return Refused{Refusal::hold_active, "a hold on " + scope + " covers " + draft.id()};
    draft.happens(PlanResumed{draft.actor(), command.reason, {}});
    if (draft.run().state == RunState::compensating) take_back_next(draft);
    else go_on(draft);
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const NoteHold& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (draft.run().state != RunState::running || draft.run().hold_requested || draft.covering_hold().empty())
      return std::nullopt;
    draft.happens(HoldRequested{{}, command.scope});
    if (is_at_safe_point(draft)) draft.happens(PlanHeld{HeldFor::hold, {}, {}});
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const NoteNotNeeded& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const RunState now = draft.run().state;
    const bool waits = now == RunState::awaiting_approval || now == RunState::queued;
    // Once something was changed the run goes on to its end: what it changed must not stay because the alert is quiet.
    if (!waits && (now != RunState::running || !draft.run().intended.empty())) return std::nullopt;
    draft.happens(PlanCancelled{{}, "alert_resolved", {}});
    give_back(draft);
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const GoOn& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const Run& run = draft.run();
    if (run.state == RunState::queued) try_start(draft);
    else if (run.state == RunState::compensating && !run.effect && !run.watch) take_back_next(draft);
    return std::nullopt;
  });
}

Decision decide(const State& state, const Facts& facts, const TakeOverRun& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    if (is_terminal(draft.run().state)) return std::nullopt;
    for (const std::string& target : draft.plan().targets)
      if (facts.target(target).run == draft.id()) draft.takes_over(target);
    const Run& run = draft.run();
    const std::optional<std::size_t> index = present_step(run);
    if (run.effect && run.effect->phase == EffectPhase::in_flight) {
      outcome_unknown(draft, *index, "controller_lost");
    } else if (run.watch && run.watch->answer == Observed::true_ && index) {
      // Nobody remembers the answers of the controller before. Its last record shows how long it surely asked.
      const PlanStep& step = draft.plan().steps[*index];
      const bool is_undo = draft.progress(*index).state == StepState::undoing;
      const auto& check = is_undo ? step.verify_undo : step.verify;
      if (check && draft.at() - facts.last_record_at > check->interval * 2)
        draft.happens(ObservationChanged{Observed::no_data, "not_asked", {}, {}, step.path, is_undo});
    }
    return std::nullopt;
  });
}

}  // namespace watchbill::core::plan
