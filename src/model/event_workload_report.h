// Events of the area workload that keepers report. Times are the host's wall clock. Each may be told twice and is recorded once.
// Source: domain/supervision.md §5, §7, §8; model/wire/{reports,notes}.h.
#pragma once

#include <optional>

#include "base/sha256.h"
#include "model/event_workload.h"

namespace watchbill {

// An incarnation runs.
struct WorkloadStarted {
  static constexpr std::string_view type = "WorkloadStarted";
  static constexpr std::string_view note = "NoteStarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  Instant at;
  bool by_standing_order{false};  // else it was asked
  std::uint64_t incarnation{0};
  std::int64_t pid{0};
  std::optional<ReportNumber> report;
  std::uint64_t start_ticks{0};
  std::string terms;  // of the order that it was started by
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadStarted;
    return to(field("at_ms", &E::at), field("by_standing_order", &E::by_standing_order),
              field("incarnation", &E::incarnation), field("pid", &E::pid), field("report", &E::report),
              field("start_ticks", &E::start_ticks), field("terms", &E::terms), field("workload", &E::workload));
  }
};

// The exit record of a leader, or of a start that failed (how: not_executed).
struct WorkloadExited {
  static constexpr std::string_view type = "WorkloadExited";
  static constexpr std::string_view note = "NoteExited";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  Instant at;
  std::string boot_id;
  ExitHow how{ExitHow::code};
  std::uint64_t incarnation{0};
  std::uint64_t orphans{0};  // members that were left
  std::int64_t pid{0};
  WorkloadReason reason{WorkloadReason::exit};
  std::optional<ReportNumber> report;
  std::uint64_t start_ticks{0};
  std::int64_t value{0};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadExited;
    return to(field("at_ms", &E::at), field("boot_id", &E::boot_id), field("how", &E::how),
              field("incarnation", &E::incarnation), field("orphans", &E::orphans), field("pid", &E::pid),
              field("reason", &E::reason), field("report", &E::report), field("start_ticks", &E::start_ticks),
              field("value", &E::value), field("workload", &E::workload));
  }
};

// The keeper restarts by its standing order, after `delay`.
struct RestartDecided {
  static constexpr std::string_view type = "RestartDecided";
  static constexpr std::string_view note = "NoteRestarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  Instant at;
  Duration delay;
  std::uint64_t incarnation{0};     // that ended
  WorkloadReason reason{WorkloadReason::exit};
  std::optional<ReportNumber> report;
  std::uint64_t restart_number{0};  // since the last stable run
  std::uint64_t used_in_window{0};  // this one included
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = RestartDecided;
    return to(field("at_ms", &E::at), field("delay_ms", &E::delay), field("incarnation", &E::incarnation),
              field("reason", &E::reason), field("report", &E::report), field("restart_number", &E::restart_number),
              field("used_in_window", &E::used_in_window), field("workload", &E::workload));
  }
};

// The restart that would exceed the limit is not made: the workload has failed.
struct RestartBudgetExhausted {
  static constexpr std::string_view type = "RestartBudgetExhausted";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::uint64_t incarnation{0};
  std::uint64_t limit{0};
  Duration window;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = RestartBudgetExhausted;
    return to(field("incarnation", &E::incarnation), field("limit", &E::limit), field("window_ms", &E::window),
              field("workload", &E::workload));
  }
};

// Its group is empty, as it was asked.
struct WorkloadStopped {
  static constexpr std::string_view type = "WorkloadStopped";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  Instant at;
  std::uint64_t incarnation{0};
  WorkloadReason reason{WorkloadReason::cancelled};
  std::optional<ReportNumber> report;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadStopped;
    return to(field("at_ms", &E::at), field("incarnation", &E::incarnation), field("reason", &E::reason),
              field("report", &E::report), field("workload", &E::workload));
  }
};

}  // namespace watchbill
