// Commands of the area workload. Source: domain/supervision.md §3, §6, §8, §12.
#pragma once

#include "model/event_workload_notice.h"

namespace watchbill {

// By hand, or as a plan's action; role operator. `workload` is NAME or group:NAME. Restarts by hand spend no restart budget.
struct StartWorkload {
  static constexpr std::string_view type = "StartWorkload";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &StartWorkload::reason), field("workload", &StartWorkload::workload));
  }
};

struct StopWorkload {
  static constexpr std::string_view type = "StopWorkload";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &StopWorkload::reason), field("workload", &StopWorkload::workload));
  }
};

struct RestartWorkload {
  static constexpr std::string_view type = "RestartWorkload";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &RestartWorkload::reason), field("workload", &RestartWorkload::workload));
  }
};

// The controller ends and its workloads with it: all stop in reverse order of their dependencies, within the shutdown deadline.
// Until the next epoch starts are refused supervisor_closing.
struct CloseWorkloads {
  static constexpr std::string_view type = "CloseWorkloads";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  template <class To> static constexpr auto fields(To&& to) { return to(field("reason", &CloseWorkloads::reason)); }
};

// What a keeper told, as the event that it becomes, before that is judged. From the host's agent, at least once.
template <class Told>
struct Note {
  static constexpr std::string_view type = Told::note;
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::outcomes;
  Told told;
  template <class To> static constexpr auto fields(To&& to) { return to(field("told", &Note::told)); }
};
using NoteStarted = Note<WorkloadStarted>;
using NoteExited = Note<WorkloadExited>;
using NoteRestarted = Note<RestartDecided>;
using NoteHung = Note<WorkloadHung>;
using NoteAdopted = Note<WorkloadAdopted>;
using NoteDiagnosed = Note<GroupDiagnosed>;
using NoteOutputGap = Note<OutputGapNoted>;
using NoteHookFailed = Note<HookFailed>;
using NoteTask = Note<TaskReported>;
using NoteReportsDropped = Note<ReportsDropped>;

// A workload came to rest at its keeper (stopped, completed, failed, lost), or, `stopping`, its group cannot be killed.
struct NoteSettled {
  static constexpr std::string_view type = "NoteSettled";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::outcomes;
  Instant at;
  std::string detail;
  std::uint64_t incarnation{0};
  WorkloadReason reason{WorkloadReason::exit};
  std::optional<ReportNumber> report;
  WorkloadState state{WorkloadState::stopped};
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using C = NoteSettled;
    return to(field("at_ms", &C::at), field("detail", &C::detail), field("incarnation", &C::incarnation),
              field("reason", &C::reason), field("report", &C::report), field("state", &C::state),
              field("workload", &C::workload));
  }
};

// The outcome of one standing order.
struct NoteOrder {
  static constexpr std::string_view type = "NoteOrder";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::outcomes;
  std::uint64_t keeper_incarnation{0};  // of a refusal: the highest that the keeper knows, 0 when it knows none
  std::uint64_t number{0};
  std::string refusal;                  // empty: taken
  std::string workload;
  template <class To> static constexpr auto fields(To&& to) {
    using C = NoteOrder;
    return to(field("keeper_incarnation", &C::keeper_incarnation), field("number", &C::number),
              field("refusal", &C::refusal), field("workload", &C::workload));
  }
};

}  // namespace watchbill
