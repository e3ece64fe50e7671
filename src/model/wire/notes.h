// The smaller reports of a keeper, and its snapshot.
#pragma once

#include "model/wire/reports.h"

namespace watchbill::model::wire {

// Numbered. Output that was read and discarded, because of the rate or because the disk took nothing; at most one in 10 s a
// workload.
struct OutputGap {
  using is_wire = void;
  static constexpr MessageType type = MessageType::output_gap;
  ReportHead head;
  std::uint64_t bytes{0};
  std::int32_t error{0};  // errno of the write, or 0: the rate
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.bytes), visit(self.error); }
};

enum class Hook : std::uint8_t { pre_stop, post_stop };
constexpr Hook last_value(Hook) noexcept { return Hook::post_stop; }

// Numbered. A hook that failed or was ended at its time limit: a warning, no change of state.
struct HookFailed {
  using is_wire = void;
  static constexpr MessageType type = MessageType::hook_failed;
  ReportHead head;
  Hook hook{Hook::pre_stop};
  ExitHow how{ExitHow::code};
  std::int32_t value{0};
  bool timed_out{false};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.head), visit(self.hook), visit(self.how), visit(self.value), visit(self.timed_out);
  }
};

// READY=1 came.
struct BecameReady {
  using is_wire = void;
  static constexpr MessageType type = MessageType::became_ready;
  ReportHead head;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head); }
};

// A beat was received; told at most once a second for each workload.
struct Beat {
  using is_wire = void;
  static constexpr MessageType type = MessageType::beat;
  ReportHead head;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head); }
};

// Numbered. The value of a WATCHBILL_TASK line: "+NAME key=value …" or "-NAME RESULT". At most 20 in a second a workload; what is
// beyond is counted in the next one.
struct TaskNoted {
  using is_wire = void;
  static constexpr MessageType type = MessageType::task_noted;
  ReportHead head;
  std::int32_t pid{0};
  std::string_view note;  // at most 512 bytes
  std::uint32_t dropped{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.pid), visit(self.note), visit(self.dropped); }
};

// Numbered. A new keeper found the process alive: the output goes on, beats start anew, the exit code can no longer be learnt.
struct Adopted {
  using is_wire = void;
  static constexpr MessageType type = MessageType::adopted;
  ReportHead head;
  std::int32_t pid{0};
  std::uint64_t start_ticks{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.pid), visit(self.start_ticks); }
};

// The memory file takes no more writes (count grows), or takes them again (count as it was, error 0).
struct Unlogged {
  using is_wire = void;
  static constexpr MessageType type = MessageType::unlogged;
  std::uint64_t count{0};
  std::int32_t error{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.count), visit(self.error); }
};

// Numbered. The oldest unacknowledged reports had to go because the ring was full; their numbers are missing before this one.
struct OutcomesDropped {
  using is_wire = void;
  static constexpr MessageType type = MessageType::outcomes_dropped;
  std::uint64_t count{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.count); }
};

// Numbered. The keeper was replaced in place: descriptors, ages and beats continue.
struct Replaced {
  using is_wire = void;
  static constexpr MessageType type = MessageType::replaced;
  std::uint32_t count{0};
  Instant at;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.count), visit(self.at); }
};

// One workload as the keeper has it now. Ages are as of the answer.
struct WorkloadState {
  using is_wire = void;
  static constexpr MessageType type = MessageType::workload_state;
  std::string_view name;
  std::string_view order_id;
  std::string_view started_order_id;  // the order that the incarnation was started by; differs: `drifted` may be
  State state{State::idle};
  std::uint64_t incarnation{0};
  std::int32_t pid{0};
  std::uint64_t start_ticks{0};
  Duration age;                          // of the incarnation
  std::optional<Duration> last_beat_age;
  bool has_beaten{false};
  bool is_ready{false};                  // READY=1 came
  bool is_hung{false};                   // hang action `alert`, and still silent
  bool is_adopted{false};                // its exit code cannot be learnt
  StopPhase stop_phase{StopPhase::none};
  std::optional<Duration> next_start_in; // in backoff
  std::uint32_t restart_number{0};
  std::uint32_t restarts_in_window{0};
  std::uint64_t output_discarded_bytes{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.order_id), visit(self.started_order_id), visit(self.state), visit(self.incarnation);
    visit(self.pid), visit(self.start_ticks), visit(self.age), visit(self.last_beat_age), visit(self.has_beaten);
    visit(self.is_ready), visit(self.is_hung), visit(self.is_adopted), visit(self.stop_phase), visit(self.next_start_in);
    visit(self.restart_number), visit(self.restarts_in_window), visit(self.output_discarded_bytes);
  }
};

struct SnapshotEnd {
  using is_wire = void;
  static constexpr MessageType type = MessageType::snapshot_end;
  std::uint32_t workload_count{0};
  std::uint32_t stray_count{0};  // orphans that no workload could be named for
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.workload_count), visit(self.stray_count); }
};

}  // namespace watchbill::model::wire
