#include <algorithm>

#include "core/plan/course.h"

namespace watchbill::core::plan {
namespace {

bool can_be_undone(const PlanStep& step) { return step.undo && step.irreversible.empty(); }

std::vector<std::string> not_taken_back(const Draft& draft) {
  std::vector<std::string> out;
  for (const std::string& path : draft.run().intended)
    if (const PlanStep* step = find_step(draft.plan(), path); !can_be_undone(*step)) out.push_back(path);
  return out;
}

// The last intended step that is still to be taken back.
std::optional<std::size_t> next_to_undo(const Draft& draft) {
  const auto& intended = draft.run().intended;
  for (auto path = intended.rbegin(); path != intended.rend(); ++path) {
    const std::optional<std::size_t> index = step_index(draft.plan(), *path);
    const StepState state = draft.progress(*index).state;
    if (can_be_undone(draft.plan().steps[*index]) && state != StepState::undone && state != StepState::left) return index;
  }
  return std::nullopt;
}

}  // namespace

void start_compensation(Draft& draft, const std::string& cause) {
  const bool is_unknown = draft.run().effect && draft.run().effect->phase == EffectPhase::unknown;
  if (!next_to_undo(draft)) {
    draft.happens(PlanFailed{not_taken_back(draft), cause, {}});
    return give_back(draft);
  }
  // Should the lost effect still arrive, it meets a higher fence and is refused.
  if (is_unknown)
    for (const std::string& target : draft.plan().targets) draft.takes_over(target);
  draft.happens(CompensationStarted{cause, {}});
  take_back_next(draft);
}

void take_back_next(Draft& draft) {
  const std::optional<std::size_t> index = next_to_undo(draft);
  if (!index) {
    draft.happens(PlanCompensated{not_taken_back(draft), {}, draft.run().undone});
    return give_back(draft);
  }
  if (!draft.covering_hold().empty()) return;
  draft.happens(UndoIntended{{}, draft.plan().steps[*index].path});
  intend(draft, *index, {Direction::undo, 1});
}

void fail_undo(Draft& draft, std::size_t index, const std::string& reason) {
  const PlanStep& step = draft.plan().steps[index];
  draft.happens(UndoFailed{reason, {}, step.path});
  draft.happens(PlanHeld{HeldFor::undo_failed, {}, step.path});
}

bool counts_by_outcome(const PlanUndo& undo) noexcept {
  return std::all_of(undo.actions.begin(), undo.actions.end(),
                     [](const PlanAction& each) { return each.kind == ActionKind::exec || each.kind == ActionKind::http; });
}

void undo_seen(Draft& draft, std::size_t index) {
  draft.happens(UndoCompleted{{}, draft.plan().steps[index].path});
  take_back_next(draft);
}

}  // namespace watchbill::core::plan
