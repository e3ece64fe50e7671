// What the files of the keeper do for each other. All of it runs on the one thread, between two waits of the loop; what changes a
// workload leaves it recorded in the memory's batch and scheduled.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "keeper/state.h"

namespace watchbill::keeper {

// report.cpp
void read_clocks(Keeper& keeper) noexcept;
[[nodiscard]] std::uint64_t monotonic_us() noexcept;
[[nodiscard]] wire::ReportHead head_of(const Keeper& keeper, const Workload& workload) noexcept;
// Keeps a frame that was written to scratch under next_number, in ring and memory.
std::uint64_t keep_outcome(Keeper& keeper, std::size_t frame_bytes);
template <class Report>
std::uint64_t tell_numbered(Keeper& keeper, const Report& report) {
  return keep_outcome(keeper, wire::write_frame(keeper.scratch, keeper.next_number, report));
}
// Adds the workload's record to the memory's batch.
void record(Keeper& keeper, const Workload& workload);
void record_order(Keeper& keeper, const Workload& workload);
void record_cgroup(Keeper& keeper, const Workload& workload);
void record_everything(Keeper& keeper);
// Rewrites the memory file when it is too long, or complete again after a full disk.
void tend_memory(Keeper& keeper);

// orders.cpp
[[nodiscard]] Workload* find_workload(Keeper& keeper, std::string_view name) noexcept;
// The same, but only what an agent ordered; effects and the guarded controller are not its workloads.
[[nodiscard]] Workload* find_ordered(Keeper& keeper, std::string_view name) noexcept;
[[nodiscard]] std::uint32_t ordered_count(Keeper& keeper) noexcept;
// The marker of the workload's incarnation.
[[nodiscard]] Marker marker_of(const Keeper& keeper, const Workload& workload) noexcept;
// The workload that this marker names now; null when it is not ours, not known or of another incarnation.
[[nodiscard]] Workload* find_marked(Keeper& keeper, const Marker& marker) noexcept;
[[nodiscard]] bool is_name(std::string_view name) noexcept;
// Refusals of an order or of a program; empty when it can be taken. `detail` says what is wrong.
[[nodiscard]] std::optional<wire::Refusal> check_order(const Keeper& keeper, const wire::StandingOrder& order,
                                                       std::string_view& detail);
// Of an order all but its name.
[[nodiscard]] std::optional<wire::Refusal> check_terms(const Keeper& keeper, const wire::StandingOrder& order,
                                                       std::string_view& detail);
[[nodiscard]] std::optional<wire::Refusal> check_program(const Keeper& keeper, const wire::Program& program,
                                                         std::string_view& detail);
// Takes an order that was checked: a new workload, or another order for a known one.
Workload& take_order(Keeper& keeper, std::string_view name, std::string_view body, const wire::StandingOrder* order);
// Makes an order of an effect's frame: once, at most `timeout` long, TERM, 10 s, KILL.
Workload& take_effect(Keeper& keeper, std::string_view name, std::string_view body);
// Makes an order of a GuardController frame that was checked.
Workload& take_guarded(Keeper& keeper, std::string_view body);
[[nodiscard]] wire::StandingOrder order_of(const wire::GuardController& guard) noexcept;
void drop_workload(Keeper& keeper, Workload& workload);
[[nodiscard]] ProcessPlan plan_of(const Keeper& keeper, const Workload& workload) noexcept;

// lifecycle.cpp
void start_workload(Keeper& keeper, Workload& workload, std::uint64_t incarnation, wire::StartCause cause);
void begin_stop(Keeper& keeper, Workload& workload, supervise::EndReason reason, wire::Afterwards afterwards);
void leader_exited(Keeper& keeper, Workload& workload, wire::ExitHow how, std::int32_t value);
// Looks whether the group is empty and moves on.
void settle_group(Keeper& keeper, Workload& workload);
void settle(Keeper& keeper, Workload& workload, wire::State state, wire::SettledReason reason);
void conclude(Keeper& keeper, Workload& workload);
// Something of this workload is due.
void workload_due(Keeper& keeper, Workload& workload);
void schedule(Keeper& keeper, Workload& workload);

// side.cpp: hooks and diagnosis
void start_hook(Keeper& keeper, Workload& workload, SideKind kind);
void start_diagnosis(Keeper& keeper, Workload& workload);
void side_exited(Keeper& keeper, Workload& workload, wire::ExitHow how, std::int32_t value);
void tell_diagnosis(Keeper& keeper, Workload& workload);
// The group is empty: a pre_stop hook or helper that still runs is of no use any more.
void abandon_side(Keeper& keeper, Workload& workload);

// group.cpp
void refresh_orphans(Keeper& keeper);
[[nodiscard]] bool is_group_empty(Keeper& keeper, Workload& workload);
// Whether the leader stands for a systemd unit: it is the program watchbill-unit.
[[nodiscard]] bool is_attendant(const Workload& workload) noexcept;
// Whether the processes of that unit's control group are members now.
[[nodiscard]] bool counts_cgroup(const Workload& workload) noexcept;
void list_members(Keeper& keeper, const Workload& workload, PidList& members);
void signal_group(Keeper& keeper, Workload& workload, int signal);
void signal_leader(const Workload& workload, int signal) noexcept;

// outputs.cpp
using OutputPath = std::array<char, wire::name_bytes_max + 32>;
[[nodiscard]] OutputPath output_path(const Workload& workload, bool is_error_stream) noexcept;
[[nodiscard]] bool open_outputs(Keeper& keeper, Workload& workload);
void close_outputs(Keeper& keeper, Workload& workload) noexcept;
// Reads at most 64 KiB of each stream; true when something was read.
bool read_output(Keeper& keeper, Workload& workload, bool is_error_stream);
void drain_output(Keeper& keeper, Workload& workload);
void serve_outputs(Keeper& keeper);
void pause_outputs(Keeper& keeper, bool pauses) noexcept;

// beats.cpp
void serve_notify(Keeper& keeper, std::uint32_t count_max);
void beat(Keeper& keeper, Workload& workload);
void check_heartbeat_file(Keeper& keeper, Workload& workload);
void judge(Keeper& keeper, Workload& workload);

// requests.cpp, effects.cpp
void serve_request(Keeper& keeper, Connection& connection, const wire::Frame& frame);
[[nodiscard]] wire::Welcome welcome_of(Keeper& keeper, const Connection& connection);
void serve_exec(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void serve_end_effect(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void serve_probe(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void serve_query(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void effect_ended(Keeper& keeper, Workload& workload);
void acknowledge_effects(Keeper& keeper, std::uint64_t through);
// The outcome of an effect with its output, written to `out`; 0 when it does not fit now.
[[nodiscard]] std::size_t write_effect_done(Keeper& keeper, std::string_view kept_frame, std::span<char> out);
void probe_exited(Keeper& keeper, std::uint32_t index, wire::ExitHow how, std::int32_t value);
[[nodiscard]] Instant next_probe_due(const Keeper& keeper) noexcept;
void end_late_probes(Keeper& keeper);

// guard.cpp
void serve_guard_hello(Keeper& keeper, Connection& connection, const wire::Frame& frame);
// Any other request of a guardian.
void serve_guardian(Keeper& keeper, Connection& connection, const wire::Frame& frame);
[[nodiscard]] Workload* find_guarded(Keeper& keeper) noexcept;
// Tells every guardian what the guarded controller is now.
void tell_guardians(Keeper& keeper, const Workload& guarded) noexcept;
void pass_on_output(Keeper& keeper, bool is_error_stream, std::string_view bytes) noexcept;

// exits.cpp
void serve_exits(Keeper& keeper);

}  // namespace watchbill::keeper
