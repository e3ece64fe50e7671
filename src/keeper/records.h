// What the keeper's memory file holds, record by record. Format version: OpenedRecord::version.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/wire/frame.h"

namespace watchbill::keeper {

enum class RecordType : std::uint8_t {
  none, opened, controller, order, workload, forgotten, outcome, acknowledged, guard, cgroup
};

// Who has spoken to this keeper last.
struct ControllerRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::controller;
  std::string_view lineage;
  std::uint64_t epoch{0};
  std::uint64_t sequence{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.lineage), visit(self.epoch), visit(self.sequence); }
};

// The first record of a file. Monotonic times of records are comparable while the boot is the same.
struct OpenedRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::opened;
  std::uint32_t version{1};
  std::string_view memory;  // 16 hex digits, drawn when there was no file
  std::string_view boot_id;
  std::uint64_t next_number{1};    // of outcomes
  std::uint64_t next_capture{1};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.version), visit(self.memory), visit(self.boot_id), visit(self.next_number), visit(self.next_capture);
  }
};

// An order as it was given, or an effect's exec (then `effect` is set and the name is "!" and the effect's id).
struct OrderRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::order;
  std::string_view name;
  bool is_effect{false};
  std::uint32_t attempt{0};
  std::uint64_t capture{0};  // number of the files that hold an effect's output
  std::string_view body;     // of the GiveOrder or Exec frame
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.is_effect), visit(self.attempt), visit(self.capture), visit(self.body);
  }
};

// Everything that changes about a workload; the last record of a name counts.
struct WorkloadRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::workload;
  std::string_view name;
  std::string_view started_order_id;
  model::wire::State state{model::wire::State::idle};
  std::uint64_t incarnation{0};
  std::int32_t pid{0};             // 0 while starting: whether it was executed is then told by its marker
  std::uint64_t start_ticks{0};
  bool is_leader_gone{false};      // its exit record is written
  bool is_acknowledged{false};     // an effect whose outcome the controller has
  model::wire::ExitHow how{model::wire::ExitHow::code};
  std::int32_t value{0};
  model::wire::EndReason end_reason{model::wire::EndReason::exit};
  model::wire::Afterwards afterwards{model::wire::Afterwards::judge};
  model::wire::StopPhase stop_phase{model::wire::StopPhase::none};
  Instant stop_began_at;
  Instant stop_phase_until;
  Instant started_at;
  Instant started_at_wall;
  Instant ended_at_wall;
  Instant next_start_at;
  std::uint32_t restart_count{0};
  std::optional<Instant> stable_since;
  model::wire::BoundedList<Instant, 64> decided_at;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.started_order_id), visit(self.state), visit(self.incarnation), visit(self.pid);
    visit(self.start_ticks), visit(self.is_leader_gone), visit(self.is_acknowledged), visit(self.how), visit(self.value);
    visit(self.end_reason), visit(self.afterwards), visit(self.stop_phase), visit(self.stop_began_at);
    visit(self.stop_phase_until), visit(self.started_at), visit(self.started_at_wall), visit(self.ended_at_wall);
    visit(self.next_start_at), visit(self.restart_count), visit(self.stable_since), visit(self.decided_at);
  }
};

// The guarded controller's order.
struct GuardRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::guard;
  std::string_view body;  // of the GuardController frame
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.body); }
};

// The control group of the systemd unit that the workload's leader stands for; of the incarnation in the workload's last record.
struct CgroupRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::cgroup;
  std::string_view name;
  std::uint64_t incarnation{0};
  std::string_view directory;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name), visit(self.incarnation), visit(self.directory); }
};

struct ForgottenRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::forgotten;
  std::string_view name;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.name); }
};

struct AcknowledgedRecord {
  using is_wire = void;
  static constexpr RecordType type = RecordType::acknowledged;
  std::uint64_t through{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.through); }
};

}  // namespace watchbill::keeper
