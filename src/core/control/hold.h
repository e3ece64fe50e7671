// Holds: a person stops every mutation, of everything or of a named scope, until a person releases it (domain/rollout.md §3).
#pragma once

#include <string>

#include "model/command.h"
#include "model/decide.h"
#include "model/event.h"
#include "model/limits.h"
#include "model/table.h"

namespace watchbill::core::control {

// One hold in force.
struct Hold {
  std::string by;
  std::string reason;
  bool restarts{false};  // keepers suspend their standing orders too
  Instant since;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &Hold::by), field("reason", &Hold::reason), field("restarts", &Hold::restarts),
              field("since_ms", &Hold::since));
  }
};

// By scope: "all", or KIND/NAME such as "binding/WebDown".
struct State {
  Table<std::string, Hold> holds;
};

struct Facts {
  bool actor_may_set{false};      // role operator
  bool actor_may_release{false};  // role approver
  std::string unknown_scope;      // why the scope of a person's hold names nothing, for people; empty: it may be held
};

// Gives HoldSet. A scope that names nothing is refused `bad_argument`: what a typing error holds goes on. Setting a scope that is
// held already replaces nothing: it is refused `hold_active` with who holds it and why.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const SetHold& command, const Context& context);
// Gives HoldReleased. Refuses `not_held` when the scope has no hold of its own.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ReleaseHold& command, const Context& context);

void apply(State& state, const HoldSet& event, const Applying& applying);
void apply(State& state, const HoldReleased& event, const Applying& applying);

// The hold that covers `scope` now, or null: its own, else that of everything.
[[nodiscard]] const Hold* covering(const State& state, const std::string& scope);

}  // namespace watchbill::core::control
