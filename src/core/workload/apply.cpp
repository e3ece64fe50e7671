#include "core/workload/apply.h"

#include <algorithm>

#include "core/workload/orders.h"
#include "core/workload/steps.h"
#include "supervise/restart.h"

namespace watchbill::core::workload {
namespace {

void take_report(State& state, const std::optional<ReportNumber>& report) {
  if (!report) return;
  Keeper& keeper = state.keepers.edit_or_insert(std::string(local_host));
  if (keeper.memory != report->memory) keeper.reported_through = 0;
  keeper.memory = report->memory;
  keeper.reported_through = std::max(keeper.reported_through, report->number);
}

Ending ending_of(OrderDirective directive, Ending before) noexcept {
  switch (directive) {
    case OrderDirective::stop: return Ending::stay;
    case OrderDirective::restart: return Ending::again;
    case OrderDirective::judge: return Ending::judge;
    case OrderDirective::keep: case OrderDirective::start: case OrderDirective::signal: case OrderDirective::forget: break;
  }
  return before;
}

// What belongs to one incarnation and must not outlive it.
void begin_incarnation(Workload& workload, std::uint64_t incarnation) {
  workload.ending = Ending::nothing;
  workload.exit_is_unseen = false;
  workload.has_failed_hook = false;
  workload.health_live = workload.health_ready = workload.health_started = ProbeHealth::unknown;
  workload.incarnation = incarnation;
  workload.is_hung = false;
  workload.is_lost_start_given = false;
  workload.pid = 0;
  workload.start_ticks = 0;
}

// Those who want to be restarted with what they depend on.
void restart_dependents(State& state, const Workload& workload) {
  for (const std::string& name : dependents_of(state, workload)) {
    const Workload& dependent = *state.workloads.find(name);
    const bool follows = dependent.configuration.on_dependency_restart == OnDependencyRestart::restart;
    const bool is_up = is_active(dependent) && dependent.state != WorkloadState::stopping;
    if (!follows || !is_up || dependent.owed != Owed::nothing) continue;
    Workload& restarted = state.workloads.edit(name);
    restarted.owed = Owed::restart;
    restarted.owed_reason = WorkloadReason::dependency;
  }
}

void forget_old_restarts(Workload& workload, Instant now) {
  const Duration window = std::max(workload.configuration.restart.window, Duration::hours(1));
  std::erase_if(workload.restarts, [&](Instant decided_at) { return decided_at <= now - window; });
  const std::size_t max = supervise::restart_limit_max;
  if (workload.restarts.size() >= max)
    workload.restarts.erase(workload.restarts.begin(),
                            workload.restarts.end() - static_cast<std::ptrdiff_t>(max - 1));
}

void count_restart(Workload& workload, Instant now) {
  forget_old_restarts(workload, now);
  workload.restarts.push_back(now);
}

template <class Notice>
void apply_notice(State& state, const Notice& event) {
  take_report(state, event.report);
}

}  // namespace

void apply(State& state, const StandingOrderGiven& event, const Applying& applying) {
  Workload& workload = state.workloads.edit(event.workload);
  Order& order = workload.order;
  WB_ASSERT(event.number == order.number + 1, "orders of a workload are numbered without gaps");
  order.at = applying.at;
  order.directive = event.directive;
  order.incarnation = event.incarnation;
  order.is_suspended = event.is_suspended;
  order.number = event.number;
  order.reason = event.reason;
  order.resets_budget = event.resets_budget;
  order.terms = event.terms;
  workload.ending = ending_of(event.directive, workload.ending);
  const bool is_asked_end = workload.ending == Ending::stay || workload.ending == Ending::again;
  if (event.directive != OrderDirective::keep && event.directive != OrderDirective::signal && is_asked_end)
    workload.owed = Owed::nothing;
  if (event.directive == OrderDirective::signal || workload.state == WorkloadState::stopping) workload.owes_signal = false;
  if (event.directive == OrderDirective::keep) workload.owes_signal = false;
  if (event.directive == OrderDirective::start) {
    workload.is_lost_start_given = workload.state == WorkloadState::lost;
    workload.resets_budget = false;
    if (event.resets_budget) workload.restarts.clear();
  }
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const StandingOrderTaken& event, const Applying& applying) {
  Workload& workload = state.workloads.edit(event.workload);
  workload.order.taken = event.number;
  if (!event.refusal.empty()) workload.detail = "the keeper refused the order: " + event.refusal;
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadStateChanged& event, const Applying& applying) {
  take_report(state, event.report);
  Workload& workload = state.workloads.edit(event.workload);
  const bool is_new_incarnation = event.to == WorkloadState::starting && event.incarnation != workload.incarnation;
  if (is_new_incarnation) begin_incarnation(workload, event.incarnation);
  workload.incarnation = std::max(workload.incarnation, event.incarnation);
  // A hang or an exceeded runtime that the keeper found: it also judges what follows.
  if (event.to == WorkloadState::stopping && workload.ending == Ending::nothing) workload.ending = Ending::judge;
  if (event.from == WorkloadState::lost && event.to == WorkloadState::backoff) count_restart(workload, applying.at);
  workload.detail = event.detail;
  workload.reason = event.reason;
  if (event.to != event.from) workload.since = applying.at;
  workload.state = event.to;
  if (event.to == WorkloadState::pending) workload.owed = Owed::nothing;
  if (is_at_rest(workload)) {
    workload.ending = Ending::nothing;
    workload.pid = 0;
    // It came to rest by itself before it could be asked: a stop is done, a restart still means that it is to run.
    if (workload.owed == Owed::stop) workload.owed = Owed::nothing;
    if (workload.owed == Owed::restart) workload.owed = Owed::start;
    // What was asked of the process we knew is not asked of one that may still run unseen: a lost one waits for a decision
    // that knows of the loss.
    if (workload.state == WorkloadState::lost) workload.owed = Owed::nothing;
  }
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadHealthChanged& event, const Applying& applying) {
  if (event.role == ProbeRole::watched) {
    WatchedProbe& probe = state.probes.edit(event.workload);
    probe.detail = event.detail;
    probe.health = event.health;
    probe.since = applying.at;
    return;
  }
  Workload& workload = state.workloads.edit(event.workload);
  if (event.role == ProbeRole::started) workload.health_started = event.health;
  else if (event.role == ProbeRole::live) workload.health_live = event.health;
  else workload.health_ready = event.health;
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadStarted& event, const Applying& applying) {
  take_report(state, event.report);
  Workload& workload = state.workloads.edit(event.workload);
  const Ending ending = workload.ending;
  begin_incarnation(workload, event.incarnation);
  // The keeper had started it before our stop arrived: that stop stands.
  if (ending == Ending::stay) workload.ending = ending;
  workload.pid = event.pid;
  workload.start_ticks = event.start_ticks;
  workload.started_at = applying.at;
  workload.adopted_epoch = supervisor_of(state).epoch;
  const Keeper* keeper = state.keepers.find(std::string(local_host));
  workload.boot_id = keeper == nullptr ? std::string() : keeper->boot_id;
  // Started by an older order than the present one: `drifted` until the next start.
  workload.running_program = event.terms == workload.wanted_terms.hex() ? workload.wanted_program : Digest{};
  restart_dependents(state, workload);
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadExited& event, const Applying&) {
  take_report(state, event.report);
  Workload& workload = state.workloads.edit(event.workload);
  workload.last_exit = LastExit{event.at, event.how, event.incarnation, event.reason, event.value};
}

void apply(State& state, const RestartDecided& event, const Applying& applying) {
  take_report(state, event.report);
  count_restart(state.workloads.edit(event.workload), applying.at);
}

// What it means for the state is in the change of state beside it.
void apply(State&, const RestartBudgetExhausted&, const Applying&) {}

void apply(State& state, const WorkloadStopped& event, const Applying&) { take_report(state, event.report); }

void apply(State& state, const WorkloadHung& event, const Applying& applying) {
  take_report(state, event.report);
  state.workloads.edit(event.workload).is_hung = event.stays && event.silence.ms > 0;
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadAdopted& event, const Applying& applying) {
  take_report(state, event.report);
  Workload& workload = state.workloads.edit(event.workload);
  workload.adopted_epoch = supervisor_of(state).epoch;
  workload.exit_is_unseen = event.exit_is_unseen;
  workload.pid = event.pid;
  workload.start_ticks = event.start_ticks;
  reindex(state, event.workload, applying.schedule);
}

void apply(State& state, const WorkloadLost& event, const Applying&) { take_report(state, event.report); }

void apply(State& state, const KeeperReplaced& event, const Applying&) {
  Keeper& keeper = state.keepers.edit_or_insert(std::string(local_host));
  if (keeper.memory != event.memory) keeper.reported_through = 0;
  keeper.boot_id = event.boot_id;
  keeper.memory = event.memory;
  keeper.pid = event.pid;
  keeper.replaced_count = event.replaced_count;
}

void apply(State& state, const GroupDiagnosed& event, const Applying&) { apply_notice(state, event); }
void apply(State& state, const OutputGapNoted& event, const Applying&) { apply_notice(state, event); }
void apply(State& state, const TaskReported& event, const Applying&) { apply_notice(state, event); }
void apply(State& state, const ReportsDropped& event, const Applying&) { apply_notice(state, event); }
void apply(State& state, const HookFailed& event, const Applying&) {
  apply_notice(state, event);
  Workload& workload = state.workloads.edit(event.workload);
  if (event.incarnation == workload.incarnation) workload.has_failed_hook = true;
}

}  // namespace watchbill::core::workload
