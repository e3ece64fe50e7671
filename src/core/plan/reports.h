// How each decision on one run begins: find it, copy it, refuse what has no place. Internal to the area.
#pragma once

#include "core/plan/draft.h"

namespace watchbill::core::plan {

// The refusals that several decisions give.
[[nodiscard]] inline Refused not_asked(const std::string& run) {
  return Refused{Refusal::not_asked, "nothing of the kind is asked of " + run + " now"};
}
[[nodiscard]] inline Refused illegal(const Draft& draft, std::string_view verb) {
  return Refused{Refusal::illegal_transition,
                 draft.id() + " is " + std::string(word(draft.run().state)) + ": it takes no " + std::string(verb)};
}
[[nodiscard]] inline Refused only_the_controller() {
  return Refused{Refusal::role_missing, "only the controller itself may do this"};
}

// Decides on one run with `course`, which gives a refusal or lets things happen to the draft. Refuses `unknown_run`.
template <class Course>
[[nodiscard]] Decision decide_on(const State& state, const Facts& facts, const Context& context, const std::string& id,
                                 Course&& course) {
  const Run* run = state.runs.find(id);
  if (run == nullptr) return Refused{Refusal::unknown_run, "there is no run " + id};
  Deciding deciding{state, facts, context, {}, {}, {}};
  Draft draft(deciding, id, *run, plan_of(state, *run));
  if (std::optional<Refused> refused = course(draft)) return std::move(*refused);
  return std::move(deciding.decided);
}

// Of people: role operator.
template <class Course>
[[nodiscard]] Decision on_run(const State& state, const Facts& facts, const Context& context, const std::string& id,
                              Course&& course) {
  if (!facts.actor_may_run) return Refused{Refusal::role_missing, "runs are steered with the role operator"};
  return decide_on(state, facts, context, id, std::forward<Course>(course));
}

// Of drivers and of other areas. A report on a run that is gone is not asked.
template <class Course>
[[nodiscard]] Decision on_report(const State& state, const Facts& facts, const Context& context, const std::string& id,
                                 Course&& course) {
  if (!facts.actor_is_engine) return only_the_controller();
  if (!state.runs.contains(id)) return not_asked(id);
  return decide_on(state, facts, context, id, std::forward<Course>(course));
}

}  // namespace watchbill::core::plan
