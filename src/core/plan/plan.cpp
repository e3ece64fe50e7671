#include "core/plan/plan.h"

#include "core/plan/cadence.h"
#include "core/plan/course.h"
#include "core/plan/evolve.h"
#include "core/plan/reports.h"

namespace watchbill::core::plan {
namespace {

// How long a retry of an undo is put off while a hold covers its run.
constexpr Duration held_retry_pause = Duration::seconds(30);

void index(Schedule& schedule, const std::string& id, const Run& run, const Plan& plan, const Limits& limits) {
  for (const Owed& owed : owed_by(id, run, plan)) schedule.ready.set(Subject{Area::plan, owed.name}, owed.at);
  schedule.deadlines.set(Subject{Area::plan, id}, deadline_of(run, plan, limits));
}

void unindex(Schedule& schedule, const std::string& id, const Run& run, const Plan& plan) {
  for (const Owed& owed : owed_by(id, run, plan)) schedule.ready.remove(Subject{Area::plan, owed.name});
  schedule.deadlines.remove(Subject{Area::plan, id});
}

Plan stored_plan(const Digest& digest, const Applying& applying) {
  const std::optional<std::string> bytes = applying.blobs(digest);
  std::optional<Plan> plan = bytes ? read_plan(*bytes, applying.limits) : std::nullopt;
  WB_ASSERT(plan.has_value(), "a plan is stored before the record that names it");
  return std::move(*plan);
}

template <class Condition>
void forget_suggestions(State& state, Condition is_over) {
  std::vector<std::string> over;
  state.suggestions.each([&](const std::string& id, const Suggestion& suggestion) {
    if (is_over(suggestion)) over.push_back(id);
    return true;
  });
  for (const std::string& id : over) state.suggestions.erase(id);
}

void suggest(State& state, const PlanProposed& event, const Applying& applying) {
  std::pair<Instant, std::string> oldest{Instant::never(), ""};
  state.suggestions.each([&](const std::string& id, const Suggestion& each) {
    oldest = std::min(oldest, std::pair(each.at, id));
    return true;
  });
  if (state.suggestions.size() >= applying.limits.suggestions_max) state.suggestions.erase(oldest.second);
  const Plan plan = stored_plan(event.plan, applying);
  Suggestion& suggestion = state.suggestions.edit_or_insert(event.run);
  suggestion.alert = event.alert;
  suggestion.at = applying.at;
  suggestion.binding = event.binding;
  suggestion.lowered_by = event.lowered_by;
  suggestion.parameters = plan.parameters;
  suggestion.parent = event.parent;
  suggestion.plan = event.plan;
  suggestion.runbook = plan.name;
  suggestion.targets = plan.targets;
}

void apply_proposed(State& state, const PlanProposed& event, const Applying& applying) {
  forget_suggestions(state, [&](const Suggestion& each) {
    const bool is_run_now = event.mode != BindingMode::suggest && each.plan == event.plan;
    return is_run_now || (!event.alert.empty() && each.alert == event.alert && each.binding == event.binding);
  });
  if (event.mode == BindingMode::suggest) return suggest(state, event, applying);
  KeptPlan& kept = state.plans.edit_or_insert(event.plan);
  if (kept.runs++ == 0) kept.plan = stored_plan(event.plan, applying);
  Run run = run_from(event, kept.plan, applying.at);
  index(applying.schedule, event.run, run, kept.plan, applying.limits);
  state.open.insert(event.run);
  const bool inserted = state.runs.insert(event.run, std::move(run));
  WB_ASSERT(inserted, "decide() never reuses a run id");
}

template <class Event>
void apply_to(State& state, const std::string& id, const Event& event, const Applying& applying) {
  Run& run = state.runs.edit(id);
  const Plan& plan = plan_of(state, run);
  unindex(applying.schedule, id, run, plan);
  evolve(run, plan, event, applying.at);
  if (is_terminal(run.state)) state.open.erase(id);
  index(applying.schedule, id, run, plan, applying.limits);
}

// A pause is over: the next attempt.
void attempt_again(Draft& draft, std::size_t step) {
  const OpenEffect effect = *draft.run().effect;
  if (draft.covering_hold().empty()) return intend(draft, step, {effect.direction, effect.attempt + 1});
  draft.happens(RetryScheduled{effect.attempt + 1, held_retry_pause, effect.id, {}});
}

// Nobody answered in time while the run was under way.
void time_is_over(Draft& draft, std::size_t step) {
  const Run& run = draft.run();
  const bool is_undo = draft.progress(step).state == StepState::undoing;
  if (run.effect) return outcome_unknown(draft, step, "agent_silent");
  if (run.watch) {
    const PlanStep& present = draft.plan().steps[step];
    const Observation last{
        run.watch->answer.value_or(Observed::no_data), run.watch->answer ? run.watch->reason : "not_asked", {}};
    const std::string reason(reason_of(verdict_at_end(*run.watch)));
    if (is_undo) return fail_undo(draft, step, present.verify_undo ? reason : "not_verified");
    return fail_step(draft, step, reason, last);
  }
  if (draft.plan().steps[step].verb != StepVerb::approve) return fail_step(draft, step, "capture_incomplete");
  draft.happens(ApprovalExpired{});
  fail_step(draft, step, "approval_expired");
}

void refuse(Draft& draft, const std::string& reason) {
  draft.happens(PlanRefused{reason, {}});
  give_back(draft);
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context) {
  return on_report(state, facts, context, deadline.subject, [&](Draft& draft) -> std::optional<Refused> {
    const std::optional<std::size_t> step = present_step(draft.run());
    switch (draft.run().state) {
      case RunState::awaiting_approval:
        draft.happens(ApprovalExpired{});
        refuse(draft, "approval_expired");
        break;
      case RunState::queued:
        draft.happens(QueueExpired{});
        refuse(draft, "queue_expired");
        break;
      case RunState::outcome_unknown:
        draft.happens(EffectProbeExhausted{draft.run().effect->id, {}});
        draft.happens(PlanHeld{HeldFor::outcome_unknown, {}, draft.plan().steps[*step].path});
        break;
      case RunState::running: case RunState::compensating:
        if (draft.run().effect && draft.run().effect->phase == EffectPhase::paused) attempt_again(draft, *step);
        else time_is_over(draft, *step);
        break;
      case RunState::held: WB_ASSERT(false, "a held run has no deadline"); break;
      case RunState::done: case RunState::failed: case RunState::compensated: case RunState::aborted: case RunState::refused:
      case RunState::left:
        draft.deciding().decided.events.push_back(ObjectArchived{"run", draft.id(), Area::plan});
        break;
    }
    return std::nullopt;
  });
}

void apply(State& state, const Event& event, const Applying& applying) {
  std::visit(
      [&]<class T>(const T& alternative) {
        if constexpr (std::is_same_v<T, PlanProposed>) apply_proposed(state, alternative, applying);
        else if constexpr (std::is_same_v<T, BindingTriggered>) {
          if (!alternative.joined.empty()) apply_to(state, alternative.joined, alternative, applying);
        } else if constexpr (requires(Run& run, const Plan& plan) { evolve(run, plan, alternative, applying.at); }) {
          apply_to(state, alternative.run, alternative, applying);
        }
      },
      event);
}

void apply_archived(State& state, const std::string& id, const Applying& applying) {
  const Run* run = state.runs.find(id);
  WB_ASSERT(run != nullptr, "only a run that is kept is archived");
  unindex(applying.schedule, id, *run, plan_of(state, *run));
  const Digest digest = run->plan;
  state.runs.erase(id);
  if (--state.plans.edit(digest).runs == 0) state.plans.erase(digest);
}

void apply_alert_over(State& state, const std::string& alert) {
  forget_suggestions(state, [&](const Suggestion& each) { return each.alert == alert; });
}

void apply_configuration(State& state, RunbookConfiguration configuration) {
  forget_suggestions(state, [&](const Suggestion& each) {
    const auto binding = configuration.bindings.find(each.binding);
    if (binding == configuration.bindings.end()) return true;
    return each.runbook != (each.parent.empty() ? binding->second.mitigation : binding->second.rollback);
  });
  state.configuration.edit_or_insert("") = std::move(configuration);
}

void rebuild(State& state, Schedule& schedule, const Limits& limits) {
  state.open.clear();
  state.runs.each([&](const std::string& id, const Run& run) {
    if (!is_terminal(run.state)) state.open.insert(id);
    index(schedule, id, run, plan_of(state, run), limits);
    return true;
  });
}

}  // namespace watchbill::core::plan
