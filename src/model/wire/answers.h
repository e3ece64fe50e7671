// The answers that every request may get: taken, refused by name, and the keeper's introduction.
#pragma once

#include "model/wire/effects.h"

namespace watchbill::model::wire {

// Why a request was refused. Each name is what API, journal and metrics say.
enum class Refusal : std::uint8_t {
  hello_required, version_unsupported, stale_epoch, malformed, too_large,
  unknown_workload, already_running, not_running, stale_incarnation, stale_attempt, group_not_empty,
  invalid_name, invalid_order, user_required, user_not_permitted, too_many_workloads, too_many_processes, exec_failed, closing,
};
constexpr Refusal last_value(Refusal) noexcept { return Refusal::closing; }
[[nodiscard]] std::string_view word(Refusal refusal) noexcept;

struct Accepted {
  using is_wire = void;
  static constexpr MessageType type = MessageType::accepted;
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

struct Refused {
  using is_wire = void;
  static constexpr MessageType type = MessageType::refused;
  Refusal reason{Refusal::malformed};
  std::string_view detail;           // for people
  std::uint64_t highest_epoch{0};    // of stale_epoch
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.reason), visit(self.detail), visit(self.highest_epoch); }
};

struct Welcome {
  using is_wire = void;
  static constexpr MessageType type = MessageType::welcome;
  std::uint32_t protocol{protocol_version};
  std::string_view memory;       // changes when the memory was lost: 16 hex digits
  std::string_view boot_id;
  std::string_view lineage;      // the highest seen before this hello, with its epoch and sequence
  std::uint64_t epoch{0};
  std::uint64_t sequence{0};
  std::int32_t pid{0};
  std::uint32_t replaced_count{0};  // times this process was replaced in place
  Instant wall_now;
  Instant monotonic_now;         // CLOCK_MONOTONIC; of the same clock as every monotonic_at of this boot
  std::uint64_t unlogged_count{0};  // records that the full disk refused
  std::uint32_t workload_count{0};
  bool shares_cgroup{false};     // with the process that connects (`keeper_shares_cgroup`)
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.protocol), visit(self.memory), visit(self.boot_id), visit(self.lineage), visit(self.epoch), visit(self.sequence);
    visit(self.pid), visit(self.replaced_count), visit(self.wall_now), visit(self.monotonic_now), visit(self.unlogged_count);
    visit(self.workload_count), visit(self.shares_cgroup);
  }
};

}  // namespace watchbill::model::wire
