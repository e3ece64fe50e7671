#include "core/workload/reports.h"

#include "core/workload/orders.h"
#include "core/workload/relations.h"

namespace watchbill::core::workload {
namespace {

// Why a command is not looked into: somebody else sent it, its report is recorded already, or the one before it is not (its
// append was refused, or it was lost with a connection): then the agent tells both again, in order.
std::optional<Decision> answered_at_once(const State& state, const Facts& facts, const std::optional<ReportNumber>& report) {
  if (!facts.actor_may_report) return Decision(Refused{Refusal::role_missing, "only the host's agent may report"});
  const Keeper* keeper = state.keepers.find(std::string(local_host));
  const bool is_same = report && keeper != nullptr && keeper->memory == report->memory;
  const std::uint64_t through = is_same ? keeper->reported_through : 0;
  if (is_same && report->number <= through) return Decision(Events{});
  if (report && report->after > through)
    return Decision(Refused{Refusal::changed_meanwhile, "report " + std::to_string(report->after) + " is not recorded yet"});
  return std::nullopt;
}

// A report that changes nothing is recorded all the same, so that its number is.
Events nothing_new(const std::optional<ReportNumber>& report, const std::string& workload, const std::string& detail) {
  if (!report) return {};
  ReportsDropped dropped;
  dropped.detail = detail;
  dropped.report = report;
  dropped.workload = workload;
  return {dropped};
}

WorkloadStateChanged change(const std::string& name, const Workload& workload, WorkloadState to, WorkloadReason reason) {
  return WorkloadStateChanged{{}, workload.state, workload.incarnation, reason, std::nullopt, to, name};
}

// The workload that a report is about, unless it is not known or has a later incarnation.
template <class Told>
const Workload* subject_of_report(const State& state, const Told& told) {
  const Workload* workload = state.workloads.find(told.workload);
  return workload != nullptr && told.incarnation >= workload->incarnation ? workload : nullptr;
}

constexpr const char* of_the_past = "of a workload or an incarnation that is over";

bool is_up(const Workload& workload) noexcept {
  return workload.state == WorkloadState::starting || workload.state == WorkloadState::running;
}

bool stays_down(const Workload& workload) noexcept {
  return workload.state == WorkloadState::stopping && workload.ending == Ending::stay;
}

// A start was refused: for good, or because the keeper has done it before and the answer was lost. Then its reports are on their
// way.
Events refused_start(const Workload& workload, const NoteOrder& command) {
  const bool is_done = command.refusal == "stale_incarnation" || command.refusal == "already_running";
  const bool is_group_left = command.refusal == "group_not_empty";
  if (is_done || (is_group_left && workload.state == WorkloadState::lost)) return {};
  if (workload.state != WorkloadState::starting && workload.state != WorkloadState::lost) return {};
  WorkloadStateChanged changed = change(command.workload, workload, WorkloadState::failed, WorkloadReason::start_failed);
  changed.detail = command.refusal;
  if (is_group_left) {
    changed.to = WorkloadState::lost;
    changed.reason = WorkloadReason::exit_unseen;
  }
  return {changed};
}

// What follows from the outcome of the order that is owed, beside its being taken.
Events after_order(const Workload& workload, const NoteOrder& command) {
  const bool is_refused = !command.refusal.empty();
  switch (workload.order.directive) {
    case OrderDirective::start:
      if (is_refused) return refused_start(workload, command);
      if (workload.state == WorkloadState::lost)
        return {change(command.workload, workload, WorkloadState::backoff, workload.reason)};
      return {};
    case OrderDirective::stop: case OrderDirective::restart: case OrderDirective::judge:
      // The keeper never had it: no report will come. Otherwise what became of it is on its way to us.
      if (is_refused && workload.state == WorkloadState::stopping && command.keeper_incarnation < workload.order.incarnation)
        return {change(command.workload, workload, WorkloadState::stopped, WorkloadReason::cancelled)};
      return {};
    case OrderDirective::keep: case OrderDirective::signal: case OrderDirective::forget: return {};
  }
  return {};
}

Events settled(const Workload& workload, const NoteSettled& command) {
  const auto changed = [&](WorkloadState to, WorkloadReason reason) {
    WorkloadStateChanged event = change(command.workload, workload, to, reason);
    event.incarnation = command.incarnation;
    event.detail = command.detail;
    event.report = command.report;
    return event;
  };
  if (command.state == WorkloadState::stopping) return {changed(WorkloadState::stopping, WorkloadReason::unkillable)};
  if (command.state == WorkloadState::lost)
    return {WorkloadLost{command.incarnation, command.reason, command.report, command.workload},
            changed(WorkloadState::lost, command.reason)};
  // What was asked to stop or to restart has stopped, however its last incarnation ended.
  const bool was_asked = workload.state == WorkloadState::stopping && workload.ending != Ending::judge;
  if (command.state == WorkloadState::stopped || was_asked) {
    const bool by_deadline = command.reason == WorkloadReason::deadline;
    const WorkloadReason reason = by_deadline ? WorkloadReason::deadline : WorkloadReason::cancelled;
    return {WorkloadStopped{command.at, command.incarnation, reason, command.report, command.workload},
            changed(WorkloadState::stopped, reason)};
  }
  if (command.reason == WorkloadReason::restart_budget_exhausted)
    return {changed(WorkloadState::failed, command.reason), budget_exhausted(command.workload, workload)};
  return {changed(command.state, command.reason)};
}

template <class Told>
Decision notice(const State& state, const Facts& facts, const Note<Told>& command) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const bool is_known = command.told.workload.empty() || state.workloads.contains(command.told.workload);
  return is_known ? Events{command.told} : nothing_new(command.told.report, command.told.workload, of_the_past);
}

bool is_right_part(const NoteKeeper& command) {
  if (command.kept.size() > kept_part_max) return false;
  const std::string* last = &command.after;
  for (const KeptWorkload& kept : command.kept) {
    if (kept.name <= *last || (!command.through.empty() && kept.name > command.through)) return false;
    last = &kept.name;
  }
  return true;
}

// The keeper does not know it: nobody knows what became of it.
void find_lost(const NoteKeeper& command, const std::string& name, const Workload& workload, Events& events) {
  const bool is_on_its_way = workload.order.is_owed() && workload.state == WorkloadState::starting;
  if (!is_active(workload) || is_on_its_way) return;
  const bool is_other_boot = !workload.boot_id.empty() && workload.boot_id != command.boot_id;
  const WorkloadReason reason = is_other_boot ? WorkloadReason::host_rebooted : WorkloadReason::exit_unseen;
  events.push_back(WorkloadLost{workload.incarnation, reason, std::nullopt, name});
  events.push_back(change(name, workload, WorkloadState::lost, reason));
}

void find_kept(const State& state, const KeptWorkload& kept, const Workload& workload, Events& events) {
  const bool is_it = kept.is_active && kept.incarnation == workload.incarnation && kept.pid != 0 && kept.pid == workload.pid &&
                     kept.start_ticks == workload.start_ticks;
  const bool is_told = workload.adopted_epoch == supervisor_of(state).epoch && workload.state != WorkloadState::lost;
  if (!is_it || is_told || (!is_active(workload) && workload.state != WorkloadState::lost)) return;
  events.push_back(
      WorkloadAdopted{kept.exit_is_unseen, kept.incarnation, kept.pid, std::nullopt, kept.start_ticks, kept.name});
  if (workload.state == WorkloadState::lost)
    events.push_back(change(kept.name, workload, WorkloadState::running, WorkloadReason::keeper));
}

ProbeHealth health_of(const Workload& workload, ProbeRole role) noexcept {
  switch (role) {
    case ProbeRole::started: return workload.health_started;
    case ProbeRole::live: return workload.health_live;
    case ProbeRole::ready: return workload.health_ready;
    case ProbeRole::watched: break;
  }
  return ProbeHealth::unknown;
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const NoteOrder& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, std::nullopt)) return *answer;
  const Workload* workload = state.workloads.find(command.workload);
  if (workload == nullptr || !workload->order.is_owed() || workload->order.number != command.number) return Events{};
  Events events{StandingOrderTaken{command.number, command.refusal, command.workload}};
  for (Event& event : after_order(*workload, command)) events.push_back(std::move(event));
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteStarted& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const WorkloadStarted& told = command.told;
  const Workload* workload = subject_of_report(state, told);
  // One incarnation is started once: what has come to rest does not begin again under the same number.
  const bool is_told = workload != nullptr && told.incarnation == workload->incarnation &&
                       (told.pid == workload->pid || is_at_rest(*workload));
  if (workload == nullptr || is_told) return nothing_new(told.report, told.workload, of_the_past);
  Events events{told};
  if (stays_down(*workload)) return events;
  const bool was_asked = workload->state == WorkloadState::stopping && !told.by_standing_order;
  WorkloadStateChanged up = change(told.workload, *workload, WorkloadState::starting,
                                   was_asked ? workload->order.reason : workload->reason);
  up.incarnation = told.incarnation;
  if (up.from != WorkloadState::starting) events.push_back(up);
  if (workload->configuration.started) return events;
  up.from = WorkloadState::starting;
  up.to = WorkloadState::running;
  up.reason = WorkloadReason::none;
  events.push_back(up);
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteExited& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const Workload* workload = subject_of_report(state, command.told);
  if (workload == nullptr) return nothing_new(command.told.report, command.told.workload, of_the_past);
  Events events{command.told};
  // Why it is being stopped is first heard here.
  const WorkloadReason reason = command.told.reason;
  const bool was_stopped = reason == WorkloadReason::hang || reason == WorkloadReason::liveness ||
                           reason == WorkloadReason::runtime_exceeded;
  if (was_stopped && is_up(*workload))
    events.push_back(change(command.told.workload, *workload, WorkloadState::stopping, reason));
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteRestarted& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const Workload* workload = subject_of_report(state, command.told);
  if (workload == nullptr) return nothing_new(command.told.report, command.told.workload, of_the_past);
  Events events{command.told};
  if (workload->state == WorkloadState::backoff || !is_active(*workload) || stays_down(*workload)) return events;
  WorkloadStateChanged changed = change(command.told.workload, *workload, WorkloadState::backoff, command.told.reason);
  changed.incarnation = command.told.incarnation;
  events.push_back(changed);
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteSettled& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.report)) return *answer;
  const Workload* workload = subject_of_report(state, command);
  if (workload == nullptr || !is_active(*workload)) return nothing_new(command.report, command.workload, of_the_past);
  return settled(*workload, command);
}

