// One simulated world: a controller with its disk, clock, receivers and people, faults from one seed, and the checkers.
// One thread, one seed, one build → one history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/plants.h"

namespace watchbill::sim {

struct WorldOptions {
  std::uint64_t seed{1};
  Plant plant{Plant::none};
  Duration length{Duration::minutes(30)};
  Duration fault_every{Duration::minutes(1)};
  // A larger world, for figures: so many more workloads. Each runs on, crashes now and then, and is a target of the metrics path.
  std::size_t more_workloads{0};
  Duration probe_every{Duration::seconds(5)};  // of each target
  bool looks_early{false};                     // at the rules, after each round of probes
  // Every bound of model/limits.h that a world of this size can meet is shrunk, so that each is met often.
  bool shrinks_limits{true};
};

// What a checker found. The first one ends the world.
struct Violation {
  std::string checker;
  std::string what;
  Instant at;
};

struct WorldResult {
  std::optional<Violation> violation;
  std::vector<std::string> timeline;  // the last lines before the end: faults, starts, answers
  Duration simulated;
  std::uint64_t records{0}, events{0}, starts{0}, faults{0}, messages{0}, actions{0};
};

// Lives `options.length`, then heals every fault and settles. Deterministic.
[[nodiscard]] WorldResult run_world(const WorldOptions& options);

}  // namespace watchbill::sim
