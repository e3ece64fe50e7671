#include "core/control/hold.h"

namespace watchbill::core::control {
namespace {

constexpr std::string_view everything = "all";
constexpr std::size_t scope_bytes_max = 256;    // a label value and a kind fit
constexpr std::size_t reason_bytes_max = 4096;  // a paragraph; longer texts belong in an incident

bool is_scope(std::string_view scope) {
  const std::size_t slash = scope.find('/');
  return scope == everything ||
         (slash != std::string_view::npos && slash > 0 && slash + 1 < scope.size() && scope.size() <= scope_bytes_max);
}

Refused bad_scope(const std::string& scope) {
  return Refused{Refusal::bad_argument, "scope \"" + scope + "\": expected \"all\" or KIND/NAME, such as binding/WebDown"};
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const SetHold& command, const Context& context) {
  if (!facts.actor_may_set) return Refused{Refusal::role_missing, "setting a hold needs the role operator"};
  if (!facts.unknown_scope.empty())
    return Refused{Refusal::bad_argument, "scope \"" + command.scope + "\": " + facts.unknown_scope};
  if (!is_scope(command.scope)) return bad_scope(command.scope);
  if (command.reason.empty()) return Refused{Refusal::note_required, "a hold needs a reason"};
  if (command.reason.size() > reason_bytes_max)
    return Refused{Refusal::bad_argument, "reason: expected at most " + std::to_string(reason_bytes_max) + " bytes"};
  if (const Hold* hold = state.holds.find(command.scope))
    return Refused{Refusal::hold_active, command.scope + " is held by " + hold->by + ": " + hold->reason};
  if (state.holds.size() >= context.limits.holds_max)
    return Refused{Refusal::too_many_holds, std::to_string(state.holds.size()) + " holds are in force"};
  return Events{HoldSet{context.actor.name, command.reason, command.restarts, command.scope}};
}

Decision decide(const State& state, const Facts& facts, const ReleaseHold& command, const Context& context) {
  if (!facts.actor_may_release) return Refused{Refusal::role_missing, "releasing a hold needs the role approver"};
  if (!is_scope(command.scope)) return bad_scope(command.scope);
  if (!state.holds.contains(command.scope)) return Refused{Refusal::not_held, command.scope + " is not held"};
  return Events{HoldReleased{context.actor.name, command.reason, command.scope}};
}

void apply(State& state, const HoldSet& event, const Applying& applying) {
  const bool inserted = state.holds.insert(event.scope, Hold{event.by, event.reason, event.restarts, applying.at});
  WB_ASSERT(inserted, "decide() refuses a scope that is held");
}

void apply(State& state, const HoldReleased& event, const Applying&) {
  const bool erased = state.holds.erase(event.scope);
  WB_ASSERT(erased, "decide() refuses a scope that is not held");
}

const Hold* covering(const State& state, const std::string& scope) {
  const Hold* own = state.holds.find(scope);
  return own != nullptr ? own : state.holds.find(std::string(everything));
}

}  // namespace watchbill::core::control
