// Units of the host's init system, as actions change, look at and probe them.
#include "drivers/action/actions.h"
#include "drivers/action/service_action.h"

namespace watchbill::drivers::action {

void Actions::change_unit(const RunAction& action) {
  const auto fail = [&](std::string reason) {
    NoteOutcome note;
    note.outcome = EffectOutcome::failed;
    note.reason = std::move(reason);
    ended(action, std::move(note), {});
  };
  const std::optional<ports::UnitVerb> verb = verb_of(action.action);
  const Duration timeout = action.until - parts_.now();
  if (!verb) return fail("state_invalid: " + std::string(text_of(action.action.args, "state")));
  if (timeout <= Duration{}) return fail("no_time_left");
  parts_.units.change({action.effect_id.text, action.attempt, unit_of(action.action), *verb, timeout},
                      [this, live = Live(live_), action](const ports::UnitOutcome& end) {
                        if (live.lock()) ended(action, outcome_of(action, end), {});
                      });
}

void Actions::read_unit(const PlanAction& action, std::function<void(Result<ports::UnitState, UnitProblem>)> done) {
  const std::string unit = unit_of(action);
  parts_.units.read(unit, [live = Live(live_), unit, done = std::move(done)](const Result<ports::UnitState>& state) {
    if (!live.lock()) return;
    if (!state && state.error().kind == ErrorKind::not_found)
      return done(UnitProblem{"systemd_missing: " + state.error().text()});
    if (!state) return done(UnitProblem{"unit_unreadable: " + state.error().text()});
    if (!state->is_loaded) return done(UnitProblem{"unit_missing: systemd knows no " + unit});
    done(*state);
  });
}

void Actions::look_at_unit(const std::shared_ptr<Look>& look, std::size_t index) {
  read_unit(look->actions[index], [this, look, index](const Result<ports::UnitState, UnitProblem>& unit) {
    if (unit) looked(look, index, former_of(*unit));
    else cannot_look(look, unit.error().reason);
  });
}

void Actions::judge_unit(const std::shared_ptr<Look>& look, std::size_t index) {
  read_unit(look->actions[index], [this, look, index](const Result<ports::UnitState, UnitProblem>& unit) {
    // That an undo restarted its unit shows its outcome alone: what it was before the undo nobody has looked at.
    const bool is_restart = verb_of(look->actions[index]) == ports::UnitVerb::restart;
    judge_undo(look, index + 1,
               unit && (is_restart ? unit->active_state == "active" : is_as_asked(look->actions[index], *unit, {})));
  });
}

void Actions::probe_unit(const std::string& name) {
  const ProbeAction probe = std::get<ProbeAction>(standing_.at(name).what);
  parts_.one_shots.look(probe.effect_id.text, [this, live = Live(live_), name, probe](const ports::OneShotKnown& known) {
    if (!live.lock() || !standing_.contains(name)) return;
    if (known.phase == ports::OneShotPhase::running || known.phase == ports::OneShotPhase::unreachable)
      return later(name, probe.interval, &Actions::probe_again);
    read_unit(probe.action, [this, name, probe](const Result<ports::UnitState, UnitProblem>& unit) {
      if (!standing_.contains(name)) return;
      const auto finding = unit ? finding_of(probe, *unit) : std::nullopt;
      if (finding) found(name, NoteProbe{probe.effect_id, *finding, probe.place.run, "observation"});
      else probe_by_verify(name);
    });
  });
}

}  // namespace watchbill::drivers::action
