// The whole of a running keeper: plain data, and the functions of each file that work on it. One thread; no locks.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "keeper/connection.h"
#include "keeper/limits.h"
#include "keeper/memory.h"
#include "keeper/outcomes.h"
#include "keeper/processes.h"
#include "keeper/spawn.h"
#include "keeper/tables.h"
#include "keeper/workload.h"

namespace watchbill::keeper {

// The upper half of the number that epoll gives back; the lower one is an index.
enum class EventKind : std::uint32_t { signals, listen, connection, adopted, notify, outputs };
[[nodiscard]] constexpr std::uint64_t event_tag(EventKind kind, std::uint32_t index = 0) noexcept {
  return (static_cast<std::uint64_t>(kind) << 32) | index;
}

struct RunningProbe {
  pid_t pid{0};  // 0: this place is free
  std::uint32_t connection{no_slot};
  std::uint64_t generation{0};  // of the connection
  std::uint64_t number{0};      // of the question
  Instant begun_at;
  Instant until;
  bool timed_out{false};
};

struct Keeper {
  explicit Keeper(const Limits& bounds) : limits(bounds), outcomes(bounds.outcome_bytes_max), scratch(wire::frame_bytes_max) {}

  Limits limits;
  Inherited inherited;
  std::string data_path;     // absolute; also the current directory
  std::string program_path;  // what a replacement executes
  uid_t owner_uid{0};        // of DATA: the one peer that is served
  bool is_root{false};
  std::uint32_t workload_room{0};  // workloads that the limit of descriptors leaves room for

  int epoll_fd{-1};          // everything but output
  int outputs_fd{-1};        // an epoll of its own, so that floods are read after everything else
  int signal_fd{-1};
  int listen_fd{-1};
  int notify_fd{-1};
  int lock_fd{-1};
  std::string keeper_id;     // 24 hex digits of the digest of data_path
  std::string notify_text;   // "NOTIFY_SOCKET=@…" and "WATCHBILL_KEEPER=…", as children get them
  std::string keeper_text;

  BootId boot;
  std::string memory_id;     // 16 hex digits
  std::string lineage;
  std::uint64_t epoch{0};
  std::uint64_t sequence{0};
  std::uint32_t replaced_count{0};

  Memory memory;
  Outcomes outcomes;
  std::uint64_t next_number{1};
  std::uint64_t next_capture{1};
  std::uint64_t acknowledged_through{0};
  std::uint64_t outcomes_dropped{0};
  std::uint64_t unlogged_told{0};
  Instant memory_retry_at;

  std::vector<std::unique_ptr<Workload>> slots;  // index: Workload::slot; null: free
  std::vector<Workload*> by_name;                // ordered by name
  std::uint32_t effect_count{0};
  std::uint32_t effect_running{0};
  ProcessTable processes;
  DueHeap due;
  std::array<RunningProbe, 128> probes;
  std::uint32_t probe_running{0};
  std::vector<std::unique_ptr<Connection>> connections;
  std::uint64_t connection_generation{0};
  std::uint64_t hello_count{0};

  Instant now;   // CLOCK_MONOTONIC, read at the begin of each turn
  Instant wall;
  Instant idle_since;
  bool has_flood{false};         // output was discarded in this turn
  bool pauses_outputs{false};
  Instant outputs_resume_at;
  bool is_replacement_asked{false};
  bool is_ending{false};
  std::string replacement_path;
  std::uint32_t stray_count{0};

  std::vector<char> scratch;            // one frame
  std::vector<pid_t> children_scratch;
};

// clock.cpp, report.cpp
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
void record_everything(Keeper& keeper);
// Rewrites the memory file when it is too long, or complete again after a full disk.
void tend_memory(Keeper& keeper);

// orders.cpp
[[nodiscard]] Workload* find_workload(Keeper& keeper, std::string_view name) noexcept;
// The marker of the workload's incarnation.
[[nodiscard]] Marker marker_of(const Keeper& keeper, const Workload& workload) noexcept;
// The workload that this marker names now; null when it is not ours, not known or of another incarnation.
[[nodiscard]] Workload* find_marked(Keeper& keeper, const Marker& marker) noexcept;
[[nodiscard]] bool is_name(std::string_view name) noexcept;
// Refusals of an order or of a program; empty when it can be taken. `detail` says what is wrong.
[[nodiscard]] std::optional<wire::Refusal> check_order(const Keeper& keeper, const wire::StandingOrder& order, std::string_view& detail);
[[nodiscard]] std::optional<wire::Refusal> check_program(const Keeper& keeper, const wire::Program& program, std::string_view& detail);
// Takes an order that was checked: a new workload, or another order for a known one.
Workload& take_order(Keeper& keeper, std::string_view name, std::string_view body, const wire::StandingOrder* order);
// Makes an order of an effect's frame: once, at most `timeout` long, TERM, 10 s, KILL.
Workload& take_effect(Keeper& keeper, std::string_view name, std::string_view body);
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
void serve_exec(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void serve_probe(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void serve_query(Keeper& keeper, Connection& connection, const wire::Frame& frame);
void effect_ended(Keeper& keeper, Workload& workload);
void acknowledge_effects(Keeper& keeper, std::uint64_t through);
// The outcome of an effect with its output, written to `out`; 0 when it does not fit now.
[[nodiscard]] std::size_t write_effect_done(Keeper& keeper, std::string_view kept_frame, std::span<char> out);
void probe_exited(Keeper& keeper, std::uint32_t index, wire::ExitHow how, std::int32_t value);
[[nodiscard]] Instant next_probe_due(const Keeper& keeper) noexcept;
void end_late_probes(Keeper& keeper);

// exits.cpp
void serve_exits(Keeper& keeper);

}  // namespace watchbill::keeper
