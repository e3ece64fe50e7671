#include <algorithm>

#include "core/plan/course.h"
#include "core/plan/identity.h"

namespace watchbill::core::plan {
namespace {

std::string cause_text(const PlanStep& step) { return "step " + step.path + " failed"; }

// The verdict that a `when` asks about; of a step in parts the worst of them.
std::optional<Verdict> verdict_of(const Draft& draft, const std::string& name) {
  std::optional<Verdict> worst;
  for (std::size_t i = 0; i < draft.plan().steps.size(); ++i) {
    const std::optional<Verdict> verdict = draft.progress(i).verdict;
    if (draft.plan().steps[i].name != name || !verdict) continue;
    if (!worst || *verdict > *worst) worst = verdict;
  }
  return worst;
}

// Ends, cancels or holds at a safe point where something asks for it; true when the run does not go on.
bool stops_here(Draft& draft) {
  if (draft.run().cancel_requested) {
    if (draft.run().intended.empty()) {
      draft.happens(PlanCancelled{draft.actor(), "cancelled", {}});
      give_back(draft);
    } else {
      start_compensation(draft, "cancelled");
    }
    return true;
  }
  if (draft.covering_hold().empty()) return false;
  draft.happens(PlanHeld{HeldFor::hold, {}, {}});
  return true;
}

// Late values of a text, list or map, by name.
void late_names(const PlanValue& value, std::set<std::string>& names) {
  if (const LateValue* late = value.as_late()) names.insert(late->name);
  if (const PlanValue::List* list = value.as_list())
    for (const PlanValue& element : *list) late_names(element, names);
  if (const PlanValue::Map* map = value.as_map())
    for (const auto& [name, member] : *map) late_names(member, names);
}

std::set<std::string> late_names(const PlanStep& step) {
  std::set<std::string> names;
  for (const PlanAction& action : step.actions)
    for (const auto& [name, value] : action.args) late_names(value, names);
  if (step.undo)
    for (const PlanAction& action : step.undo->actions)
      for (const auto& [name, value] : action.args) late_names(value, names);
  return names;
}

constexpr std::string_view capture_prefix = ".Captured.";

// What the read step of that name printed: on the same host before all others.
const StepProgress* captured(const Draft& draft, const PlanStep& asking, std::string_view name) {
  const StepProgress* found = nullptr;
  for (std::size_t i = 0; i < draft.plan().steps.size(); ++i) {
    const PlanStep& step = draft.plan().steps[i];
    if (step.path == asking.path) break;
    if (step.verb != StepVerb::read || step.name != name || !draft.progress(i).captured) continue;
    found = &draft.progress(i);
    if (step.host == asking.host) break;
  }
  return found;
}

// Binds the step's late values; gives the reason when one cannot be bound.
std::string bind_late(const Draft& draft, const PlanStep& step, std::map<std::string, std::string>& bound) {
  for (const std::string& late : late_names(step)) {
    const std::string_view name = std::string_view(late).substr(capture_prefix.size());
    const StepProgress* from = captured(draft, step, name.substr(0, name.find('.')));
    if (from == nullptr) return "capture_missing";
    if (from->captured_redacted) return "captured_redacted";
    bound[late] = *from->captured;
  }
  return {};
}

std::uint64_t fence_of(const Draft& draft, const PlanStep& step) {
  for (const PlanAction& action : step.actions)
    if (!action.target.empty()) return draft.facts().target(action.target).fence;
  return 0;
}

// Begins a step that is not a do. True when it is over already.
bool begin(Draft& draft, std::size_t index) {
  const PlanStep& step = draft.plan().steps[index];
  StepIntended intended;
  intended.step = step.path;
  if (const std::string reason = bind_late(draft, step, intended.bound); !reason.empty()) {
    draft.happens(std::move(intended));
    fail_step(draft, index, reason);
    return false;
  }
  draft.happens(std::move(intended));
  switch (step.verb) {
    case StepVerb::read: case StepVerb::probe:
      intend(draft, index, {});
      return false;
    case StepVerb::notify:
      draft.happens(StepCompleted{{}, {}, step.path, Verdict::pass});
      return true;
    case StepVerb::approve: case StepVerb::wait_for: case StepVerb::do_: case StepVerb::run: break;
  }
  return false;
}

}  // namespace

void go_on(Draft& draft) {
  for (std::size_t left = draft.plan().steps.size() + 1; left > 0; --left) {
    if (draft.run().state != RunState::running || stops_here(draft)) return;
    const std::optional<std::size_t> index = present_step(draft.run());
    if (!index) {
      draft.happens(PlanCompleted{});
      return give_back(draft);
    }
    if (draft.progress(*index).state != StepState::not_started) return;  // it waits for its own answer
    const PlanStep& step = draft.plan().steps[*index];
    if (step.when && verdict_of(draft, step.when->step) != step.when->verdict) {
      draft.happens(StepSkipped{step.when->step + " is not " + std::string(word(step.when->verdict)), {}, step.path});
      continue;
    }
    // A do is looked at first: the question follows from the state, and its answer goes on.
    if (step.verb == StepVerb::do_ || !begin(draft, *index)) return;
  }
}

void intend(Draft& draft, std::size_t index, Attempt attempt) {
  const PlanStep& step = draft.plan().steps[index];
  const StepProgress& progress = draft.progress(index);
  const bool is_undo = attempt.direction == Direction::undo;
  const PlanAction& action = (is_undo ? step.undo->actions : step.actions)[progress.actions_done];
  EffectIntended intended;
  intended.attempt = attempt.number;
  intended.direction = attempt.direction;
  intended.effect = step.path + "#" + std::to_string(progress.actions_done + 1);
  intended.group = is_undo ? progress.undo_group : progress.group;
  intended.effect_id =
      effect_id(EffectName{draft.id(), intended.effect, word(attempt.direction), std::to_string(intended.group)});
  intended.target = action.target;
  if (!action.target.empty()) {
    WB_ASSERT(draft.run().may_mutate, "nothing is changed outside MutateGranted and MutateWithdrawn");
    intended.fence = draft.deciding().target(action.target).fence;
  }
  if (action.kind == ActionKind::exec) intended.keeper = draft.deciding().facts.keeper;
  draft.happens(std::move(intended));
}

void after_action(Draft& draft, Direction direction) {
  const std::optional<std::size_t> index = present_step(draft.run());
  const PlanStep& step = draft.plan().steps[*index];
  const std::uint32_t done = draft.progress(*index).actions_done;
  if (direction == Direction::undo) {
    if (done < step.undo->actions.size()) return intend(draft, *index, {Direction::undo, 1});
    if (!step.verify_undo && counts_by_outcome(*step.undo)) undo_seen(draft, *index);
    return;
  }
  if (done < step.actions.size()) return intend(draft, *index, {Direction::do_, 1});
  if (step.verify) return;  // asked at its cadence
  draft.happens(StepCompleted{{}, {}, step.path, Verdict::pass});
  go_on(draft);
}

void begin_do(Draft& draft, std::size_t index, const NoteLook& look) {
  const PlanStep& step = draft.plan().steps[index];
  StepIntended intended;
  intended.before = look.before;
  intended.former = look.former;
  intended.step = step.path;
  intended.fence = fence_of(draft, step);
  if (const std::string reason = bind_late(draft, step, intended.bound); !reason.empty()) return fail_step(draft, index, reason);
  draft.happens(std::move(intended));
  intend(draft, index, {});
}

void fail_step(Draft& draft, std::size_t index, std::string reason, std::optional<Observation> observation) {
  const PlanStep& step = draft.plan().steps[index];
  draft.happens(StepFailed{std::move(observation), std::move(reason), {}, step.path});
  if (draft.run().cancel_requested && step.on_failure != OnFailure::rollback) return go_on(draft);
  switch (step.on_failure) {
    case OnFailure::continue_: return go_on(draft);
    case OnFailure::rollback: return start_compensation(draft, cause_text(step));
    case OnFailure::hold: case OnFailure::fix_forward:
      draft.happens(PlanHeld{HeldFor::step_failed, {}, step.path});
      return;
  }
}

}  // namespace watchbill::core::plan
