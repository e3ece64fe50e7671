#include "core/plan/evolve.h"

#include <algorithm>

namespace watchbill::core::plan {
namespace {

StepProgress& step_at(Run& run, const Plan& plan, const std::string& path) {
  const std::optional<std::size_t> index = step_index(plan, path);
  WB_ASSERT(index.has_value(), "events name steps of their run's plan");
  return run.steps[*index];
}

StepProgress& present(Run& run) {
  const std::optional<std::size_t> index = present_step(run);
  WB_ASSERT(index.has_value(), "an effect belongs to a step that is under way");
  return run.steps[*index];
}

RunState state_for(Direction direction) {
  return direction == Direction::do_ ? RunState::running : RunState::compensating;
}

void end(Run& run, RunState state, Instant at) {
  run.state = state;
  run.ended_at = at;
  run.held_for.reset();
  run.watch.reset();
  // An outcome that is still awaited is recorded when it comes, late.
  if (run.effect && run.effect->phase != EffectPhase::unknown) run.effect.reset();
}

void begin_watch(Run& run, Instant at) {
  run.watch.emplace();
  run.watch->since = at;
}

// One more action of the step under way has happened, however it is known.
void action_done(Run& run, const Plan& plan, Instant at) {
  StepProgress& progress = present(run);
  const PlanStep& step = plan.steps[static_cast<std::size_t>(&progress - run.steps.data())];
  const Direction direction = run.effect->direction;
  run.effect.reset();
  run.held_for.reset();
  run.state = state_for(direction);
  ++progress.actions_done;
  const bool is_undo = direction == Direction::undo;
  progress.state = is_undo ? StepState::undoing : StepState::acting;
  const std::size_t actions = is_undo ? step.undo->actions.size() : step.actions.size();
  if (progress.actions_done < actions) return;
  if (is_undo) begin_watch(run, at);
  else if (step.verify) {
    progress.state = StepState::verifying;
    begin_watch(run, at);
  }
}

}  // namespace

Run run_from(const PlanProposed& event, const Plan& plan, Instant at) {
  Run run;
  if (!event.alert.empty()) run.alerts.push_back(event.alert);
  run.approvals = event.approvals;
  run.approver_roles = event.approver_roles;
  run.binding = event.binding;
  run.labels = event.labels;
  run.parent = event.parent;
  run.plan = event.plan;
  run.proposed_at = at;
  run.requester = event.requester;
  run.seed = event.seed;
  run.state = event.approvals > 0 ? RunState::awaiting_approval : RunState::queued;
  run.steps.resize(plan.steps.size());
  run.turn_at = at;
  return run;
}

void evolve(Run& run, const Plan&, const PlanStarted&, Instant at) {
  run.state = RunState::running;
  run.started_at = at;
  run.turn_at = at;
  run.approved_by.clear();
}
void evolve(Run& run, const Plan&, const MutateGranted&, Instant) { run.may_mutate = true; }
void evolve(Run& run, const Plan&, const MutateWithdrawn&, Instant) { run.may_mutate = false; }
void evolve(Run& run, const Plan&, const PlanCompleted&, Instant at) { end(run, RunState::done, at); }
void evolve(Run& run, const Plan&, const PlanFailed& event, Instant at) {
  end(run, RunState::failed, at);
  run.reason = event.reason;
}
void evolve(Run& run, const Plan&, const PlanCompensated&, Instant at) { end(run, RunState::compensated, at); }
void evolve(Run& run, const Plan&, const PlanCancelled& event, Instant at) {
  end(run, RunState::aborted, at);
  run.reason = event.reason;
}
void evolve(Run& run, const Plan&, const PlanRefused& event, Instant at) {
  end(run, RunState::refused, at);
  run.reason = event.reason;
}
void evolve(Run& run, const Plan&, const PlanLeft&, Instant at) { end(run, RunState::left, at); }

void evolve(Run& run, const Plan&, const PlanHeld& event, Instant at) {
  run.state = RunState::held;
  run.held_for = event.reason;
  run.hold_requested = false;
  run.turn_at = at;
}

void evolve(Run& run, const Plan&, const PlanResumed&, Instant at) {
  const HeldFor was = run.held_for.value_or(HeldFor::hold);
  const Duration pause = at - run.turn_at;
  run.held_for.reset();
  run.state = was == HeldFor::undo_failed ? RunState::compensating : RunState::running;
  if (was == HeldFor::undo_failed) {
    StepProgress& progress = present(run);
    ++progress.undo_group;
    progress.state = StepState::failed;  // its turn again: UndoIntended follows
  } else if (was == HeldFor::step_failed) {
    const auto failed = std::find_if(run.steps.rbegin(), run.steps.rend(),
                                     [](const StepProgress& progress) { return progress.state == StepState::failed; });
    WB_ASSERT(failed != run.steps.rend(), "a run is held for a step that failed");
    failed->state = StepState::not_started;
    failed->actions_done = 0;
    ++failed->group;
  }
  run.turn_at = at;
  // What was observed before the pause is old; a retry comes as late as the pause was long.
  if (run.watch) begin_watch(run, at);
  if (run.effect && run.effect->phase == EffectPhase::paused) run.effect->at = run.effect->at + pause;
}

void evolve(Run& run, const Plan& plan, const StepIntended& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  const PlanStep& step = plan.steps[static_cast<std::size_t>(&progress - run.steps.data())];
  progress.bound = event.bound;
  progress.former = event.former;
  progress.before = event.before;
  progress.state = StepState::acting;
  progress.actions_done = 0;
  if (step.verb == StepVerb::do_ && std::find(run.intended.begin(), run.intended.end(), event.step) == run.intended.end())
    run.intended.push_back(event.step);
  if (step.verb == StepVerb::approve) run.approved_by.clear();
  // A do counts its timeout from the look on; the others begin now.
  if (step.verb != StepVerb::do_) run.turn_at = at;
  if (step.verb != StepVerb::wait_for) return;
  progress.state = StepState::verifying;
  begin_watch(run, at);
}

void evolve(Run& run, const Plan& plan, const StepCompleted& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  progress.state = StepState::done;
  progress.verdict = event.verdict;
  run.watch.reset();
  run.effect.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan& plan, const StepFailed& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  progress.state = StepState::failed;
  progress.reason = event.reason;
  progress.verdict = event.reason == "verify_no_data"        ? Verdict::no_data
                     : event.reason == "verify_inconclusive" ? Verdict::inconclusive
                                                             : Verdict::fail;
  run.watch.reset();
  run.effect.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan& plan, const StepSkipped& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  progress.state = StepState::skipped;
  progress.reason = event.reason;
  progress.verdict = Verdict::no_data;
  run.turn_at = at;
}

void evolve(Run&, const Plan&, const QueueExpired&, Instant) {}
void evolve(Run& run, const Plan&, const CancelRequested&, Instant) { run.cancel_requested = true; }
void evolve(Run& run, const Plan&, const HoldRequested&, Instant) { run.hold_requested = true; }

void evolve(Run& run, const Plan&, const CompensationStarted& event, Instant at) {
  run.state = RunState::compensating;
  run.cause = event.cause;
  run.held_for.reset();
  run.watch.reset();
  run.effect.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan& plan, const UndoIntended& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  progress.state = StepState::undoing;
  progress.actions_done = 0;
  run.effect.reset();
  run.watch.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan& plan, const UndoCompleted& event, Instant at) {
  step_at(run, plan, event.step).state = StepState::undone;
  run.undone.push_back(event.step);
  run.watch.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan& plan, const UndoFailed& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  progress.state = StepState::undo_failed;
  progress.reason = event.reason;
  run.watch.reset();
  run.effect.reset();
  run.turn_at = at;
}

void evolve(Run& run, const Plan&, const ObservationChanged& event, Instant at) {
  WB_ASSERT(run.watch.has_value(), "answers belong to a cadence that is under way");
  run.watch->answer = event.answer;
  run.watch->answer_since = at;
  run.watch->reason = event.reason;
}

void evolve(Run& run, const Plan&, const RetryScheduled& event, Instant at) {
  WB_ASSERT(run.effect.has_value(), "what failed is tried again");
  run.effect->phase = EffectPhase::paused;
  run.effect->at = at + event.delay;
}

void evolve(Run& run, const Plan& plan, const OutcomeAnswered& event, Instant at) {
  StepProgress& progress = step_at(run, plan, event.step);
  const bool is_undo = progress.state == StepState::undo_failed || (run.effect && run.effect->direction == Direction::undo);
  switch (event.answer) {
    case OutcomeAnswer::leave:
      if (progress.state == StepState::unknown || progress.state == StepState::undo_failed) progress.state = StepState::left;
      return;
    case OutcomeAnswer::done:
      if (progress.state == StepState::unknown) return action_done(run, plan, at);
      progress.state = StepState::undoing;
      begin_watch(run, at);
      break;
    case OutcomeAnswer::not_done:
      if (progress.state == StepState::undo_failed) {
        ++progress.undo_group;
        progress.state = StepState::failed;  // its turn again: UndoIntended follows
      } else {
        progress.state = is_undo ? StepState::undoing : StepState::acting;
        run.effect->phase = EffectPhase::ended;
      }
      break;
  }
  run.held_for.reset();
  run.state = is_undo ? RunState::compensating : RunState::running;
  run.turn_at = at;
}

void evolve(Run& run, const Plan&, const EffectIntended& event, Instant at) {
  StepProgress& progress = present(run);
  progress.state = event.direction == Direction::do_ ? StepState::acting : StepState::undoing;
  run.state = state_for(event.direction);
  run.effect = OpenEffect{at, event.attempt, event.direction, event.fence, event.effect_id, event.keeper,
                          EffectPhase::in_flight};
}

void evolve(Run& run, const Plan& plan, const EffectSucceeded& event, Instant at) {
  WB_ASSERT(run.effect && run.effect->id == event.effect_id, "outcomes belong to the open effect");
  if (event.late) {
    run.effect.reset();
    return;
  }
  StepProgress& progress = present(run);
  const std::size_t index = static_cast<std::size_t>(&progress - run.steps.data());
  if (plan.steps[index].verb == StepVerb::read) {
    progress.captured = event.output;
    progress.captured_redacted = event.output_redacted;
  }
  action_done(run, plan, at);
}

void evolve(Run& run, const Plan&, const EffectFailed& event, Instant) {
  WB_ASSERT(run.effect && run.effect->id == event.effect_id, "outcomes belong to the open effect");
  if (event.late) {
    run.effect.reset();
    return;
  }
  run.held_for.reset();
  run.state = state_for(run.effect->direction);
  present(run).state = run.effect->direction == Direction::do_ ? StepState::acting : StepState::undoing;
  run.effect->phase = EffectPhase::ended;
}

void evolve(Run& run, const Plan& plan, const EffectOutcomeUnknown&, Instant at) {
  StepProgress& progress = present(run);
  const PlanStep& step = plan.steps[static_cast<std::size_t>(&progress - run.steps.data())];
  // What only asks is asked again at once; there is nothing to find out.
  if (step.verb != StepVerb::do_) {
    run.effect->phase = EffectPhase::ended;
    return;
  }
  progress.state = StepState::unknown;
  run.state = RunState::outcome_unknown;
  run.effect->phase = EffectPhase::unknown;
  run.effect->at = at;
}

void evolve(Run& run, const Plan& plan, const EffectFoundDone&, Instant at) { action_done(run, plan, at); }

void evolve(Run& run, const Plan&, const EffectFoundAbsent&, Instant at) {
  run.held_for.reset();
  run.turn_at = at;  // what is sent again gets its time again
  run.state = state_for(run.effect->direction);
  present(run).state = run.effect->direction == Direction::do_ ? StepState::acting : StepState::undoing;
  run.effect->phase = EffectPhase::ended;
}

void evolve(Run&, const Plan&, const EffectProbeExhausted&, Instant) {}

void evolve(Run& run, const Plan&, const ApprovalGiven& event, Instant) { run.approved_by.push_back(event.by); }
void evolve(Run&, const Plan&, const ApprovalRejected&, Instant) {}
void evolve(Run& run, const Plan&, const ApprovalWithdrawn& event, Instant at) {
  std::erase(run.approved_by, event.by);
  if (run.state == RunState::queued) run.turn_at = at;
  if (run.state == RunState::queued) run.state = RunState::awaiting_approval;
}
void evolve(Run& run, const Plan&, const ApprovalExpired&, Instant at) {
  run.approved_by.clear();
  if (run.state == RunState::queued) run.turn_at = at;
  if (run.state == RunState::queued) run.state = RunState::awaiting_approval;
}
void evolve(Run& run, const Plan&, const ApprovalCompleted&, Instant at) {
  if (run.state != RunState::awaiting_approval) return;
  run.state = RunState::queued;
  run.turn_at = at;
}

// The far side is asked anew by the controller that took over.
void evolve(Run& run, const Plan&, const LeaseTakenOver&, Instant at) {
  if (run.state == RunState::outcome_unknown) run.effect->at = at;
}

void evolve(Run& run, const Plan&, const BindingTriggered& event, Instant) { run.alerts.push_back(event.alert); }

}  // namespace watchbill::core::plan
