// One-shot processes: effects, which are workloads that are remembered by id and attempt, and probes, which are not remembered.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <vector>

#include "base/assert.h"
#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

using EffectName = std::array<char, wire::name_bytes_max + 1>;

// Effects share the table of workloads; "!" stands in no workload's name.
std::string_view effect_name(std::string_view effect_id, EffectName& buffer) noexcept {
  buffer[0] = '!';
  std::copy(effect_id.begin(), effect_id.end(), buffer.begin() + 1);
  return {buffer.data(), effect_id.size() + 1};
}

wire::EffectDone outcome_of(const Workload& workload) noexcept {
  wire::EffectDone done;
  done.effect_id = std::string_view(workload.name).substr(1);
  done.attempt = static_cast<std::uint32_t>(workload.incarnation);
  done.how = workload.how;
  done.value = workload.value;
  done.timed_out = workload.end_reason == supervise::EndReason::runtime_exceeded;
  done.started_at = workload.started_at_wall;
  done.ended_at = workload.ended_at_wall;
  return done;
}

// Adds both streams to an outcome. The capture is mapped for the length of this object.
class WithOutput {
 public:
  WithOutput(const Workload* workload, wire::EffectDone& done) {
    if (workload == nullptr || workload->effect->is_acknowledged) return;
    mapped_ = map_capture(workload->effect->capture_number);
    done.out = captured(mapped_->out, tails_[0].data());
    done.err = captured(mapped_->err, tails_[1].data());
  }
  ~WithOutput() {
    if (mapped_ != nullptr) unmap_capture(mapped_);
  }
  WithOutput(const WithOutput&) = delete;
  WithOutput& operator=(const WithOutput&) = delete;

 private:
  Capture* mapped_{nullptr};
  static inline std::array<std::array<char, wire::output_tail_bytes_max>, 2> tails_;
};

// Room for one more effect: the oldest acknowledged one goes. Its controller has the outcome on disk and asks no more.
bool make_room(Keeper& keeper) {
  if (keeper.effect_count < keeper.limits.effect_count_max) return true;
  Workload* oldest = nullptr;
  for (Workload* workload : keeper.by_name) {
    const bool may_go = workload->effect != nullptr && workload->effect->is_acknowledged;
    if (may_go && (oldest == nullptr || workload->effect->capture_number < oldest->effect->capture_number)) oldest = workload;
  }
  if (oldest != nullptr) drop_workload(keeper, *oldest);
  return oldest != nullptr;
}

}  // namespace

void serve_exec(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::Exec exec;
  if (!wire::read_message(frame.body, exec)) return refuse(connection, frame.number, wire::Refusal::malformed, "exec");
  if (!is_name(exec.effect_id) || exec.attempt == 0)
    return refuse(connection, frame.number, wire::Refusal::invalid_name, "effect id");
  std::string_view detail;
  if (const auto refusal = check_program(keeper, exec.program, detail)) return refuse(connection, frame.number, *refusal, detail);
  if (exec.timeout.ms <= 0 || exec.timeout > Duration::days(366))
    return refuse(connection, frame.number, wire::Refusal::invalid_order, "the timeout is not positive");
  EffectName buffer{};
  const std::string_view name = effect_name(exec.effect_id, buffer);
  const Workload* const known = find_workload(keeper, name);
  if (known != nullptr && known->incarnation == exec.attempt) {
    (void)send(connection, frame.number, wire::Accepted{});
    return;
  }
  if (known != nullptr && known->incarnation > exec.attempt)
    return refuse(connection, frame.number, wire::Refusal::stale_attempt, "a higher attempt was run");
  if (known != nullptr && known->is_active())
    return refuse(connection, frame.number, wire::Refusal::already_running, "the attempt before has not ended");
  if (keeper.effect_running >= keeper.limits.effect_running_max || (known == nullptr && !make_room(keeper)))
    return refuse(connection, frame.number, wire::Refusal::too_many_processes, "effects");
  Workload& workload = take_effect(keeper, name, frame.body);
  workload.effect->capture_number = keeper.next_capture++;
  workload.effect->is_acknowledged = false;
  workload.incarnation = exec.attempt;
  record_order(keeper, workload);
  (void)send(connection, frame.number, wire::Accepted{});
  start_workload(keeper, workload, exec.attempt, wire::StartCause::asked);
}

void serve_end_effect(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::EndEffect end;
  if (!wire::read_message(frame.body, end) || !is_name(end.effect_id))
    return refuse(connection, frame.number, wire::Refusal::malformed, "end_effect");
  EffectName buffer{};
  Workload* const workload = find_workload(keeper, effect_name(end.effect_id, buffer));
  if (workload == nullptr || !workload->is_active())
    return refuse(connection, frame.number, wire::Refusal::not_running, "no attempt of this effect runs");
  (void)send(connection, frame.number, wire::Accepted{});
  // One that is being stopped keeps its pace, and the reason for which it was: its time was over, or its leader had left.
  if (workload->state == wire::State::running)
    begin_stop(keeper, *workload, supervise::EndReason::cancelled, wire::Afterwards::stay_stopped);
}

void effect_ended(Keeper& keeper, Workload& workload) {
  WB_ASSERT(keeper.effect_running != 0, "an effect is counted from its start to its end");
  --keeper.effect_running;
  drain_output(keeper, workload);
  close_outputs(keeper, workload);
  // The output is added at delivery: the ring holds small frames only.
  workload.effect->outcome_number = tell_numbered(keeper, outcome_of(workload));
}

