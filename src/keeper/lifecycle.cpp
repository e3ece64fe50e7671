// From start to rest: the states of one incarnation, by the standing order alone. Source: domain/supervision.md §3, §4, §7.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/assert.h"
#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

using supervise::StopAction;

// How often a group is looked at that sends no SIGCHLD: one whose members are not all our children.
constexpr Duration adopted_look_every = Duration::milliseconds(200);

void reset_incarnation(Keeper& keeper, Workload& workload, std::uint64_t incarnation, wire::StartCause cause) {
  workload.incarnation = incarnation;
  workload.cause = cause;
  workload.started_order_id.assign(workload.order.order_id);
  workload.state = wire::State::running;
  workload.pid = 0;
  workload.start_ticks = 0;
  workload.cgroup_directory.clear();
  workload.is_adopted = false;
  workload.is_leader_gone = true;
  workload.is_concluding = false;
  workload.orphan_count = 0;
  workload.end_reason = supervise::EndReason::exit;
  workload.afterwards = wire::Afterwards::judge;
  workload.started_at = keeper.now;
  workload.started_at_wall = keeper.wall;
  workload.beats = supervise::Beats::since_start(keeper.now);
  workload.is_ready = false;
  workload.is_hung = false;
  workload.file_bytes = -1;
  workload.file_checked_at = keeper.now;
  workload.told_exit.reset();
  workload.stop = supervise::StopState{};
  workload.pre_stop_took = workload.terminating_took = Duration{};
  workload.owes_diagnosis = false;
  std::snprintf(workload.incarnation_text, sizeof workload.incarnation_text, "WATCHBILL_INCARNATION=%llu",
                static_cast<unsigned long long>(incarnation));
}

void tell_exit(Keeper& keeper, Workload& workload, std::uint32_t orphans) {
  if (!workload.is_ordered()) return;  // what became of it is one report, when the group is empty
  wire::Exited exited;
  exited.head = head_of(keeper, workload);
  exited.pid = workload.pid;
  exited.start_ticks = workload.start_ticks;
  exited.boot_id = keeper.boot.view();
  exited.how = workload.how;
  exited.value = workload.value;
  exited.reason = static_cast<wire::EndReason>(workload.end_reason);
  exited.orphans = orphans;
  (void)tell_numbered(keeper, exited);
}

void start_failed(Keeper& keeper, Workload& workload, int error) {
  workload.is_leader_gone = true;
  workload.how = wire::ExitHow::not_executed;
  workload.value = error;
  workload.end_reason = supervise::EndReason::start_failed;
  workload.ended_at_wall = keeper.wall;
  tell_exit(keeper, workload, 0);
  conclude(keeper, workload);
}

void tell_start(Keeper& keeper, Workload& workload, std::uint64_t exec_returned_at_us) {
  const std::uint64_t exit_seen_us = workload.exit_seen_us;
  workload.exit_seen_us = 0;
  if (workload.guarded != nullptr) tell_guardians(keeper, workload);
  if (!workload.is_ordered()) return;
  wire::Started started;
  started.head = head_of(keeper, workload);
  started.pid = workload.pid;
  started.start_ticks = workload.start_ticks;
  started.cause = workload.cause;
  started.order_id = workload.started_order_id;
  started.exec_returned_at_us = exec_returned_at_us;
  if (exit_seen_us != 0) started.exit_seen_to_exec_us = exec_returned_at_us - exit_seen_us;
  (void)tell_numbered(keeper, started);
}

// The group is empty: post_stop, then what follows.
void end_group(Keeper& keeper, Workload& workload) {
  if (workload.owes_diagnosis) tell_diagnosis(keeper, workload);
  abandon_side(keeper, workload);
  workload.stop.phase = supervise::StopPhase::none;
  if (workload.pid_fd >= 0) close(workload.pid_fd);
  workload.pid_fd = -1;
  const bool has_hook = workload.post_stop.size() > 1 && workload.pid != 0;
  if (!has_hook || workload.is_concluding) return conclude(keeper, workload);
  workload.is_concluding = true;
  workload.state = wire::State::stopping;
  record(keeper, workload);
  start_hook(keeper, workload, SideKind::post_stop);
}

