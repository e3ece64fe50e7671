// Requests, one function each: checked, refused by name or taken.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

// The agent's connection, the number it asked under, and its frame's body.
struct Asked {
  Keeper& keeper;
  Connection& connection;
  std::uint64_t number;
  std::string_view body;

  void accept() const noexcept { (void)send(connection, number, wire::Accepted{}); }
  void refuse(wire::Refusal reason, std::string_view detail = {}) const noexcept {
    keeper::refuse(connection, number, reason, detail);
  }
};

// The cgroup paths of this process and another, compared as text; only where systemd ends such a group as a whole.
bool shares_cgroup(std::int32_t pid) noexcept {
  const auto read = [](const char* path, char (&text)[4096]) {
    std::FILE* const file = std::fopen(path, "re");
    if (file == nullptr) return std::size_t{0};
    const std::size_t size = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    return size;
  };
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
  static char ours[4096];
  static char theirs[4096];
  const std::size_t size = read("/proc/self/cgroup", ours);
  return size != 0 && size == read(path, theirs) && std::memcmp(ours, theirs, size) == 0 &&
         is_within_unit({ours, size});
}

void serve_hello(const Asked& asked) {
  Keeper& keeper = asked.keeper;
  wire::Hello hello;
  if (!wire::read_message(asked.body, hello) || hello.lineage.size() > 256)
    return asked.refuse(wire::Refusal::malformed, "hello");
  if (hello.protocol != wire::protocol_version)
    return asked.refuse(wire::Refusal::version_unsupported, "this keeper speaks version 1 of the protocol");
  const bool begins_lineage = hello.begins_lineage && hello.lineage != keeper.lineage;
  if (hello.epoch < keeper.epoch && !begins_lineage) return asked.refuse(wire::Refusal::stale_epoch, keeper.lineage);
  // Tells what was seen before this hello.
  (void)send(asked.connection, asked.number, welcome_of(keeper, asked.connection));
  asked.connection.said_hello = true;
  asked.connection.epoch = hello.epoch;
  asked.connection.hello_order = ++keeper.hello_count;
  asked.connection.delivered_through = keeper.acknowledged_through;
  asked.connection.awaiting.size = 0;
  keeper.sequence =
      begins_lineage || hello.lineage != keeper.lineage ? hello.sequence : std::max(keeper.sequence, hello.sequence);
  keeper.lineage.assign(hello.lineage);
  keeper.epoch = hello.epoch;
  keeper.memory.add(ControllerRecord{keeper.lineage, keeper.epoch, keeper.sequence});
}

void serve_give_order(const Asked& asked) {
  Keeper& keeper = asked.keeper;
  wire::GiveOrder given;
  if (!wire::read_message(asked.body, given)) return asked.refuse(wire::Refusal::malformed, "give_order");
  std::string_view detail;
  if (const auto refusal = check_order(keeper, given.order, detail)) return asked.refuse(*refusal, detail);
  const bool is_new = find_ordered(keeper, given.order.name) == nullptr;
  const std::uint32_t room = std::min(keeper.limits.workload_count_max, keeper.workload_room);
  if (is_new && ordered_count(keeper) >= room) return asked.refuse(wire::Refusal::too_many_workloads);
  const Workload& workload = take_order(keeper, given.order.name, asked.body, nullptr);
  record_order(keeper, workload);
  if (is_new) record(keeper, workload);
  asked.accept();
}

void serve_forget(const Asked& asked) {
  wire::ForgetOrder forget;
  if (!wire::read_message(asked.body, forget)) return asked.refuse(wire::Refusal::malformed, "forget_order");
  Workload* const workload = find_ordered(asked.keeper, forget.name);
  if (workload == nullptr) return asked.refuse(wire::Refusal::unknown_workload);
  if (workload->is_active() || workload->side.kind != SideKind::none) return asked.refuse(wire::Refusal::already_running);
  if (workload->state != wire::State::lost && !is_group_empty(asked.keeper, *workload))
    return asked.refuse(wire::Refusal::group_not_empty);
  drop_workload(asked.keeper, *workload);
  asked.accept();
}

