// One run while a command on it is decided: a copy on which the events take effect as they are given, so that what follows from
// them is decided on what they made of the run. Internal to the area.
#pragma once

#include <list>
#include <set>

#include "core/plan/evolve.h"
#include "core/plan/facts.h"
#include "core/plan/state.h"
#include "model/decide.h"

namespace watchbill::core::plan {

// What all drafts of one decision share.
struct Deciding {
  const State& state;
  const Facts& facts;
  const Context& context;
  Decided decided;
  std::list<Plan> plans;  // of runs that this decision proposes
  // Fences that this decision has given out itself: facts do not know of them yet.
  std::map<std::string, TargetFact> targets;

  [[nodiscard]] TargetFact target(const std::string& name) const {
    const auto at = targets.find(name);
    return at != targets.end() ? at->second : facts.target(name);
  }
};

class Draft {
 public:
  Draft(Deciding& deciding, std::string id, Run run, const Plan& plan)
      : deciding_(deciding), id_(std::move(id)), run_(std::move(run)), plan_(plan) {}

  // Records what has happened to this run, and lets it happen.
  template <class Event>
  void happens(Event event) {
    if constexpr (requires { event.run; }) event.run = id_;
    if constexpr (requires(Run& run, const Plan& plan) { evolve(run, plan, event, Instant{}); })
      evolve(run_, plan_, event, deciding_.context.at);
    deciding_.decided.events.push_back(std::move(event));
  }
  // Records what happens to a target of this run.
  void grants(const std::string& target);
  void releases(const std::string& target);
  void takes_over(const std::string& target);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const Run& run() const noexcept { return run_; }
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const StepProgress& progress(std::size_t step) const { return run_.steps[step]; }
  [[nodiscard]] Deciding& deciding() noexcept { return deciding_; }
  [[nodiscard]] const Facts& facts() const noexcept { return deciding_.facts; }
  [[nodiscard]] const Limits& limits() const noexcept { return deciding_.context.limits; }
  [[nodiscard]] Instant at() const noexcept { return deciding_.context.at; }
  [[nodiscard]] const std::string& actor() const noexcept { return deciding_.context.actor.name; }
  // The scope of the hold that covers the run now; empty: none.
  [[nodiscard]] std::string covering_hold() const;

 private:
  void moves(const std::string& target, std::uint64_t fence, const std::string& run) {
    deciding_.targets[target] = TargetFact{fence, run};
  }

  Deciding& deciding_;
  std::string id_;
  Run run_;
  const Plan& plan_;
};

}  // namespace watchbill::core::plan
