// One execution of one plan, as the journal knows it. Everything here follows from events (evolve.h); what is owed to the world
// follows from it (owed.h). Source: domain/plans.md §2.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/event.h"
#include "model/plan.h"
#include "model/table.h"

namespace watchbill::core::plan {

enum class RunState : std::uint8_t {
  awaiting_approval, queued, running, compensating, outcome_unknown, held,
  // terminal
  done, failed, compensated, aborted, refused, left,
};
[[nodiscard]] constexpr bool is_terminal(RunState state) noexcept { return state >= RunState::done; }

enum class StepState : std::uint8_t {
  not_started,
  looking,  // never stored: not_started, and it is its turn
  acting, verifying, done, skipped, failed, unknown, undoing, undone, undo_failed, left,
};

// Where the one effect of a run stands.
enum class EffectPhase : std::uint8_t {
  in_flight,
  ended,   // failed or found absent: what follows is in the same record
  paused,  // until `at`, then the next attempt
  unknown,
};

}  // namespace watchbill::core::plan

template <>
struct watchbill::Words<watchbill::core::plan::RunState> {
  static constexpr std::array<std::string_view, 12> table{
      "awaiting_approval", "queued", "running", "compensating", "outcome_unknown", "held",
      "done", "failed", "compensated", "aborted", "refused", "left"};
};
template <>
struct watchbill::Words<watchbill::core::plan::StepState> {
  static constexpr std::array<std::string_view, 12> table{"not_started", "looking", "acting", "verifying", "done", "skipped",
                                                          "failed", "unknown", "undoing", "undone", "undo_failed", "left"};
};
template <>
struct watchbill::Words<watchbill::core::plan::EffectPhase> {
  static constexpr std::array<std::string_view, 4> table{"in_flight", "ended", "paused", "unknown"};
};

namespace watchbill::core::plan {

// The effect that a run has intended last and not ended: at most one, as steps and actions go one by one.
struct OpenEffect {
  Instant at;                       // in_flight: intended; paused: due; unknown: since
  std::uint32_t attempt{1};
  Direction direction{Direction::do_};
  std::uint64_t fence{0};
  EffectId id;
  std::string keeper;              // as EffectIntended has it
  EffectPhase phase{EffectPhase::in_flight};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &OpenEffect::at), field("attempt", &OpenEffect::attempt),
              field("direction", &OpenEffect::direction), field("fence", &OpenEffect::fence),
              field("id", &OpenEffect::id), field("keeper", &OpenEffect::keeper),
              field("phase", &OpenEffect::phase));
  }
};

// A cadence that is under way: of verify, verify_undo, wait_for, or the look after an undo.
struct Watch {
  std::optional<Observed> answer;  // the last one, when there was any
  Instant answer_since;            // since when it is the same
  std::string reason;
  Instant since;                   // the last outcome
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &Watch::answer), field("answer_since_ms", &Watch::answer_since),
              field("reason", &Watch::reason), field("since_ms", &Watch::since));
  }
};

struct StepProgress {
  std::uint32_t actions_done{0};   // of the direction that is under way
  std::optional<Observed> before;
  std::map<std::string, std::string> bound;
  std::optional<std::string> captured;  // what a read step printed
  bool captured_redacted{false};
  PlanValues former;
  std::uint32_t group{1};          // attempt group of `do`
  std::string reason;              // of failed, undo_failed, skipped
  StepState state{StepState::not_started};
  std::uint32_t undo_group{1};
  std::optional<Verdict> verdict;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("actions_done", &StepProgress::actions_done), field("before", &StepProgress::before),
              field("bound", &StepProgress::bound), field("captured", &StepProgress::captured),
              field("captured_redacted", &StepProgress::captured_redacted), field("former", &StepProgress::former),
              field("group", &StepProgress::group), field("reason", &StepProgress::reason),
              field("state", &StepProgress::state), field("undo_group", &StepProgress::undo_group),
              field("verdict", &StepProgress::verdict));
  }
};

}  // namespace watchbill::core::plan
