#include "core/workload/steps.h"

#include "core/workload/orders.h"

namespace watchbill::core::workload {
namespace {

constexpr Due at_once(Step step) noexcept { return {step, Instant{}}; }

Due due_while_waiting(const State& state, const Workload& workload) {
  if (wants_stop(state, workload)) return at_once(Step::rest);
  const bool is_blocked = !failed_dependency(state, workload).empty();
  if (workload.state == WorkloadState::blocked) return is_blocked ? Due{} : at_once(Step::unblock);
  if (is_blocked) return at_once(Step::block);
  return may_start(state, workload) ? at_once(Step::start) : Due{};
}

// A probe that may end this incarnation has done so: the startup probe before the workload runs, the liveness probe after.
bool is_condemned(const Workload& workload) noexcept {
  return (workload.state == WorkloadState::starting && workload.health_started == ProbeHealth::down) ||
         (workload.state == WorkloadState::running && workload.health_live == ProbeHealth::down);
}

Due due_while_up(const State& state, const Workload& workload) {
  const bool goes_down = wants_stop(state, workload) || workload.owed == Owed::restart;
  if (goes_down && may_stop(state, workload))
    return at_once(workload.owed == Owed::restart && !wants_stop(state, workload) ? Step::restart : Step::stop);
  if (is_condemned(workload)) return at_once(Step::judge);
  const bool has_new_terms = workload.wanted_terms != workload.order.terms || workload.owes_signal;
  return has_new_terms && !goes_down ? at_once(Step::renew) : Due{};
}

Due due_while_stopping(const State& state, const Workload& workload) {
  // Another ending was asked meanwhile, or the keeper had started the next incarnation before our order reached it.
  const bool stays = workload.ending == Ending::stay;
  if (!stays && wants_stop(state, workload)) return at_once(Step::stop);
  return stays && workload.order.incarnation != workload.incarnation ? at_once(Step::stop) : Due{};
}

// It ended while a hold suspended its restarts; without the hold it would have been started again.
bool was_held_down(const Workload& workload) noexcept {
  const RestartConfiguration& restart = workload.configuration.restart;
  const bool is_restarted = restart.policy != RestartPolicy::never && (restart.is_unlimited || restart.limit != 0);
  if (workload.is_held || !workload.order.is_suspended || !is_restarted) return false;
  if (workload.state == WorkloadState::completed) return restart.policy == RestartPolicy::always;
  if (workload.state != WorkloadState::failed) return false;
  switch (workload.reason) {
    case WorkloadReason::exit: case WorkloadReason::signal: case WorkloadReason::liveness:
    case WorkloadReason::runtime_exceeded: return true;
    case WorkloadReason::hang: return workload.configuration.hang && workload.configuration.hang->action != HangAction::stop;
    default: return false;
  }
}

Due due_at_rest(const State& state, const Workload& workload) {
  if (workload.is_withdrawn) {
    const bool is_known = workload.order.number != 0 && workload.order.directive != OrderDirective::forget;
    return at_once(is_known ? Step::forget : Step::archive);
  }
  if (must_rest(workload) || supervisor_of(state).closing_until) return {};
  const bool was_put_down = workload.state == WorkloadState::stopped && !workload.is_left_stopped;
  if (workload.owed != Owed::nothing || was_put_down || was_held_down(workload)) return at_once(Step::come_up);
  const bool tries_again = workload.state == WorkloadState::lost && workload.configuration.on_lost == OnLost::restart &&
                           !workload.is_lost_start_given;
  return tries_again ? at_once(Step::start_lost) : Due{};
}

// What is due now, before the deadline of a shutdown.
Due due_in_order(const State& state, const Workload& workload) {
  // One order at a time: what the keeper does with it decides what the next one says.
  if (workload.order.is_owed()) return {};
  switch (workload.state) {
    case WorkloadState::pending: case WorkloadState::blocked: return due_while_waiting(state, workload);
    case WorkloadState::starting: case WorkloadState::running: case WorkloadState::backoff: return due_while_up(state, workload);
    case WorkloadState::stopping: return due_while_stopping(state, workload);
    case WorkloadState::stopped: case WorkloadState::completed: case WorkloadState::failed: case WorkloadState::lost:
      return due_at_rest(state, workload);
  }
  return {};
}

WorkloadStateChanged change(const std::string& name, const Workload& workload, WorkloadState to, WorkloadReason reason) {
  WorkloadStateChanged changed;
  changed.from = workload.state;
  changed.incarnation = workload.incarnation;
  changed.reason = reason;
  changed.to = to;
  changed.workload = name;
  return changed;
}

WorkloadReason why_down(const Workload& workload) noexcept {
  return must_rest(workload) ? WorkloadReason::configuration : WorkloadReason::cancelled;
}

Events stop_events(const std::string& name, const Workload& workload, OrderDirective directive, WorkloadReason reason) {
  StandingOrderGiven order = next_order(name, workload, directive);
  order.reason = reason;
  if (workload.state == WorkloadState::stopping) return Events{order};
  return Events{order, change(name, workload, WorkloadState::stopping, reason)};
}

Events start_events(const std::string& name, const Workload& workload) {
  StandingOrderGiven order = next_order(name, workload, OrderDirective::start);
  order.incarnation = workload.incarnation + 1;
  order.reason = workload.reason;
  order.resets_budget = workload.resets_budget;
  if (workload.state == WorkloadState::lost) return Events{order};
  WorkloadStateChanged changed = change(name, workload, WorkloadState::starting, workload.reason);
  changed.incarnation = order.incarnation;
  return Events{order, changed};
}

Events start_lost_events(const std::string& name, const Workload& workload, Instant now) {
  if (budget_allows(workload, now)) return start_events(name, workload);
  return Events{budget_exhausted(name, workload),
                change(name, workload, WorkloadState::failed, WorkloadReason::restart_budget_exhausted)};
}

Events come_up_events(const std::string& name, const Workload& workload) {
  const WorkloadReason reason = workload.owed == Owed::nothing ? WorkloadReason::none : workload.owed_reason;
  return Events{change(name, workload, WorkloadState::pending, reason)};
}

Events restart_events(const State& state, const std::string& name, const Workload& workload) {
  // What it depends on goes down too: it must be gone before, and come up after.
  bool must_wait = false;
  for (const std::string& dependency : dependencies_of(state, workload))
    must_wait = must_wait || state.workloads.find(dependency)->owed == Owed::restart;
  return stop_events(name, workload, must_wait ? OrderDirective::stop : OrderDirective::restart, workload.owed_reason);
}

Events events_of(const State& state, const std::string& name, const Workload& workload, const Due& due, Instant now) {
  switch (due.step) {
    case Step::rest: return {change(name, workload, WorkloadState::stopped, why_down(workload))};
    case Step::block: {
      WorkloadStateChanged changed = change(name, workload, WorkloadState::blocked, WorkloadReason::dependency_failed);
      changed.detail = failed_dependency(state, workload);
      return {changed};
    }
    case Step::unblock: return {change(name, workload, WorkloadState::pending, WorkloadReason::none)};
    case Step::start: return start_events(name, workload);
    case Step::start_lost: return start_lost_events(name, workload, now);
    case Step::stop: return stop_events(name, workload, OrderDirective::stop, why_down(workload));
    case Step::hasten: return stop_events(name, workload, OrderDirective::stop, WorkloadReason::deadline);
    case Step::restart: return restart_events(state, name, workload);
    case Step::judge: return stop_events(name, workload, OrderDirective::judge, WorkloadReason::liveness);
    case Step::come_up: return come_up_events(name, workload);
    case Step::renew: {
      const bool signals = workload.owes_signal && workload.state == WorkloadState::running;
      return {next_order(name, workload, signals ? OrderDirective::signal : OrderDirective::keep)};
    }
    case Step::forget: return {next_order(name, workload, OrderDirective::forget)};
    case Step::archive: return {ObjectArchived{"workload", name, Area::workload}};
    case Step::nothing: break;
  }
  return {};
}

}  // namespace

Due due_step(const State& state, const Workload& workload) {
  const Due due = due_in_order(state, workload);
  const auto& until = supervisor_of(state).closing_until;
  if (due.step != Step::nothing || !until || !is_active(workload)) return due;
  const bool waits_for_another = workload.order.is_owed() && workload.order.directive != OrderDirective::stop;
  if (waits_for_another || workload.order.reason == WorkloadReason::deadline) return due;
  return {Step::hasten, *until};
}

Decision decide(const State& state, const Facts&, const MeetDeadline& deadline, const Context& context) {
  const Workload* workload = state.workloads.find(deadline.subject);
  WB_ASSERT(workload != nullptr, "the index names only workloads that exist");
  return events_of(state, deadline.subject, *workload, due_step(state, *workload), context.at);
}

Subject subject_for(const std::string& name) { return {Area::workload, name}; }

namespace {

void reindex_one(const State& state, const std::string& name, Schedule& schedule) {
  const Workload* workload = state.workloads.find(name);
  schedule.deadlines.set(subject_for(name), workload == nullptr ? Instant::never() : due_step(state, *workload).at);
  const bool is_owed = workload != nullptr && workload->order.is_owed();
  schedule.ready.set(subject_for(name), is_owed ? workload->order.at : Instant::never());
}

}  // namespace

void reindex(const State& state, const std::string& name, Schedule& schedule) {
  reindex_one(state, name, schedule);
  const Workload* workload = state.workloads.find(name);
  if (workload == nullptr) return;
  for (const std::string& other : dependents_of(state, *workload)) reindex_one(state, other, schedule);
  for (const std::string& other : dependencies_of(state, *workload)) reindex_one(state, other, schedule);
}

void reindex_all(const State& state, Schedule& schedule) {
  state.workloads.each([&](const std::string& name, const Workload&) {
    reindex_one(state, name, schedule);
    return true;
  });
}

}  // namespace watchbill::core::workload
