#include "drivers/action/service_action.h"

namespace watchbill::drivers::action {
namespace {

constexpr std::string_view active = "active";

bool is_down(const ports::UnitState& unit) { return unit.active_state == "inactive" || unit.active_state == "failed"; }

}  // namespace

std::string unit_of(const PlanAction& action) {
  std::string name(text_of(action.args, "name"));
  if (name.find('.') == std::string::npos) name += ".service";
  return name;
}

std::optional<ports::UnitVerb> verb_of(const PlanAction& action) {
  const std::string_view state = text_of(action.args, "state");
  if (state == "started") return ports::UnitVerb::start;
  if (state == "stopped") return ports::UnitVerb::stop;
  if (state == "restarted") return ports::UnitVerb::restart;
  return std::nullopt;
}

PlanValues former_of(const ports::UnitState& unit) {
  PlanValues former{{"active_state", unit.active_state}};
  if (!unit.invocation_id.empty()) former["invocation_id"] = unit.invocation_id;
  return former;
}

bool is_as_asked(const PlanAction& action, const ports::UnitState& unit, const PlanValues& former) {
  const std::optional<ports::UnitVerb> verb = verb_of(action);
  if (!verb || !unit.is_loaded) return false;
  switch (*verb) {
    case ports::UnitVerb::start: return unit.active_state == active;
    case ports::UnitVerb::stop: return is_down(unit);
    case ports::UnitVerb::restart: break;
  }
  return unit.active_state == active && !former.empty() && text_of(former, "invocation_id") != unit.invocation_id;
}

std::optional<ProbeFinding> finding_of(const ProbeAction& probe, const ports::UnitState& unit) {
  const std::optional<ports::UnitVerb> verb = verb_of(probe.action);
  if (!verb || !unit.is_loaded) return std::nullopt;
  if (*verb == ports::UnitVerb::restart) {
    // What the do found says nothing of the restart that takes it back.
    if (probe.direction == Direction::undo || probe.former.empty()) return std::nullopt;
    if (former_of(unit) == probe.former) return ProbeFinding::absent;
  }
  if (is_as_asked(probe.action, unit, probe.former)) return ProbeFinding::done;
  const bool is_at_rest = unit.active_state == active || is_down(unit);
  return *verb != ports::UnitVerb::restart && is_at_rest ? std::optional(ProbeFinding::absent) : std::nullopt;
}

NoteOutcome outcome_of(const RunAction& action, const ports::UnitOutcome& end) {
  NoteOutcome note;
  const auto says = [&](EffectOutcome outcome, std::string_view reason) {
    note.outcome = outcome;
    note.reason = reason;
    if (!end.detail.empty()) note.reason += ": " + end.detail;
    return note;
  };
  switch (end.end) {
    case ports::UnitEnd::failed: return says(EffectOutcome::failed, "unit_failed");
    case ports::UnitEnd::refused: return says(EffectOutcome::failed, "unit_refused");
    case ports::UnitEnd::unknown: return says(EffectOutcome::unknown, "unit_unknown");
    case ports::UnitEnd::done: break;
  }
  if (!action.former.empty() && !is_as_asked(action.action, end.state, action.former))
    return says(EffectOutcome::failed, "unit_not_restarted");
  note.outcome = EffectOutcome::succeeded;
  note.output = unit_of(action.action) + " is " + end.state.active_state;
  if (!end.state.invocation_id.empty()) note.output += ", invocation " + end.state.invocation_id;
  return note;
}

}  // namespace watchbill::drivers::action