void serve_start(const Asked& asked) {
  Keeper& keeper = asked.keeper;
  wire::Start start;
  if (!wire::read_message(asked.body, start)) return asked.refuse(wire::Refusal::malformed, "start");
  Workload* const workload = find_ordered(keeper, start.name);
  if (workload == nullptr) return asked.refuse(wire::Refusal::unknown_workload);
  // The same question again, because its answer was lost: it has been done.
  if (workload->incarnation == start.incarnation && workload->is_active()) return asked.accept();
  if (start.incarnation <= workload->incarnation) return asked.refuse(wire::Refusal::stale_incarnation);
  const bool is_busy = workload->state == wire::State::running || workload->state == wire::State::stopping;
  if (is_busy || workload->side.kind != SideKind::none) return asked.refuse(wire::Refusal::already_running);
  if (workload->state == wire::State::lost) {
    // Nothing of the old incarnation may be left; this keeper was not its parent, so every process is asked.
    PidList members;
    add_marked(members, marker_of(keeper, *workload), 0);
    if (members.size != 0) return asked.refuse(wire::Refusal::group_not_empty);
  }
  if (start.resets_budget) {
    workload->budget.clear();
    workload->restarts = supervise::RestartCount{};
  }
  asked.accept();
  start_workload(keeper, *workload, start.incarnation, wire::StartCause::asked);
}

void serve_stop(const Asked& asked) {
  wire::Stop stop;
  if (!wire::read_message(asked.body, stop)) return asked.refuse(wire::Refusal::malformed, "stop");
  Workload* const workload = find_ordered(asked.keeper, stop.name);
  if (workload == nullptr) return asked.refuse(wire::Refusal::unknown_workload);
  const bool is_it = stop.incarnation == workload->incarnation && workload->is_active();
  const bool judges_backoff = stop.afterwards == wire::Afterwards::judge && workload->state == wire::State::backoff;
  if (!is_it || judges_backoff) return asked.refuse(wire::Refusal::not_running);
  asked.accept();
  begin_stop(asked.keeper, *workload, static_cast<supervise::EndReason>(stop.reason), stop.afterwards);
}

void serve_signal(const Asked& asked) {
  wire::Signal signal;
  if (!wire::read_message(asked.body, signal)) return asked.refuse(wire::Refusal::malformed, "signal");
  const Workload* const workload = find_ordered(asked.keeper, signal.name);
  if (workload == nullptr) return asked.refuse(wire::Refusal::unknown_workload);
  if (signal.signal < 1 || signal.signal > 64) return asked.refuse(wire::Refusal::invalid_order, "no such signal");
  if (workload->incarnation != signal.incarnation || workload->is_leader_gone) return asked.refuse(wire::Refusal::not_running);
  signal_leader(*workload, static_cast<int>(signal.signal));
  asked.accept();
}

void serve_tell_stable(const Asked& asked) {
  wire::TellStable told;
  if (!wire::read_message(asked.body, told)) return asked.refuse(wire::Refusal::malformed, "tell_stable");
  Workload* const workload = find_ordered(asked.keeper, told.name);
  if (workload == nullptr) return asked.refuse(wire::Refusal::unknown_workload);
  const bool is_it = workload->state == wire::State::running && workload->incarnation == told.incarnation;
  if (!is_it) return asked.refuse(wire::Refusal::not_running);
  if (told.is_stable) workload->restarts.became_stable(asked.keeper.now);
  else workload->restarts.broke(workload->rule.backoff.reset_after, asked.keeper.now);
  record(asked.keeper, *workload);
  asked.accept();
}

void serve_acknowledge(const Asked& asked) {
  Keeper& keeper = asked.keeper;
  wire::Acknowledge acknowledge;
  if (!wire::read_message(asked.body, acknowledge)) return asked.refuse(wire::Refusal::malformed, "acknowledge");
  // Nothing can be acknowledged that was not delivered here.
  const std::uint64_t through = std::min(acknowledge.through, asked.connection.delivered_through);
  if (through > keeper.acknowledged_through) {
    keeper.acknowledged_through = through;
    keeper.outcomes.acknowledge(through);
    acknowledge_effects(keeper, through);
    keeper.memory.add(AcknowledgedRecord{through});
  }
  auto& awaiting = asked.connection.awaiting;
  const auto end = std::remove_if(awaiting.values.begin(), awaiting.values.begin() + awaiting.size,
                                  [through](std::uint64_t number) { return number <= through; });
  awaiting.size = static_cast<std::uint16_t>(end - awaiting.values.begin());
  asked.accept();
}

void serve_snapshot(const Asked& asked) {
  if (!asked.body.empty() || asked.connection.has_snapshot) return asked.refuse(wire::Refusal::malformed, "ask_snapshot");
  asked.connection.has_snapshot = true;
  asked.connection.snapshot_number = asked.number;
  asked.connection.snapshot_count = 0;
  asked.connection.snapshot_after.clear();
}

