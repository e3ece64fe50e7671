#include <algorithm>

#include "core/plan/course.h"
#include "core/plan/identity.h"

namespace watchbill::core::plan {
namespace {

constexpr Duration retry_after_max = Duration::seconds(300);
constexpr Duration default_turn = Duration::seconds(60);

// The next attempt's pause, or nothing when there is none: attempts used up, or it could not end in time.
std::optional<Duration> pause_before_next(const Draft& draft, const PlanStep& step, const Failure& failure) {
  const OpenEffect& effect = *draft.run().effect;
  const RetryPolicy retry = step.retry.value_or(RetryPolicy{});
  if (!failure.retryable || effect.attempt >= retry.attempts) return std::nullopt;
  const Duration own = retry_delay(retry, draft.run().seed, effect.id, effect.attempt + 1);
  const Duration pause = std::max(own, std::min(failure.retry_after, retry_after_max));
  if (draft.at() + pause >= end_of_turn(draft.run(), step)) return std::nullopt;
  return pause;
}

}  // namespace

Instant end_of_turn(const Run& run, const PlanStep& step) { return run.turn_at + step.timeout.value_or(default_turn); }

void attempt_failed(Draft& draft, std::size_t index, const Failure& failure) {
  const PlanStep& step = draft.plan().steps[index];
  const OpenEffect effect = *draft.run().effect;
  draft.happens(EffectFailed{effect.attempt, effect.id, false, failure.output, failure.reason, {}});
  const bool is_cancelled = draft.run().cancel_requested && effect.direction == Direction::do_;
  if (const auto pause = pause_before_next(draft, step, failure); pause && !is_cancelled) {
    draft.happens(RetryScheduled{effect.attempt + 1, *pause, effect.id, {}});
    // The pause is a safe point.
    if (effect.direction == Direction::do_ && !draft.covering_hold().empty())
      draft.happens(PlanHeld{HeldFor::hold, {}, step.path});
    return;
  }
  if (effect.direction == Direction::undo) return fail_undo(draft, index, failure.reason);
  fail_step(draft, index, failure.reason);
}

}  // namespace watchbill::core::plan