void act(Keeper& keeper, Workload& workload, StopAction action) {
  if (action == StopAction::none) return schedule(keeper, workload);
  if (action == StopAction::finished) return end_group(keeper, workload);
  const Duration since_begin = keeper.now - workload.stop.began_at;
  if (action == StopAction::send_term) workload.pre_stop_took = since_begin;
  if (action == StopAction::diagnose) workload.terminating_took = since_begin - workload.pre_stop_took;
  if (action == StopAction::send_kill && workload.owes_diagnosis) tell_diagnosis(keeper, workload);
  wire::StopAdvanced advanced;
  advanced.head = head_of(keeper, workload);
  advanced.phase = static_cast<wire::StopPhase>(workload.stop.phase);
  advanced.since_begin = since_begin;
  record(keeper, workload);
  if (workload.guarded != nullptr) {
    tell_guardians(keeper, workload);
  } else if (action == StopAction::report_unkillable) {
    PidList members;
    list_members(keeper, workload, members);
    for (const pid_t pid : members.all()) (void)advanced.pids.add(pid);
    (void)tell_numbered(keeper, advanced);
  } else if (workload.effect == nullptr) {
    tell(keeper, advanced);
  }
  keeper.memory.commit();
  if (action == StopAction::run_pre_stop) start_hook(keeper, workload, SideKind::pre_stop);
  if (action == StopAction::send_term) signal_group(keeper, workload, static_cast<int>(workload.order.stop.signal));
  if (action == StopAction::diagnose) start_diagnosis(keeper, workload);
  if (action == StopAction::send_kill || action == StopAction::report_unkillable) signal_group(keeper, workload, SIGKILL);
  schedule(keeper, workload);
}

void tell_restart(Keeper& keeper, const Workload& workload, const supervise::Decision& decision) {
  wire::RestartDecided decided;
  decided.head = head_of(keeper, workload);
  decided.reason = static_cast<wire::EndReason>(workload.end_reason);
  decided.delay = decision.delay;
  decided.restart_number = decision.restart_number;
  decided.used_in_window =
      workload.budget.used(workload.rule.limit ? workload.rule.limit->window : Duration::hours(1), keeper.now);
  (void)tell_numbered(keeper, decided);
}

// An exit of the guarded controller that a restart would only repeat.
bool is_final(const Workload& workload) noexcept {
  if (workload.guarded == nullptr || workload.how != wire::ExitHow::code) return false;
  const auto codes = workload.guarded->final_exit_codes.all();
  return std::find(codes.begin(), codes.end(), workload.value) != codes.end();
}

Instant next_due(const Keeper& keeper, const Workload& workload) noexcept {
  Instant due = Instant::never();
  if (workload.side.kind != SideKind::none && !workload.side.timed_out) due = std::min(due, workload.side.until);
  if (workload.state == wire::State::backoff && workload.side.kind == SideKind::none) due = std::min(due, workload.next_start_at);
  if (workload.state == wire::State::stopping) {
    due = std::min(due, supervise::stop_due(workload.stop));
    const bool asks_kernel = workload.is_adopted || counts_cgroup(workload);
    if (asks_kernel && !workload.is_concluding) due = std::min(due, keeper.now + adopted_look_every);
  }
  if (workload.state == wire::State::running) {
    if (workload.order.max_runtime) due = std::min(due, workload.started_at + *workload.order.max_runtime);
    if (workload.is_adopted && workload.is_leader_gone) due = std::min(due, keeper.now + adopted_look_every);
    if (workload.order.hang && !workload.is_leader_gone) {
      const supervise::HangLimits limits{workload.order.hang->timeout, workload.order.hang->start_grace};
      if (!workload.is_hung) due = std::min(due, supervise::hang_due(limits, workload.beats));
      // Four looks in the time that is allowed, at most ten in a second.
      if (workload.order.hang->heartbeat == wire::Heartbeat::file)
        due = std::min(due, workload.file_checked_at + std::clamp(limits.timeout / 4, Duration{100}, Duration{5000}));
    }
  }
  if (workload.log.discarded_bytes != 0) due = std::min(due, workload.gap_told_at + keeper.limits.gap_report_every);
  return due;
}

void tell_gap(Keeper& keeper, Workload& workload) {
  if (workload.is_ordered())
    (void)tell_numbered(keeper, wire::OutputGap{head_of(keeper, workload), workload.log.discarded_bytes, workload.log.error});
  workload.log.discarded_bytes = 0;
  workload.log.error = 0;
  workload.gap_told_at = keeper.now;
}

}  // namespace