Decision decide(const State& state, const Facts& facts, const NoteHung& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const Workload* workload = subject_of_report(state, command.told);
  if (workload == nullptr) return nothing_new(command.told.report, command.told.workload, of_the_past);
  Events events{command.told};
  if (!command.told.stays && is_up(*workload))
    events.push_back(change(command.told.workload, *workload, WorkloadState::stopping, WorkloadReason::hang));
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteAdopted& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, command.told.report)) return *answer;
  const Workload* workload = subject_of_report(state, command.told);
  if (workload == nullptr || workload->incarnation != command.told.incarnation)
    return nothing_new(command.told.report, command.told.workload, of_the_past);
  Events events{command.told};
  if (workload->state == WorkloadState::lost)
    events.push_back(change(command.told.workload, *workload, WorkloadState::running, WorkloadReason::keeper));
  return events;
}

Decision decide(const State& state, const Facts& facts, const NoteDiagnosed& command, const Context&) {
  return notice(state, facts, command);
}
Decision decide(const State& state, const Facts& facts, const NoteOutputGap& command, const Context&) {
  return notice(state, facts, command);
}
Decision decide(const State& state, const Facts& facts, const NoteHookFailed& command, const Context&) {
  return notice(state, facts, command);
}
Decision decide(const State& state, const Facts& facts, const NoteTask& command, const Context&) {
  return notice(state, facts, command);
}
Decision decide(const State& state, const Facts& facts, const NoteReportsDropped& command, const Context&) {
  return notice(state, facts, command);
}

