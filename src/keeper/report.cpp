// Reports and records: what the keeper says and what it writes down.
#include <algorithm>
#include <ctime>

#include "base/assert.h"
#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

Instant read_clock(clockid_t id) noexcept {
  timespec time{};
  clock_gettime(id, &time);
  return Instant{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

}  // namespace

void read_clocks(Keeper& keeper) noexcept {
  keeper.now = read_clock(CLOCK_MONOTONIC);
  keeper.wall = read_clock(CLOCK_REALTIME);
}

std::uint64_t monotonic_us() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

wire::ReportHead head_of(const Keeper& keeper, const Workload& workload) noexcept {
  return {workload.name, workload.incarnation, keeper.wall, keeper.now};
}

std::uint64_t keep_outcome(Keeper& keeper, std::size_t frame_bytes) {
  WB_ASSERT(frame_bytes != 0, "scratch has room for the largest frame, and kept reports are small");
  const std::string_view frame(keeper.scratch.data(), frame_bytes);
  keeper.outcomes_dropped += keeper.outcomes.keep(keeper.next_number, frame);
  keeper.memory.add_outcome(frame);
  return keeper.next_number++;
}

void record(Keeper& keeper, const Workload& workload) {
  WorkloadRecord now;
  now.name = workload.name;
  now.started_order_id = workload.started_order_id;
  now.state = workload.state;
  now.incarnation = workload.incarnation;
  now.pid = workload.pid;
  now.start_ticks = workload.start_ticks;
  now.is_leader_gone = workload.is_leader_gone;
  now.is_acknowledged = workload.effect != nullptr && workload.effect->is_acknowledged;
  now.how = workload.how;
  now.value = workload.value;
  now.end_reason = static_cast<wire::EndReason>(workload.end_reason);
  now.afterwards = workload.afterwards;
  now.stop_phase = static_cast<wire::StopPhase>(workload.stop.phase);
  now.stop_began_at = workload.stop.began_at;
  now.stop_phase_until = workload.stop.phase_until;
  now.started_at = workload.started_at;
  now.started_at_wall = workload.started_at_wall;
  now.ended_at_wall = workload.ended_at_wall;
  now.next_start_at = workload.next_start_at;
  now.restart_count = workload.restarts.count;
  now.stable_since = workload.restarts.stable_since;
  for (std::uint32_t i = 0; i < workload.budget.size(); ++i) (void)now.decided_at.add(workload.budget.at(i));
  keeper.memory.add(now);
}

void record_order(Keeper& keeper, const Workload& workload) {
  if (workload.guarded != nullptr) return keeper.memory.add(GuardRecord{workload.body});
  OrderRecord order;
  order.name = workload.name;
  order.body = workload.body;
  if (workload.effect != nullptr) {
    order.is_effect = true;
    order.attempt = static_cast<std::uint32_t>(workload.incarnation);
    order.capture = workload.effect->capture_number;
  }
  keeper.memory.add(order);
}

void record_cgroup(Keeper& keeper, const Workload& workload) {
  keeper.memory.add(CgroupRecord{workload.name, workload.incarnation, workload.cgroup_directory});
}

void record_everything(Keeper& keeper) {
  keeper.memory.add(OpenedRecord{1, keeper.memory_id, keeper.boot.view(), keeper.next_number, keeper.next_capture});
  keeper.memory.add(ControllerRecord{keeper.lineage, keeper.epoch, keeper.sequence});
  keeper.memory.add(AcknowledgedRecord{keeper.acknowledged_through});
  for (const Workload* workload : keeper.by_name) {
    record_order(keeper, *workload);
    record(keeper, *workload);
    if (!workload->cgroup_directory.empty()) record_cgroup(keeper, *workload);
  }
  std::uint64_t number = 0;
  for (std::string_view frame = keeper.outcomes.after(0, number); !frame.empty(); frame = keeper.outcomes.after(number, number))
    keeper.memory.add_outcome(frame);
}

void tend_memory(Keeper& keeper) {
  Memory& memory = keeper.memory;
  const bool is_long = memory.file_bytes() > 2 * memory.live_bytes() + keeper.limits.memory_bytes_slack;
  const bool retries = !memory.is_complete() && keeper.now >= keeper.memory_retry_at;
  if (is_long || retries) {
    keeper.memory_retry_at = keeper.now + keeper.limits.memory_retry;
    if (memory.rewrite([&keeper] { record_everything(keeper); }) && retries)
      tell(keeper, wire::Unlogged{memory.unlogged_count(), 0});
  }
  if (memory.unlogged_count() != keeper.unlogged_told) {
    if (keeper.unlogged_told == 0 || keeper.memory_retry_at < keeper.now)
      keeper.memory_retry_at = keeper.now + keeper.limits.memory_retry;
    keeper.unlogged_told = memory.unlogged_count();
    tell(keeper, wire::Unlogged{memory.unlogged_count(), memory.last_error()});
  }
}

}  // namespace watchbill::keeper