void start_workload(Keeper& keeper, Workload& workload, std::uint64_t incarnation, wire::StartCause cause) {
  reset_incarnation(keeper, workload, incarnation, cause);
  if (workload.effect != nullptr) ++keeper.effect_running;
  if (!open_outputs(keeper, workload)) return start_failed(keeper, workload, errno);
  drain_output(keeper, workload);
  if (workload.effect != nullptr) workload.effect->capture = map_capture(workload.effect->capture_number);
  record(keeper, workload);
  keeper.memory.commit();
  ProcessPlan plan = plan_of(keeper, workload);
  const OutputPath output = output_path(workload, false);
  const OutputPath error = output_path(workload, true);
  plan.output_path = output.data();
  if (workload.error_fd >= 0) plan.error_path = error.data();
  const ProcessStart started = start_process(plan, keeper.inherited);
  const std::uint64_t exec_returned_at_us = monotonic_us();
  if (started.pid == 0) return start_failed(keeper, workload, started.error);
  workload.pid = started.pid;
  workload.is_leader_gone = false;
  workload.start_ticks = start_ticks_of(started.pid);
  keeper.processes.add({started.pid, ProcessKind::leader, workload.slot});
  tell_start(keeper, workload, exec_returned_at_us);
  if (workload.order.stability == wire::Stability::running) workload.restarts.became_stable(keeper.now);
  record(keeper, workload);
  schedule(keeper, workload);
}

void begin_stop(Keeper& keeper, Workload& workload, supervise::EndReason reason, wire::Afterwards afterwards) {
  if (workload.state == wire::State::stopping) {
    // A person's stop overrides what was to follow; nothing overrides a person's stop.
    if (workload.afterwards == wire::Afterwards::judge) {
      workload.afterwards = afterwards;
      workload.end_reason = reason;
    }
    if (reason != supervise::EndReason::deadline || workload.is_concluding) return schedule(keeper, workload);
    return act(keeper, workload, supervise::hasten_stop(workload.stop, keeper.now));
  }
  workload.restarts.broke(workload.rule.backoff.reset_after, keeper.now);
  workload.end_reason = reason;
  workload.afterwards = afterwards;
  if (workload.state == wire::State::backoff) return conclude(keeper, workload);
  workload.state = wire::State::stopping;
  const StopAction first = supervise::begin_stop(workload.stop_rule, workload.stop, workload.is_leader_gone, keeper.now);
  if (reason == supervise::EndReason::deadline) return act(keeper, workload, supervise::hasten_stop(workload.stop, keeper.now));
  act(keeper, workload, first);
}

void leader_exited(Keeper& keeper, Workload& workload, wire::ExitHow how, std::int32_t value) {
  workload.is_leader_gone = true;
  workload.how = how;
  workload.value = value;
  if (how == wire::ExitHow::unseen && workload.told_exit) {
    workload.how = wire::ExitHow::code;
    workload.value = *workload.told_exit;
  }
  if (workload.guarded != nullptr) drain_output(keeper, workload);  // its last words come before the news of its end
  workload.ended_at_wall = keeper.wall;
  workload.restarts.broke(workload.rule.backoff.reset_after, keeper.now);
  if (workload.state == wire::State::running)
    workload.end_reason = how == wire::ExitHow::signal ? supervise::EndReason::signal : supervise::EndReason::exit;
  std::uint32_t orphans = 0;
  if (!is_group_empty(keeper, workload)) {
    PidList members;
    list_members(keeper, workload, members);
    orphans = static_cast<std::uint32_t>(members.size);
  }
  tell_exit(keeper, workload, orphans);
  settle_group(keeper, workload);
}

void settle_group(Keeper& keeper, Workload& workload) {
  if (workload.is_concluding) return;
  const bool is_empty = is_group_empty(keeper, workload);
  if (workload.state == wire::State::stopping)
    return act(keeper, workload, supervise::advance_stop(workload.stop_rule, workload.stop, {is_empty, false}, keeper.now));
  if (workload.state != wire::State::running || !workload.is_leader_gone) return;
  if (is_empty) return end_group(keeper, workload);
  record(keeper, workload);
  if (workload.order.leader_exit == wire::LeaderExit::wait_group && workload.effect == nullptr) return schedule(keeper, workload);
  workload.state = wire::State::stopping;
  act(keeper, workload, supervise::begin_stop(workload.stop_rule, workload.stop, true, keeper.now));
}

