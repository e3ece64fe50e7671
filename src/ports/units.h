// Services of the host's own init system: read, start, stop, restart. The real side is drivers/systemd.
// Source: domain/plans.md §3.3 "service", domain/supervision.md §8.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace watchbill::ports {

// A unit as the init system has it.
struct UnitState {
  bool is_loaded{false};      // there is such a unit
  std::string active_state;   // "active", "inactive", "failed", "activating", "deactivating", "reloading", …
  std::string sub_state;      // "running", "dead", …
  std::string invocation_id;  // changes with every start; empty before any
  std::int64_t main_pid{0};
  std::string result;         // of the last run: "success", "exit-code", …
};

enum class UnitVerb : std::uint8_t { start, stop, restart };

enum class UnitEnd : std::uint8_t {
  done,     // the job ended well, and the unit is as asked; `state` shows it
  failed,   // it ended, and the unit is not as asked; `detail` says what the init system said
  refused,  // nothing was asked of the init system: no such unit, no right, no room; `detail` says which
  unknown,  // it was asked, and nobody can learn what became of it: read the unit
};

struct UnitOutcome {
  UnitEnd end{UnitEnd::unknown};
  std::string detail;  // for people
  UnitState state;     // as it was read afterwards; of `refused` and `unknown` perhaps empty
};

// One change of one unit; the same id and attempt again asks nothing and gives the outcome of the first.
struct UnitChange {
  std::string effect_id;
  std::uint32_t attempt{1};
  std::string unit;  // "nginx.service"
  UnitVerb verb{UnitVerb::restart};
  Duration timeout;  // of the job
};

class UnitPort {
 public:
  virtual ~UnitPort() = default;
  // Reads a unit. Fails invalid for what can be no unit's name, not_found where there is no such init system, timed_out. `done`
  // comes once, on the loop, never from within this call. Loop thread only.
  virtual void read(const std::string& unit, std::function<void(Result<UnitState>)> done) = 0;
  // Starts the change; `done` comes once, on the loop, never from within this call. Loop thread only.
  virtual void change(UnitChange change, std::function<void(UnitOutcome)> done) = 0;
};

}  // namespace watchbill::ports
