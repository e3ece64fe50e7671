// From an alert to its mitigation: whether it may start now, and how much it may do by itself. Source: domain/plans.md §6.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/configuration_binding.h"
#include "model/decide.h"
#include "model/event.h"
#include "model/table.h"

namespace watchbill::core::binding {

// A run of a binding, as far as limits count it.
struct CountedRun {
  std::optional<Instant> ended_at;
  bool has_started{false};
  bool is_rollback{false};  // the second half of a run that is counted already
  Instant proposed_at;
  std::vector<std::string> targets;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("ended_at_ms", &CountedRun::ended_at), field("has_started", &CountedRun::has_started),
              field("is_rollback", &CountedRun::is_rollback), field("proposed_at_ms", &CountedRun::proposed_at),
              field("targets", &CountedRun::targets));
  }
};

// The runs of one binding that its limits may still count; those that ended before they started are dropped.
struct Counted {
  std::map<std::string, CountedRun> runs;
  template <class To> static constexpr auto fields(To&& to) { return to(field("runs", &Counted::runs)); }
};

// The last refusal of a mitigation for one alert.
struct AlertRefusal {
  std::string alert;
  Instant at;
  std::uint64_t count{1};  // in a row, for this reason
  std::string message;
  Refusal reason{Refusal::internal};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &AlertRefusal::alert), field("at_ms", &AlertRefusal::at),
              field("count", &AlertRefusal::count), field("message", &AlertRefusal::message),
              field("reason", &AlertRefusal::reason));
  }
};

// Of one binding, the newest last. An alert leaves when it gets a run, or to limits.refusals_per_binding_max others.
struct Refusals {
  std::vector<AlertRefusal> last;
  template <class To> static constexpr auto fields(To&& to) { return to(field("last", &Refusals::last)); }
};

struct State {
  Table<std::string, Counted> bindings;
  Table<std::string, Refusals> refusals;  // for people; nothing is decided by them
  // Derived: the binding of each counted run.
  std::map<std::string, std::string> binding_of;
};

// What the mitigation would be now: resolved by area plan.
struct Mitigation {
  Digest digest;
  std::vector<std::string> targets;
  bool is_irreversible{false};
  bool auto_is_allowed{true};          // by the environment of its runbook
  std::string open_run;                // of this binding, with this very plan; empty: none
  std::optional<Refused> no_room;      // too_many_runs, queue_full
};

struct Facts {
  bool actor_is_engine{false};
  const ConfiguredBinding* binding{nullptr};  // null: the bill has none of that name, or there is no bill
  bool binding_is_held{false};                // "binding/NAME" or all
  std::optional<Refused> unresolved;          // why there is no mitigation
  Mitigation mitigation;
  bool targets_are_held{false};
  // How many targets there are of the kind that each of the mitigation's targets has (domain/plans.md §6.1, row 6).
  std::map<std::string, std::size_t> population;
};

// Gives BindingTriggered, or BindingRefused with the first reason of the table. Only `role_missing` refuses the command itself.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ConsiderBinding& command, const Context& context);

void apply(State& state, const BindingTriggered& event, const Applying& applying);
void apply(State& state, const BindingRefused& event, const Applying& applying);
// A bill was taken: what was refused of bindings that it does not have is of no use any more.
void apply_configuration(State& state, const RunbookConfiguration& configuration);
// What became of the runs: proposed (with the targets of its plan), started, ended.
void apply_proposed(State& state, const PlanProposed& event, const std::vector<std::string>& targets, const Applying& applying);
void apply_started(State& state, const std::string& run);
void apply_ended(State& state, const std::string& run, const Applying& applying);

// Rebuilds what is derived, after a snapshot was read.
void rebuild(State& state);

}  // namespace watchbill::core::binding
