// What follows for a workload by itself, from the state as it is: the next step of each, due at once or at the shutdown deadline.
// The index of deadlines holds exactly what due_step() says; apply() keeps it so. Source: domain/supervision.md §2.2, §3, §7.
#pragma once

#include <string>

#include "core/workload/relations.h"

namespace watchbill::core::workload {

enum class Step : std::uint8_t {
  nothing,
  rest,        // pending or blocked → stopped
  block,       // pending → blocked
  unblock,     // blocked → pending
  start,       // pending → starting
  start_lost,  // lost, on_lost `restart`: the keeper proves that the group is empty, or refuses
  stop,        // → stopping, and stay stopped
  hasten,      // the shutdown deadline was reached
  restart,     // → stopping, and start again
  judge,       // startup or liveness probe down → stopping, then as after any failure
  come_up,     // at rest → pending
  renew,       // a new standing order, no restart
  forget,      // withdrawn and at rest: the keeper may forget it
  archive,     // and so may we
};

struct Due {
  Step step{Step::nothing};
  Instant at{Instant::never()};  // the beginning of time: at once
};

// What is due for this workload, and when. Pure; nothing is due while an order is owed.
[[nodiscard]] Due due_step(const State& state, const Workload& workload);

// The events of the step that is due for the subject of a deadline: never none.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context);

// Puts what is due for this workload, and for those that depend on it or that it depends on, into the schedule; and whether its
// order is owed.
void reindex(const State& state, const std::string& name, Schedule& schedule);
void reindex_all(const State& state, Schedule& schedule);

// The schedule's name of a workload.
[[nodiscard]] Subject subject_for(const std::string& name);

}  // namespace watchbill::core::workload
