// The stop of one workload, step by step: pre_stop, TERM, grace, diagnostic record, KILL, kill_grace, unkillable.
// A small state machine over fixed memory; the caller acts. Source: domain/supervision.md §7.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace watchbill::supervise {

// How long the helper that gathers the diagnostic facts may take before KILL goes out without them.
inline constexpr Duration diagnosis_max = Duration::milliseconds(400);
// Members are signalled again this often while KILL works: one that forked meanwhile must not escape.
inline constexpr Duration kill_repeat = Duration::milliseconds(50);

struct StopRule {
  bool has_pre_stop{false};
  Duration pre_stop_timeout{Duration::seconds(5)};
  Duration grace{Duration::seconds(10)};
  Duration kill_grace{Duration::seconds(5)};
};

enum class StopPhase : std::uint8_t { none, pre_stop, terminating, diagnosing, killing, unkillable };

// What the caller is to do now. Each is asked for once, `send_kill` again and again until the group is empty.
enum class StopAction : std::uint8_t {
  none,
  run_pre_stop,
  send_term,          // the stop signal to the whole group
  diagnose,           // gather facts about every member
  send_kill,
  report_unkillable,  // and go on killing
  finished,           // the group is empty
};

struct StopState {
  StopPhase phase{StopPhase::none};
  Instant began_at;
  Instant phase_until;  // end of the phase; of killing: when unkillable is reported
  Instant next_kill;    // while killing or unkillable
};

// Begins a stop; gives run_pre_stop, or send_term when there is no hook or `skips_pre_stop` (the leader has gone already).
[[nodiscard]] StopAction begin_stop(const StopRule& rule, StopState& state, bool skips_pre_stop, Instant now) noexcept;

// What the caller has seen since.
struct StopSeen {
  bool is_group_empty{false};
  bool is_step_done{false};  // the pre_stop hook ended, or the facts are complete
};

// Moves on; call it when something was seen and at stop_due(). After `finished` the phase is `none`.
[[nodiscard]] StopAction advance_stop(const StopRule& rule, StopState& state, const StopSeen& seen, Instant now) noexcept;

// The shutdown deadline was reached: what is left gets TERM, half a second, then KILL. Gives send_term, or none when KILL is out.
[[nodiscard]] StopAction hasten_stop(StopState& state, Instant now) noexcept;

// When advance_stop() is due next; Instant::never() when no stop is under way.
[[nodiscard]] Instant stop_due(const StopState& state) noexcept;

// "none", "pre_stop", "terminating", "diagnosing", "killing", "unkillable".
[[nodiscard]] std::string_view word(StopPhase phase) noexcept;

}  // namespace watchbill::supervise
