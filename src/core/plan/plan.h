// Area plan: runbooks become plans, plans become runs, and every run ends done, taken back, or waiting for a named person.
// Decides: StartRun, CancelRun, ResumeRun, ResolveRun and approvals of people; reports of drivers; what other areas ask.
// Refusals are those of the tables of domain/plans.md §2: no pair of state and command is without an event or a named refusal.
#pragma once

#include "core/plan/evolve.h"
#include "core/plan/facts.h"
#include "core/plan/owed.h"
#include "core/plan/state.h"
#include "model/decide.h"
#include "model/effect.h"

namespace watchbill::core::plan {

// Of people.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const StartRun& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const CancelRun& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ResumeRun& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ResolveRun& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const GiveApproval& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RejectApproval& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const WithdrawApproval& command, const Context& context);

// Of other areas, by core/react.cpp. What has become pointless meanwhile gives no event.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ProposeMitigation& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteNotNeeded& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteHold& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const GoOn& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const TakeOverRun& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RecheckPlan& command, const Context& context);

// Of drivers. A report on what is not asked any more is refused `not_asked`, and so is one that was taken already.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteOutcome& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteLook& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteProbe& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteAnswer& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteUndoSeen& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteStaleFence& command, const Context& context);

// The deadline of a run (owed.h) has passed. Gives at least one event.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const MeetDeadline& deadline, const Context& context);

// What a mitigation of these labels would be now, for the area that decides whether it may start.
struct Prospect {
  Digest digest;
  Plan plan;
  std::string open_run;             // of this binding, with this very plan
  std::optional<Refused> no_room;
};
struct ProspectOf {
  const std::string& binding;
  const Labels& labels;
};
[[nodiscard]] Result<Prospect, Refused> prospect(const State& state, const Facts& facts, const ProspectOf& of,
                                                 const Context& context);

// What changes a run: evolve() knows it, or it makes one.
template <class T>
inline constexpr bool concerns_runs = std::is_same_v<T, PlanProposed> || requires(Run& run, const Plan& plan, const T& event) {
  evolve(run, plan, event, Instant{});
};
// The terminal events.
template <class T>
inline constexpr bool ends_run =
    std::is_same_v<T, PlanCompleted> || std::is_same_v<T, PlanFailed> || std::is_same_v<T, PlanCompensated> ||
    std::is_same_v<T, PlanCancelled> || std::is_same_v<T, PlanRefused> || std::is_same_v<T, PlanLeft>;

void apply(State& state, const Event& event, const Applying& applying);
void apply_archived(State& state, const std::string& run, const Applying& applying);
// An alert ended with evidence, or is forgotten: what was suggested for it is not needed.
void apply_alert_over(State& state, const std::string& alert);
// From here on new plans are resolved from this configuration.
void apply_configuration(State& state, RunbookConfiguration configuration);

// Adds what the runs owe to empty indexes and rebuilds what is derived: the full scan.
void rebuild(State& state, Schedule& schedule, const Limits& limits);

}  // namespace watchbill::core::plan
