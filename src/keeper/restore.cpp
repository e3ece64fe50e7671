#include "keeper/acts.h"
#include "keeper/restore.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"

namespace watchbill::keeper {

namespace {

// Numbers of reports that a full disk kept from the file may have been delivered: a successor begins far above them.
constexpr std::uint64_t number_gap = std::uint64_t{1} << 20;

struct Reading {
  Keeper& keeper;
  std::string boot_id;  // of the keeper that wrote
  bool is_damaged{false};
};

void take_workload(Keeper& keeper, const WorkloadRecord& read) {
  Workload* const workload = find_workload(keeper, read.name);
  if (workload == nullptr) return;
  workload->started_order_id.assign(read.started_order_id);
  workload->state = read.state;
  workload->incarnation = read.incarnation;
  workload->pid = read.pid;
  workload->start_ticks = read.start_ticks;
  workload->is_leader_gone = read.is_leader_gone;
  if (workload->effect != nullptr) workload->effect->is_acknowledged = read.is_acknowledged;
  workload->how = read.how;
  workload->value = read.value;
  workload->end_reason = static_cast<supervise::EndReason>(read.end_reason);
  workload->afterwards = read.afterwards;
  workload->stop.phase = static_cast<supervise::StopPhase>(read.stop_phase);
  workload->stop.began_at = read.stop_began_at;
  workload->stop.phase_until = read.stop_phase_until;
  workload->stop.next_kill = keeper.now;
  workload->started_at = read.started_at;
  workload->started_at_wall = read.started_at_wall;
  workload->ended_at_wall = read.ended_at_wall;
  workload->next_start_at = read.next_start_at;
  workload->restarts = {read.restart_count, read.stable_since};
  workload->budget.clear();
  for (const Instant decided_at : read.decided_at.all()) workload->budget.count(decided_at);
  std::snprintf(workload->incarnation_text, sizeof workload->incarnation_text, "WATCHBILL_INCARNATION=%llu",
                static_cast<unsigned long long>(read.incarnation));
}

void take_cgroup(Keeper& keeper, const CgroupRecord& read) {
  Workload* const workload = find_workload(keeper, read.name);
  if (workload != nullptr && workload->incarnation == read.incarnation) workload->cgroup_directory.assign(read.directory);
}

template <class Record>
bool read_record(std::string_view body, Record& record) noexcept {
  return wire::read_message(body, record);
}

void take_order_record(Keeper& keeper, const OrderRecord& read) {
  if (!read.is_effect) {
    (void)take_order(keeper, read.name, read.body, nullptr);
    return;
  }
  Workload& workload = take_effect(keeper, read.name, read.body);
  workload.effect->capture_number = read.capture;
  workload.incarnation = read.attempt;
}

void take_outcome(Keeper& keeper, std::string_view bytes) {
  wire::Frame frame;
  if (wire::read_frame(bytes, frame) != wire::FrameStatus::complete) return;
  keeper.outcomes_dropped += keeper.outcomes.keep(frame.number, bytes);
  keeper.next_number = std::max(keeper.next_number, frame.number + 1);
  wire::EffectDone done;
  if (frame.type != wire::MessageType::effect_done || !wire::read_message(frame.body, done)) return;
  const std::string name = "!" + std::string(done.effect_id);
  Workload* const workload = find_workload(keeper, name);
  if (workload != nullptr && workload->incarnation == done.attempt) workload->effect->outcome_number = frame.number;
}

void take_record(Reading& reading, RecordType type, std::string_view body) {
  Keeper& keeper = reading.keeper;
  OpenedRecord opened;
  ControllerRecord controller;
  OrderRecord order;
  WorkloadRecord workload;
  ForgottenRecord forgotten;
  AcknowledgedRecord acknowledged;
  GuardRecord guard;
  CgroupRecord cgroup;
  switch (type) {
    case RecordType::opened:
      if (!read_record(body, opened) || opened.version != 1) break;
      keeper.memory_id.assign(opened.memory);
      reading.boot_id.assign(opened.boot_id);
      keeper.next_number = std::max(keeper.next_number, opened.next_number);
      keeper.next_capture = std::max(keeper.next_capture, opened.next_capture);
      return;
    case RecordType::controller:
      if (!read_record(body, controller)) break;
      keeper.lineage.assign(controller.lineage);
      keeper.epoch = controller.epoch;
      keeper.sequence = controller.sequence;
      return;
    case RecordType::order:
      if (!read_record(body, order)) break;
      keeper.next_capture = std::max(keeper.next_capture, order.capture + 1);
      return take_order_record(keeper, order);
    case RecordType::workload:
      if (!read_record(body, workload)) break;
      return take_workload(keeper, workload);
    case RecordType::forgotten:
      if (!read_record(body, forgotten)) break;
      if (Workload* const known = find_workload(keeper, forgotten.name)) drop_workload(keeper, *known);
      return;
    case RecordType::outcome: return take_outcome(keeper, body);
    case RecordType::acknowledged:
      if (!read_record(body, acknowledged)) break;
      keeper.acknowledged_through = acknowledged.through;
      keeper.next_number = std::max(keeper.next_number, acknowledged.through + 1);
      keeper.outcomes.acknowledge(acknowledged.through);
      return;
    case RecordType::guard:
      if (!read_record(body, guard)) break;
      (void)take_guarded(keeper, guard.body);
      return;
    case RecordType::cgroup:
      if (!read_record(body, cgroup)) break;
      return take_cgroup(keeper, cgroup);
    case RecordType::none: break;
  }
  reading.is_damaged = true;
}

void lose(Keeper& keeper, Workload& workload, wire::SettledReason reason) {
  workload.is_leader_gone = true;
  workload.how = wire::ExitHow::unseen;
  workload.value = 0;
  workload.ended_at_wall = keeper.wall;
  workload.stop = supervise::StopState{};
  if (workload.effect != nullptr) ++keeper.effect_running;  // settled at once
  // A controller that is gone is wanted again; should another have come meanwhile, the lock of the data directory stops this one.
  if (workload.guarded != nullptr && reason != wire::SettledReason::host_rebooted) return conclude(keeper, workload);
  settle(keeper, workload, wire::State::lost, reason);
}

// The pid of a start whose outcome the dead keeper could not write down, by the marker that only such a process carries.
void find_started(const Keeper& keeper, Workload& workload) {
  PidList found;
  add_marked(found, marker_of(keeper, workload), 0);
  for (const pid_t pid : found.all()) {
    ProcessStat stat;
    if (!read_stat(pid, stat) || stat.session != pid) continue;  // the leader is the session's
    workload.pid = pid;
    workload.start_ticks = stat.start_ticks;
    workload.is_leader_gone = false;
    return;
  }
}

bool watch_adopted(Keeper& keeper, Workload& workload) {
  workload.pid_fd = static_cast<int>(syscall(SYS_pidfd_open, workload.pid, 0));
  // Between the look at its start time and here the pid may have changed hands: look again, now that it cannot any more.
  if (workload.pid_fd < 0 || start_ticks_of(workload.pid) != workload.start_ticks) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = event_tag(EventKind::adopted, workload.slot);
  return epoll_ctl(keeper.epoll_fd, EPOLL_CTL_ADD, workload.pid_fd, &event) == 0;
}

void adopt(Keeper& keeper, Workload& workload, const ProcessStat& stat, bool is_same_process) {
  const bool is_child = stat.parent == getpid();
  workload.is_adopted = !is_child;
  if (!is_child && !watch_adopted(keeper, workload)) return lose(keeper, workload, wire::SettledReason::exit_unseen);
  if (is_child) keeper.processes.add({workload.pid, ProcessKind::leader, workload.slot});
  if (workload.effect != nullptr) {
    ++keeper.effect_running;
    workload.effect->capture = map_capture(workload.effect->capture_number);
  }
  (void)open_outputs(keeper, workload);
  workload.beats = supervise::Beats::since_start(keeper.now);
  // Hooks and helpers of the predecessor are over, as far as the stop is concerned.
  const bool waits_for_side =
      workload.stop.phase == supervise::StopPhase::pre_stop || workload.stop.phase == supervise::StopPhase::diagnosing;
  if (waits_for_side) workload.stop.phase_until = keeper.now;
  if (!is_same_process && workload.is_ordered())
    (void)tell_numbered(keeper, wire::Adopted{head_of(keeper, workload), workload.pid, workload.start_ticks});
  record(keeper, workload);
  schedule(keeper, workload);
}

void restore_workload(Keeper& keeper, Workload& workload, bool is_same_boot, bool is_same_process) {
  if (!workload.is_active()) return;
  if (workload.state == wire::State::backoff) {
    if (!is_same_boot && workload.guarded != nullptr) return lose(keeper, workload, wire::SettledReason::host_rebooted);
    if (!is_same_boot) workload.next_start_at = keeper.now;
    return schedule(keeper, workload);
  }
  const bool has_exit_record = workload.is_leader_gone && workload.pid != 0;
  if (!is_same_boot && !has_exit_record) return lose(keeper, workload, wire::SettledReason::host_rebooted);
  if (workload.pid == 0) find_started(keeper, workload);
  if (workload.pid == 0) return lose(keeper, workload, wire::SettledReason::exit_unseen);
  ProcessStat stat;
  bool exists = is_same_boot && !workload.is_leader_gone && read_stat(workload.pid, stat);
  // Ended already, and another parent will take its exit code.
  if (exists && stat.state == 'Z' && stat.parent != getpid()) exists = false;
  if (exists && stat.start_ticks == workload.start_ticks) return adopt(keeper, workload, stat, is_same_process);
  if (exists) return lose(keeper, workload, wire::SettledReason::pid_reused);
  if (!has_exit_record) return lose(keeper, workload, wire::SettledReason::exit_unseen);
  // The leader's exit is known and the rest of the group was being ended, or its hook ran.
  workload.is_adopted = !is_same_process;
  if (workload.effect != nullptr) ++keeper.effect_running;
  const bool was_ending = workload.state == wire::State::running || workload.stop.phase != supervise::StopPhase::none;
  if (!is_same_boot || !was_ending) return conclude(keeper, workload);
  settle_group(keeper, workload);
}

void draw_memory_id(Keeper& keeper) {
  std::array<std::uint8_t, 8> bytes{};
  const ssize_t drawn = getrandom(bytes.data(), bytes.size(), 0);
  WB_ASSERT(drawn == static_cast<ssize_t>(bytes.size()), "the kernel gives up to 256 bytes whole");
  keeper.memory_id = to_hex(bytes);
}

// Times of another boot mean nothing here: decisions count as made now, which errs on the careful side.
void forget_times(Keeper& keeper, Workload& workload) {
  const std::uint32_t count = workload.budget.size();
  workload.budget.clear();
  for (std::uint32_t i = 0; i < count; ++i) workload.budget.count(keeper.now);
  workload.restarts.stable_since.reset();
  workload.started_at = keeper.now;
}

}  // namespace

Status restore(Keeper& keeper, int handoff_fd) {
  Reading reading{keeper, {}, false};
  const Status opened =
      keeper.memory.open([&reading](RecordType type, std::string_view body) { take_record(reading, type, body); });
  if (!opened) return opened;
  if (reading.is_damaged)
    return Error{ErrorKind::corrupt, "read the keeper's memory", "keeper/memory",
                 "it holds records of another version; the keeper that wrote it can read it, or move it away (running workloads "
                 "are then lost)"};
  const bool is_same_process = handoff_fd >= 0;
  if (keeper.memory_id.empty()) draw_memory_id(keeper);
  const bool is_same_boot = reading.boot_id == keeper.boot.view();
  if (!is_same_process && keeper.next_number > 1) keeper.next_number += number_gap;
  for (std::size_t i = 0; i < keeper.slots.size(); ++i) {
    if (keeper.slots[i] == nullptr) continue;
    if (!is_same_boot) forget_times(keeper, *keeper.slots[i]);
    restore_workload(keeper, *keeper.slots[i], is_same_boot, is_same_process);
  }
  if (is_same_process) {
    take_handoff(keeper, handoff_fd);
    (void)tell_numbered(keeper, wire::Replaced{keeper.replaced_count, keeper.wall});
    close(handoff_fd);
  }
  if (!keeper.memory.rewrite([&keeper] { record_everything(keeper); }))
    std::fprintf(stderr, "watchbill-keeper: the memory file cannot be written: %s; acting all the same\n",
                 std::strerror(keeper.memory.last_error()));
  return {};
}

}  // namespace watchbill::keeper