void settle(Keeper& keeper, Workload& workload, wire::State state, wire::SettledReason reason) {
  workload.state = state;
  workload.is_concluding = false;
  if (workload.effect != nullptr) effect_ended(keeper, workload);
  else drain_output(keeper, workload);
  if (workload.guarded != nullptr) tell_guardians(keeper, workload);
  if (workload.is_ordered()) (void)tell_numbered(keeper, wire::Settled{head_of(keeper, workload), state, reason});
  record(keeper, workload);
  schedule(keeper, workload);
}

void conclude(Keeper& keeper, Workload& workload) {
  workload.is_concluding = false;
  const auto reason = static_cast<wire::SettledReason>(workload.end_reason);
  // The exit of an adopted leader cannot be learnt, so nobody can say that it failed.
  const bool is_unseen = workload.is_adopted && workload.how == wire::ExitHow::unseen && workload.guarded == nullptr;
  if (is_unseen && workload.afterwards == wire::Afterwards::judge && workload.end_reason == supervise::EndReason::exit)
    return settle(keeper, workload, wire::State::lost, wire::SettledReason::exit_unseen);
  if (workload.effect != nullptr) return settle(keeper, workload, wire::State::completed, reason);
  if (workload.afterwards == wire::Afterwards::stay_stopped) return settle(keeper, workload, wire::State::stopped, reason);
  if (workload.afterwards == wire::Afterwards::start_again) {
    workload.state = wire::State::backoff;
    workload.cause = wire::StartCause::asked;
    workload.next_start_at = keeper.now;
    record(keeper, workload);
    return schedule(keeper, workload);
  }
  const auto codes = workload.order.success_exit_codes.all();
  const bool is_success = workload.end_reason == supervise::EndReason::exit && workload.how == wire::ExitHow::code &&
                          std::find(codes.begin(), codes.end(), workload.value) != codes.end();
  const bool stays_hung = workload.end_reason == supervise::EndReason::hang && workload.order.hang &&
                          workload.order.hang->action == wire::HangAction::stop;
  if (stays_hung || is_final(workload)) return settle(keeper, workload, wire::State::failed, reason);
  const supervise::StartKey key{workload.order.workload_namespace, workload.name, workload.incarnation + 1};
  const supervise::Decision decision = supervise::decide_restart(workload.rule, {workload.end_reason, is_success}, key,
                                                                 workload.budget, workload.restarts, keeper.now);
  switch (decision.verdict) {
    case supervise::Verdict::completed: return settle(keeper, workload, wire::State::completed, reason);
    case supervise::Verdict::failed: return settle(keeper, workload, wire::State::failed, reason);
    case supervise::Verdict::stopped: return settle(keeper, workload, wire::State::stopped, reason);
    case supervise::Verdict::budget_exhausted:
      return settle(keeper, workload, wire::State::failed, wire::SettledReason::restart_budget_exhausted);
    case supervise::Verdict::restart: break;
  }
  if (workload.is_ordered()) tell_restart(keeper, workload, decision);
  workload.state = wire::State::backoff;
  workload.cause = wire::StartCause::standing_order;
  workload.next_start_at = keeper.now + decision.delay;
  if (workload.guarded != nullptr) tell_guardians(keeper, workload);
  if (decision.delay.ms != 0) workload.exit_seen_us = 0;
  record(keeper, workload);
  schedule(keeper, workload);
}

void workload_due(Keeper& keeper, Workload& workload) {
  if (workload.log.discarded_bytes != 0 && keeper.now >= workload.gap_told_at + keeper.limits.gap_report_every)
    tell_gap(keeper, workload);
  if (workload.side.kind != SideKind::none && !workload.side.timed_out && keeper.now >= workload.side.until) {
    workload.side.timed_out = true;
    (void)kill(-workload.side.pid, SIGKILL);
  }
  switch (workload.state) {
    case wire::State::backoff:
      if (workload.side.kind == SideKind::none && keeper.now >= workload.next_start_at)
        return start_workload(keeper, workload, workload.incarnation + 1, workload.cause);
      break;
    case wire::State::stopping:
    case wire::State::running:
      if (workload.state == wire::State::stopping || workload.is_leader_gone) settle_group(keeper, workload);
      else judge(keeper, workload);
      break;
    case wire::State::idle:
    case wire::State::stopped:
    case wire::State::completed:
    case wire::State::failed:
    case wire::State::lost: break;
  }
  schedule(keeper, workload);
}

void schedule(Keeper& keeper, Workload& workload) { keeper.due.set(workload, next_due(keeper, workload)); }

}  // namespace watchbill::keeper
