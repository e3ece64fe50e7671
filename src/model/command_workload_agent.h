// Further commands of the area workload, from the host's agent: what its keeper has, and health. Source: domain/supervision.md
// §6, §8.
#pragma once

#include <vector>

#include "model/workload_terms.h"

namespace watchbill {

// The health of a probe changed: at once a command, without a rule. From the host's agent.
struct ProbeChanged {
  static constexpr std::string_view type = "ProbeChanged";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::answers;
  std::string detail;
  ProbeHealth health{ProbeHealth::unknown};
  std::uint64_t incarnation{0};   // that was asked; 0 for role `watched`
  ProbeRole role{ProbeRole::ready};
  std::string workload;           // or the probe's name
  template <class To> static constexpr auto fields(To&& to) {
    using C = ProbeChanged;
    return to(field("detail", &C::detail), field("health", &C::health), field("incarnation", &C::incarnation),
              field("role", &C::role), field("workload", &C::workload));
  }
};

// One workload as a keeper has it. Truth values as in WorkloadAdopted.
struct KeptWorkload {
  bool exit_is_unseen{false};
  std::uint64_t incarnation{0};
  bool is_active{false};       // running, stopping or about to be restarted
  std::string name;
  std::int64_t pid{0};
  std::uint64_t start_ticks{0};
  template <class To> static constexpr auto fields(To&& to) {
    using K = KeptWorkload;
    return to(field("exit_is_unseen", &K::exit_is_unseen), field("incarnation", &K::incarnation),
              field("is_active", &K::is_active), field("name", &K::name), field("pid", &K::pid),
              field("start_ticks", &K::start_ticks));
  }
};

// The agent has found its keeper (again) and asked what it has. Comes in parts by name, each of at most kept_part_max workloads:
// names after `after` (empty: from the first) through `through` (empty: to the last).
struct NoteKeeper {
  static constexpr std::string_view type = "NoteKeeper";
  static constexpr int version = 1;
  static constexpr Area area = Area::workload;
  static constexpr Lane lane = Lane::outcomes;
  std::string after;
  std::string boot_id;
  std::vector<KeptWorkload> kept;   // ascending by name
  std::string memory;
  std::int64_t pid{0};
  std::uint64_t replaced_count{0};
  std::string through;
  template <class To> static constexpr auto fields(To&& to) {
    using C = NoteKeeper;
    return to(field("above", &C::after), field("boot_id", &C::boot_id), field("kept", &C::kept),
              field("memory", &C::memory), field("pid", &C::pid), field("replaced_count", &C::replaced_count),
              field("through", &C::through));
  }
};
inline constexpr std::size_t kept_part_max = 200;

}  // namespace watchbill
