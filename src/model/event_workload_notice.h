// Further events of the area workload: what a return of controller or keeper showed, and what changes no state.
// Source: domain/supervision.md §5, §7, §8.
#pragma once

#include "model/event_workload_report.h"

namespace watchbill {

// No beat for longer than is allowed. With action `alert` (`stays`) nothing follows by itself.
struct WorkloadHung {
  static constexpr std::string_view type = "WorkloadHung";
  static constexpr std::string_view note = "NoteHung";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::uint64_t incarnation{0};
  Duration limit;
  std::optional<ReportNumber> report;
  Duration silence;
  bool stays{false};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadHung;
    return to(field("incarnation", &E::incarnation), field("limit_ms", &E::limit), field("report", &E::report),
              field("silence_ms", &E::silence), field("stays", &E::stays), field("workload", &E::workload));
  }
};

// Found again, the same incarnation: by a controller that returned, or (exit_is_unseen) by a new keeper, which cannot learn its
// exit.
struct WorkloadAdopted {
  static constexpr std::string_view type = "WorkloadAdopted";
  static constexpr std::string_view note = "NoteAdopted";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  bool exit_is_unseen{false};
  std::uint64_t incarnation{0};
  std::int64_t pid{0};
  std::optional<ReportNumber> report;
  std::uint64_t start_ticks{0};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadAdopted;
    return to(field("exit_is_unseen", &E::exit_is_unseen), field("incarnation", &E::incarnation), field("pid", &E::pid),
              field("report", &E::report), field("start_ticks", &E::start_ticks), field("workload", &E::workload));
  }
};

// Neither process nor exit record was found: what became of it is unknown.
struct WorkloadLost {
  static constexpr std::string_view type = "WorkloadLost";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::uint64_t incarnation{0};
  WorkloadReason reason{WorkloadReason::exit_unseen};
  std::optional<ReportNumber> report;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadLost;
    return to(field("incarnation", &E::incarnation), field("reason", &E::reason), field("report", &E::report),
              field("workload", &E::workload));
  }
};

// Another keeper process answers: the same one replaced in place (its memory continues), or a new memory.
struct KeeperReplaced {
  static constexpr std::string_view type = "KeeperReplaced";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  std::string boot_id;
  std::string memory;
  std::int64_t pid{0};
  std::uint64_t replaced_count{0};
  std::optional<ReportNumber> report;
  template <class To> static constexpr auto fields(To&& to) {
    using E = KeeperReplaced;
    return to(field("boot_id", &E::boot_id), field("memory", &E::memory), field("pid", &E::pid),
              field("replaced_count", &E::replaced_count), field("report", &E::report));
  }
};

// What is told of a workload without changing it, each kind under its own name.
struct WorkloadNotice {
  Instant at;
  Digest blob;              // bytes for people, where there are any
  std::string detail;
  std::uint64_t incarnation{0};
  std::optional<ReportNumber> report;
  std::uint64_t value{0};   // bytes that were discarded, lines or reports that were dropped
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using E = WorkloadNotice;
    return to(field("at_ms", &E::at), field("blob", &E::blob), field("detail", &E::detail),
              field("incarnation", &E::incarnation), field("report", &E::report), field("value", &E::value),
              field("workload", &E::workload));
  }
};

// The facts gathered before KILL; `blob` holds the diagnosis as text.
struct GroupDiagnosed : WorkloadNotice {
  static constexpr std::string_view type = "GroupDiagnosed";
  static constexpr std::string_view note = "NoteDiagnosed";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
};
// Output that was read and discarded: `value` bytes.
struct OutputGapNoted : WorkloadNotice {
  static constexpr std::string_view type = "OutputGapNoted";
  static constexpr std::string_view note = "NoteOutputGap";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
};
// A hook failed or was ended at its time limit: the warning `hook_failed`.
struct HookFailed : WorkloadNotice {
  static constexpr std::string_view type = "HookFailed";
  static constexpr std::string_view note = "NoteHookFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
};
// A line WATCHBILL_TASK; `value` lines before it were dropped.
struct TaskReported : WorkloadNotice {
  static constexpr std::string_view type = "TaskReported";
  static constexpr std::string_view note = "NoteTask";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
};
// `value` reports of the keeper were lost because nobody took them for too long; or, with value 0, one says nothing new. Every
// report is an event, so that a gap in what was recorded can be seen.
struct ReportsDropped : WorkloadNotice {
  static constexpr std::string_view type = "ReportsDropped";
  static constexpr std::string_view note = "NoteReportsDropped";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
};

}  // namespace watchbill
