// What a keeper says. Answers carry the asker's number. Numbered reports carry their own number, are kept until acknowledged and
// are delivered in order, at most 64 unacknowledged ones at a time; the other reports (number 0) are lost when nobody listens,
// and what they told can be seen in the next snapshot.
#pragma once

#include "model/wire/answers.h"

namespace watchbill::model::wire {

inline constexpr std::uint32_t unacknowledged_max = 64;

// What every report about a workload begins with.
struct ReportHead {
  using is_wire = void;
  std::string_view name;
  std::uint64_t incarnation{0};
  Instant at;            // wall clock of the host when it happened
  Instant monotonic_at;  // the same on CLOCK_MONOTONIC; comparable within one boot only
  template <class Self, class Visit> static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.incarnation), visit(self.at), visit(self.monotonic_at);
  }
};

enum class StartCause : std::uint8_t { asked, standing_order };
constexpr StartCause last_value(StartCause) noexcept { return StartCause::standing_order; }

struct Started {
  using is_wire = void;
  static constexpr MessageType type = MessageType::started;
  ReportHead head;
  std::int32_t pid{0};
  std::uint64_t start_ticks{0};  // field 22 of /proc/PID/stat
  StartCause cause{StartCause::asked};
  std::string_view order_id;     // the order it was started by
  std::uint64_t exit_seen_to_exec_us{0};   // of an undelayed restart: from the exit's notice to exec's return
  std::uint64_t exec_returned_at_us{0};    // CLOCK_MONOTONIC
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.head), visit(self.pid), visit(self.start_ticks), visit(self.cause), visit(self.order_id);
    visit(self.exit_seen_to_exec_us), visit(self.exec_returned_at_us);
  }
};

// The exit record of a leader, or of a start that failed (how: not_executed, pid 0).
struct Exited {
  using is_wire = void;
  static constexpr MessageType type = MessageType::exited;
  ReportHead head;
  std::int32_t pid{0};
  std::uint64_t start_ticks{0};
  std::string_view boot_id;
  ExitHow how{ExitHow::code};
  std::int32_t value{0};
  EndReason reason{EndReason::exit};
  std::uint32_t orphans{0};  // members that were left
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.head), visit(self.pid), visit(self.start_ticks), visit(self.boot_id), visit(self.how), visit(self.value);
    visit(self.reason), visit(self.orphans);
  }
};

struct RestartDecided {
  using is_wire = void;
  static constexpr MessageType type = MessageType::restart_decided;
  ReportHead head;  // of the incarnation that ended; at: decided_at
  EndReason reason{EndReason::exit};
  Duration delay;
  std::uint32_t restart_number{0};
  std::uint32_t used_in_window{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.head), visit(self.reason), visit(self.delay), visit(self.restart_number), visit(self.used_in_window);
  }
};

enum class State : std::uint8_t { idle, running, stopping, backoff, stopped, completed, failed, lost };
constexpr State last_value(State) noexcept { return State::lost; }
[[nodiscard]] std::string_view word(State state) noexcept;

// The first eight are EndReason.
enum class SettledReason : std::uint8_t {
  exit, signal, hang, liveness, runtime_exceeded, start_failed, cancelled, deadline,
  restart_budget_exhausted, exit_unseen, host_rebooted, pid_reused,
};
constexpr SettledReason last_value(SettledReason) noexcept { return SettledReason::pid_reused; }

// The workload came to rest: stopped, completed, failed or lost. Its group is empty, unless it is lost.
struct Settled {
  using is_wire = void;
  static constexpr MessageType type = MessageType::settled;
  ReportHead head;
  State state{State::stopped};
  SettledReason reason{SettledReason::exit};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.state), visit(self.reason); }
};

struct Hung {
  using is_wire = void;
  static constexpr MessageType type = MessageType::hung;
  ReportHead head;
  Duration silence;
  Duration limit;
  HangAction action{HangAction::restart};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.silence), visit(self.limit), visit(self.action); }
};

// Same words and order as supervise::StopPhase; the keeper asserts it.
enum class StopPhase : std::uint8_t { none, pre_stop, terminating, diagnosing, killing, unkillable };
constexpr StopPhase last_value(StopPhase) noexcept { return StopPhase::unkillable; }

// A phase of a stop began. Numbered only where it is `unkillable`; then `pids` are the members.
struct StopAdvanced {
  using is_wire = void;
  static constexpr MessageType type = MessageType::stop_advanced;
  ReportHead head;
  StopPhase phase{StopPhase::none};
  Duration since_begin;
  BoundedList<std::int32_t, 64> pids;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.phase), visit(self.since_begin), visit(self.pids); }
};

// Facts gathered before KILL. Raw: redaction and the text for people are the controller's.
struct Diagnosed {
  using is_wire = void;
  static constexpr MessageType type = MessageType::diagnosed;
  ReportHead head;
  EndReason reason{EndReason::cancelled};
  Duration age;
  std::optional<Duration> last_beat_age;  // absent without a `hang` block
  Duration pre_stop_took;                 // the steps that ran, with their durations
  Duration terminating_took;
  bool is_complete{false};                // false: the helper was not done in time
  std::string_view members;   // a line for each: pid TAB state TAB wchan TAB threads TAB descriptors TAB command
  std::string_view last_output;  // the last 50 lines of the log, at most 8 KiB
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.head), visit(self.reason), visit(self.age), visit(self.last_beat_age), visit(self.pre_stop_took);
    visit(self.terminating_took), visit(self.is_complete), visit(self.members), visit(self.last_output);
  }
};

}  // namespace watchbill::model::wire