void serve_replace(const Asked& asked) {
  wire::Replace replace;
  if (!wire::read_message(asked.body, replace)) return asked.refuse(wire::Refusal::malformed, "replace");
  const bool is_path = replace.path.empty() || (replace.path.front() == '/' && replace.path.find('\0') == std::string_view::npos);
  if (!is_path) return asked.refuse(wire::Refusal::invalid_order, "the program is not an absolute path");
  asked.keeper.replacement_path.assign(replace.path.empty() ? std::string_view(asked.keeper.program_path) : replace.path);
  if (access(asked.keeper.replacement_path.c_str(), X_OK) != 0)
    return asked.refuse(wire::Refusal::exec_failed, "no such program");
  asked.keeper.is_replacement_asked = true;
  asked.accept();
}

}  // namespace

wire::Welcome welcome_of(Keeper& keeper, const Connection& connection) {
  wire::Welcome answer;
  answer.memory = keeper.memory_id;
  answer.boot_id = keeper.boot.view();
  answer.lineage = keeper.lineage;
  answer.epoch = keeper.epoch;
  answer.sequence = keeper.sequence;
  answer.pid = getpid();
  answer.replaced_count = keeper.replaced_count;
  answer.wall_now = keeper.wall;
  answer.monotonic_now = keeper.now;
  answer.unlogged_count = keeper.memory.unlogged_count();
  answer.workload_count = ordered_count(keeper);
  answer.shares_cgroup = shares_cgroup(connection.peer_pid);
  return answer;
}

void serve_request(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  const Asked asked{keeper, connection, frame.number, frame.body};
  if (connection.is_guardian) return serve_guardian(keeper, connection, frame);
  if (frame.type == wire::MessageType::hello) return serve_hello(asked);
  if (frame.type == wire::MessageType::guard_hello && !connection.said_hello)
    return serve_guard_hello(keeper, connection, frame);
  if (!connection.said_hello) return asked.refuse(wire::Refusal::hello_required);
  if (connection.epoch < keeper.epoch) return asked.refuse(wire::Refusal::stale_epoch, keeper.lineage);
  switch (frame.type) {
    case wire::MessageType::give_order: return serve_give_order(asked);
    case wire::MessageType::forget_order: return serve_forget(asked);
    case wire::MessageType::start: return serve_start(asked);
    case wire::MessageType::stop: return serve_stop(asked);
    case wire::MessageType::signal: return serve_signal(asked);
    case wire::MessageType::tell_stable: return serve_tell_stable(asked);
    case wire::MessageType::exec: return serve_exec(keeper, connection, frame);
    case wire::MessageType::probe: return serve_probe(keeper, connection, frame);
    case wire::MessageType::end_effect: return serve_end_effect(keeper, connection, frame);
    case wire::MessageType::query_effect: return serve_query(keeper, connection, frame);
    case wire::MessageType::acknowledge: return serve_acknowledge(asked);
    case wire::MessageType::ask_snapshot: return serve_snapshot(asked);
    case wire::MessageType::replace: return serve_replace(asked);
    case wire::MessageType::none:
    case wire::MessageType::hello:
    case wire::MessageType::welcome:
    case wire::MessageType::accepted:
    case wire::MessageType::refused: case wire::MessageType::effect_known: case wire::MessageType::probe_done:
    case wire::MessageType::workload_state: case wire::MessageType::snapshot_end: case wire::MessageType::started:
    case wire::MessageType::exited: case wire::MessageType::restart_decided: case wire::MessageType::settled:
    case wire::MessageType::hung: case wire::MessageType::stop_advanced: case wire::MessageType::diagnosed:
    case wire::MessageType::output_gap: case wire::MessageType::hook_failed: case wire::MessageType::became_ready:
    case wire::MessageType::beat: case wire::MessageType::task_noted: case wire::MessageType::effect_done:
    case wire::MessageType::adopted: case wire::MessageType::unlogged: case wire::MessageType::outcomes_dropped:
    case wire::MessageType::replaced: case wire::MessageType::guard_hello: case wire::MessageType::guard_controller:
    case wire::MessageType::signal_controller: case wire::MessageType::end_controller:
    case wire::MessageType::controller_state: case wire::MessageType::controller_output: break;
  }
  asked.refuse(wire::Refusal::malformed, "this message is not a request of version 1");
}

}  // namespace watchbill::keeper
