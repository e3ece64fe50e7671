// Who may change what: a target belongs to one run until that run is terminal, and its fence only rises. No passage of time gives
// a target to another run. Source: domain/plans.md §6.2, domain/rollout.md §6.
#pragma once

#include <string>

#include "model/decide.h"
#include "model/event.h"
#include "model/table.h"

namespace watchbill::core::lease {

// What is known of one target, for ever: a fence that was given out is never given out again.
struct Target {
  std::uint64_t fence{0};  // the last one that was given out
  std::string run;         // whose it is; empty: free
  Instant since;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("fence", &Target::fence), field("run", &Target::run), field("since_ms", &Target::since));
  }
};

struct State {
  Table<std::string, Target> targets;  // by KIND/NAME
};

// Grants and takeovers come in the records of the runs that need them.
void apply(State& state, const LockGranted& event, const Applying& applying);
void apply(State& state, const LockReleased& event, const Applying& applying);
void apply(State& state, const LeaseTakenOver& event, const Applying& applying);
void apply(State& state, const StaleFenceRefused& event, const Applying& applying);
// After a restore: what the lost future may have given out is not given out again.
void raise_fences(State& state, std::uint64_t by);

}  // namespace watchbill::core::lease