Decision decide(const State& state, const Facts& facts, const NoteKeeper& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, std::nullopt)) return *answer;
  if (!is_right_part(command))
    return Refused{Refusal::bad_argument, "kept: expected at most 200 names, ascending, within the part"};
  Events events;
  const Keeper* keeper = state.keepers.find(std::string(local_host));
  const bool is_other = keeper == nullptr || keeper->memory != command.memory || keeper->pid != command.pid ||
                        keeper->boot_id != command.boot_id || keeper->replaced_count != command.replaced_count;
  if (is_other)
    events.push_back(
        KeeperReplaced{command.boot_id, command.memory, command.pid, command.replaced_count, std::nullopt});
  auto kept = command.kept.begin();
  state.workloads.each_from(command.after, [&](const std::string& name, const Workload& workload) {
    if (name == command.after && !command.after.empty()) return true;
    if (!command.through.empty() && name > command.through) return false;
    while (kept != command.kept.end() && kept->name < name) ++kept;
    if (kept != command.kept.end() && kept->name == name) find_kept(state, *kept, workload, events);
    else find_lost(command, name, workload, events);
    // What one part cannot hold the next time of asking finds: these events have changed the state by then.
    return events.size() + 2 < 2 * kept_part_max;
  });
  return events;
}

Decision decide(const State& state, const Facts& facts, const ProbeChanged& command, const Context&) {
  if (auto answer = answered_at_once(state, facts, std::nullopt)) return *answer;
  WorkloadHealthChanged changed{command.detail, command.health, command.incarnation, command.role, command.workload};
  if (command.role == ProbeRole::watched) {
    const WatchedProbe* probe = state.probes.find(command.workload);
    return probe == nullptr || probe->health == command.health ? Events{} : Events{changed};
  }
  const Workload* workload = state.workloads.find(command.workload);
  const bool is_it = workload != nullptr && workload->incarnation == command.incarnation && is_up(*workload);
  if (!is_it || health_of(*workload, command.role) == command.health) return Events{};
  Events events{changed};
  const bool has_started = command.role == ProbeRole::started && command.health == ProbeHealth::up;
  if (has_started && workload->state == WorkloadState::starting)
    events.push_back(change(command.workload, *workload, WorkloadState::running, WorkloadReason::none));
  return events;
}

}  // namespace watchbill::core::workload