std::size_t write_effect_done(Keeper& keeper, std::string_view kept_frame, std::span<char> out) {
  wire::Frame frame;
  wire::EffectDone done;
  const bool is_readable =
      wire::read_frame(kept_frame, frame) == wire::FrameStatus::complete && wire::read_message(frame.body, done);
  WB_ASSERT(is_readable, "the ring holds what was written to it");
  EffectName buffer{};
  const Workload* workload = find_workload(keeper, effect_name(done.effect_id, buffer));
  if (workload != nullptr && workload->incarnation != done.attempt)
    workload = nullptr;  // a later attempt's output is not this one's
  const WithOutput with_output(workload, done);
  return wire::write_frame(out, frame.number, done);
}

void acknowledge_effects(Keeper& keeper, std::uint64_t through) {
  if (keeper.effect_count == 0) return;
  for (Workload* workload : keeper.by_name) {
    Effect* const effect = workload->effect.get();
    const bool is_told = effect != nullptr && !effect->is_acknowledged && effect->outcome_number != 0 &&
                         effect->outcome_number <= through && !workload->is_active();
    if (!is_told) continue;
    effect->is_acknowledged = true;
    remove_capture(effect->capture_number);
    record(keeper, *workload);
  }
}

void serve_query(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::QueryEffect query;
  if (!wire::read_message(frame.body, query) || !is_name(query.effect_id))
    return refuse(connection, frame.number, wire::Refusal::malformed, "query_effect");
  EffectName buffer{};
  const Workload* const workload = find_workload(keeper, effect_name(query.effect_id, buffer));
  wire::EffectKnown known;
  known.memory = keeper.memory_id;
  if (workload != nullptr && workload->is_active()) known.phase = wire::EffectPhase::started;
  if (workload == nullptr || workload->is_active()) {
    (void)send(connection, frame.number, known);
    return;
  }
  known.phase = wire::EffectPhase::ended;
  wire::EffectDone done = outcome_of(*workload);
  const WithOutput with_output(workload, done);
  known.done = done;
  (void)send(connection, frame.number, known);
}

void serve_probe(Keeper& keeper, Connection& connection, const wire::Frame& frame) {
  wire::Probe probe;
  if (!wire::read_message(frame.body, probe)) return refuse(connection, frame.number, wire::Refusal::malformed, "probe");
  std::string_view detail;
  if (const auto refusal = check_program(keeper, probe.program, detail))
    return refuse(connection, frame.number, *refusal, detail);
  const auto free =
      std::find_if(keeper.probes.begin(), keeper.probes.end(), [](const RunningProbe& place) { return place.pid == 0; });
  if (keeper.probe_running >= keeper.limits.probe_running_max || free == keeper.probes.end())
    return refuse(connection, frame.number, wire::Refusal::too_many_processes, "probes");
  // A probe is made as a workload is, from a copy of its frame that lives until exec.
  static std::vector<char*> argv;
  static std::vector<char*> environment;
  static std::string directory;
  argv.clear();
  environment.clear();
  for (wire::TextList list = probe.program.argv; !list.empty();) argv.push_back(const_cast<char*>(list.take_first().data()));
  for (wire::TextList list = probe.program.environment; !list.empty();)
    environment.push_back(const_cast<char*>(list.take_first().data()));
  argv.push_back(nullptr);
  environment.push_back(nullptr);
  directory.assign(probe.program.directory);
  ProcessPlan plan;
  plan.argv = argv.data();
  plan.environment = environment.data();
  plan.directory = directory.c_str();
  if (probe.program.account) {
    plan.has_account = true;
    plan.uid = probe.program.account->uid;
    plan.gid = probe.program.account->gid;
    plan.groups = probe.program.account->groups.all();
  }
  plan.umask = probe.program.umask;
  plan.open_files = probe.program.open_files;
  plan.no_new_privileges = probe.program.no_new_privileges;
  const ProcessStart started = start_process(plan, keeper.inherited);
  if (started.pid == 0) {
    (void)send(connection, frame.number, wire::ProbeDone{wire::ExitHow::not_executed, started.error, false, Duration{}});
    return;
  }
  const auto index = static_cast<std::uint32_t>(free - keeper.probes.begin());
  *free = {started.pid, connection.index, connection.generation, frame.number, keeper.now, keeper.now + probe.timeout, false};
  ++keeper.probe_running;
  keeper.processes.add({started.pid, ProcessKind::probe, index});
}

void probe_exited(Keeper& keeper, std::uint32_t index, wire::ExitHow how, std::int32_t value) {
  RunningProbe& probe = keeper.probes[index];
  (void)kill(-probe.pid, SIGKILL);  // what it left behind
  Connection* const connection =
      probe.connection < keeper.connections.size() ? keeper.connections[probe.connection].get() : nullptr;
  if (connection != nullptr && connection->generation == probe.generation)
    (void)send(*connection, probe.number, wire::ProbeDone{how, value, probe.timed_out, keeper.now - probe.begun_at});
  probe.pid = 0;
  --keeper.probe_running;
}

Instant next_probe_due(const Keeper& keeper) noexcept {
  Instant due = Instant::never();
  if (keeper.probe_running == 0) return due;
  for (const RunningProbe& probe : keeper.probes)
    if (probe.pid != 0 && !probe.timed_out) due = std::min(due, probe.until);
  return due;
}

void end_late_probes(Keeper& keeper) {
  if (keeper.probe_running == 0) return;
  for (RunningProbe& probe : keeper.probes) {
    if (probe.pid == 0 || probe.timed_out || keeper.now < probe.until) continue;
    probe.timed_out = true;
    (void)kill(-probe.pid, SIGKILL);
  }
}

}  // namespace watchbill::keeper
