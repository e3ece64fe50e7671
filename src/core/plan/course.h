// How a run goes on by itself: what follows, in the same record, once something has happened to it. Internal to the area.
#pragma once

#include "core/plan/draft.h"

namespace watchbill::core::plan {

// --- steps.cpp: forward
// Goes on from a safe point: ends, holds, cancels, skips, begins the next step. Waits where somebody else has to answer.
void go_on(Draft& draft);
// The next attempt of an action of the step under way.
struct Attempt {
  Direction direction{Direction::do_};
  std::uint32_t number{1};
};
void intend(Draft& draft, std::size_t step, Attempt attempt);
// An action has happened (however it is known): the next one, or what follows the last.
void after_action(Draft& draft, Direction direction);
// The looking is over: late values are bound, the intent is written.
void begin_do(Draft& draft, std::size_t step, const NoteLook& look);
void fail_step(Draft& draft, std::size_t step, std::string reason, std::optional<Observation> observation = {});
// The targets are free: takes them and starts. Nothing happens while the run has to wait on.
void try_start(Draft& draft);
// What follows every terminal event: capability and targets are given back, a rollback is proposed where one follows.
void give_back(Draft& draft);

// --- compensation.cpp: back
void start_compensation(Draft& draft, const std::string& cause);
// Takes back the next step, or ends. Waits while a hold covers the run.
void take_back_next(Draft& draft);
void fail_undo(Draft& draft, std::size_t step, const std::string& reason);
void undo_seen(Draft& draft, std::size_t step);
// True when an undo without verify_undo has nothing that could be observed: exec and http.
[[nodiscard]] bool counts_by_outcome(const PlanUndo& undo) noexcept;

// --- retry.cpp
// An attempt failed: the pause before the next, or the failure of step or undo.
struct Failure {
  std::string reason;
  std::string output;
  bool retryable{false};
  Duration retry_after;
};
void attempt_failed(Draft& draft, std::size_t step, const Failure& failure);
// When everything of the step or undo under way must have ended.
[[nodiscard]] Instant end_of_turn(const Run& run, const PlanStep& step);

// --- unknown.cpp
void outcome_unknown(Draft& draft, std::size_t step, const std::string& reason);

// --- propose.cpp
// A new run of a plan, in the same decision. Refuses for want of room.
struct Proposal {
  PlanProposed event;  // without `plan`
  Plan plan;
};
[[nodiscard]] std::optional<Refused> no_room_for(const Deciding& deciding, const PlanProposed& event, const Plan& plan);
// Gives PlanProposed and what follows at once. `handed_on`: targets of the run before that go over to this one.
void propose(Deciding& deciding, Proposal proposal, const std::set<std::string>& handed_on = {});

}  // namespace watchbill::core::plan
