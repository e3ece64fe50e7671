// The state of area plan: runs, the plans they execute, and the configuration that new ones are resolved from.
#pragma once

#include <set>

#include "core/plan/run.h"
#include "model/configuration_binding.h"

namespace watchbill::core::plan {

struct Run {
  std::vector<std::string> alerts;      // that asked for it; the first proposed it
  std::uint32_t approvals{0};           // needed before it starts
  std::vector<std::string> approved_by;
  std::vector<std::string> approver_roles;
  std::string binding;
  bool cancel_requested{false};
  std::string cause;                    // of the compensation
  std::optional<OpenEffect> effect;
  Instant ended_at;
  std::optional<HeldFor> held_for;
  bool hold_requested{false};
  std::vector<std::string> intended;    // paths of mutating steps, in the order of StepIntended
  Labels labels;                        // of the alert
  bool may_mutate{false};               // between MutateGranted and MutateWithdrawn
  std::string parent;
  Digest plan;
  Instant proposed_at;
  std::string reason;                   // of the terminal state
  std::string requester;
  std::string seed;
  Instant started_at;
  RunState state{RunState::queued};
  std::vector<StepProgress> steps;      // in the plan's order
  Instant turn_at;                      // when the present wait, step or undo began: what timeouts count from
  std::vector<std::string> undone;
  std::optional<Watch> watch;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alerts", &Run::alerts),
              field("approvals", &Run::approvals),
              field("approved_by", &Run::approved_by),
              field("approver_roles", &Run::approver_roles),
              field("binding", &Run::binding),
              field("cancel_requested", &Run::cancel_requested),
              field("cause", &Run::cause),
              field("effect", &Run::effect),
              field("ended_at_ms", &Run::ended_at),
              field("held_for", &Run::held_for),
              field("hold_requested", &Run::hold_requested),
              field("intended", &Run::intended),
              field("labels", &Run::labels),
              field("may_mutate", &Run::may_mutate),
              field("parent", &Run::parent),
              field("plan", &Run::plan),
              field("proposed_at_ms", &Run::proposed_at),
              field("reason", &Run::reason),
              field("requester", &Run::requester),
              field("seed", &Run::seed),
              field("started_at_ms", &Run::started_at),
              field("state", &Run::state),
              field("steps", &Run::steps),
              field("turn_at_ms", &Run::turn_at),
              field("undone", &Run::undone),
              field("watch", &Run::watch));
  }
};

// A plan with the number of runs in state that execute it.
struct KeptPlan {
  Plan plan;
  std::uint32_t runs{0};
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("plan", &KeptPlan::plan), field("runs", &KeptPlan::runs)); }
};

// A plan that a binding only shows (mode suggest): no run, nothing is decided by it. It is shown until its alert ends with
// evidence or is forgotten, somebody runs this plan, another is proposed for the same alert, a bill takes the runbook away from
// the binding, or limits.suggestions_max newer ones came.
struct Suggestion {
  std::string alert;
  Instant at;
  std::string binding;
  std::string lowered_by;                         // why it is no more than shown, where the binding says more
  std::map<std::string, std::string> parameters;  // of the plan
  std::string parent;                             // the run that it would roll back
  Digest plan;
  std::string runbook;
  std::vector<std::string> targets;
  template <class To> static constexpr auto fields(To&& to) {
    using S = Suggestion;
    return to(field("alert", &S::alert),           field("at_ms", &S::at),
              field("binding", &S::binding),       field("lowered_by", &S::lowered_by),
              field("parameters", &S::parameters), field("parent", &S::parent),
              field("plan", &S::plan),             field("runbook", &S::runbook),
              field("targets", &S::targets));
  }
};

struct State {
  Table<std::string, RunbookConfiguration> configuration;  // one entry, "", once a bill was taken
  Table<Digest, KeptPlan> plans;
  Table<std::string, Run> runs;  // by id; open ones, and ended ones for limits.run_age_max
  Table<std::string, Suggestion> suggestions;  // by the run id that was proposed
  // Derived: the runs that are not terminal.
  std::set<std::string> open;
};

// The configuration that holds, or null before the first bill.
[[nodiscard]] const RunbookConfiguration* configuration_of(const State& state);
// The plan of a run that is in state.
[[nodiscard]] const Plan& plan_of(const State& state, const Run& run);

// The step under way: in a run that is not terminal the first that is neither done nor skipped nor failed; in a compensation the
// one that is being taken back. Nothing between two undos and when all are done.
[[nodiscard]] std::optional<std::size_t> present_step(const Run& run);
// The state of a step as people see it: `looking` when it is the turn of a step that changes something.
[[nodiscard]] StepState state_of_step(const Run& run, const Plan& plan, std::size_t step);
[[nodiscard]] std::optional<std::size_t> step_index(const Plan& plan, std::string_view path);
// The exit code of `run --wait`; nothing while it goes on.
[[nodiscard]] std::optional<int> exit_code_of(const Run& run);

}  // namespace watchbill::core::plan
