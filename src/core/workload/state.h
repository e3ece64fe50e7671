// The state of the workload area. Transitions: steps.h (what follows by itself), by_hand.h (people), reports.h (the host's
// agent), settings.h (bill, holds, epochs). Source: domain/supervision.md §3, §8.
#pragma once

#include <map>
#include <set>

#include "core/workload/record.h"
#include "model/decide.h"
#include "model/table.h"

namespace watchbill::core::workload {

// The keeper of a host, as it was found last, and how far its reports are recorded.
struct Keeper {
  std::string boot_id;
  std::string memory;
  std::int64_t pid{0};
  std::uint64_t replaced_count{0};
  std::uint64_t reported_through{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("boot_id", &Keeper::boot_id), field("memory", &Keeper::memory), field("pid", &Keeper::pid),
              field("replaced_count", &Keeper::replaced_count),
              field("reported_through", &Keeper::reported_through));
  }
};

struct Supervisor {
  SupervisorConfiguration configuration;
  std::optional<Instant> closing_until;  // the workloads are being stopped; the shutdown deadline
  Epoch epoch{0};
  std::vector<std::string> holds;        // with restarts: "all", "workload/NAME"
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("closing_until_ms", &Supervisor::closing_until),
              field("configuration", &Supervisor::configuration), field("epoch", &Supervisor::epoch),
              field("holds", &Supervisor::holds));
  }
};

// One of the bill's top-level probes.
struct WatchedProbe {
  std::string detail;
  ProbeHealth health{ProbeHealth::unknown};
  Instant since;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("detail", &WatchedProbe::detail), field("health", &WatchedProbe::health),
              field("since_ms", &WatchedProbe::since));
  }
};

struct State {
  Table<std::string, Keeper> keepers;          // by host; "local" is the controller's own
  Table<std::string, WatchedProbe> probes;
  Table<std::string, Supervisor> supervisor;   // one entry, "local"
  Table<std::string, Workload> workloads;
  // Derived: who names a workload in `requires` or `after`, by its configured name.
  std::map<std::string, std::set<std::string>> dependents;
};

struct Facts {
  bool actor_may_operate{false};  // role operator
  bool actor_may_report{false};   // the host's agent
  bool actor_is_person{false};
};

}  // namespace watchbill::core::workload
