#include "core/plan/owed.h"

#include "core/plan/cadence.h"
#include "core/plan/course.h"
#include "core/plan/identity.h"

namespace watchbill::core::plan {
namespace {

// An agent that has said nothing for so long after an effect had to be over is silent: the outcome is unknown.
constexpr Duration silence_max = Duration::seconds(60);
// How long the look after an undo may take.
constexpr Duration undo_look_max = Duration::seconds(60);
// How often an unknown outcome is probed.
constexpr Duration probe_interval = Duration::seconds(5);
constexpr char separator = '/';
constexpr std::string_view acting = "act";

std::string name_of(const std::string& id, std::string_view what, const std::string& which) {
  return id + separator + std::string(what) + separator + which;
}

std::string attempt_name(const OpenEffect& effect) {
  return effect.id.text + "." + std::to_string(effect.attempt) + "." + std::to_string(effect.at.ms);
}

bool is_looking(const Run& run, const Plan& plan, std::size_t index) {
  return state_of_step(run, plan, index) == StepState::looking;
}

const PlanAction& action_under_way(const Run& run, const PlanStep& step, const StepProgress& progress) {
  const bool is_undo = run.effect->direction == Direction::undo;
  return (is_undo ? step.undo->actions : step.actions)[progress.actions_done];
}

// Areas of the core carry these out themselves: nothing is owed to a driver.
bool is_our_own(const PlanAction& action) { return action.kind == ActionKind::workload; }

bool ends_an_exec(const Run& run, const PlanStep& step, const StepProgress& progress) {
  return run.cancel_requested && run.effect && run.effect->phase == EffectPhase::in_flight &&
         run.effect->direction == Direction::do_ && action_under_way(run, step, progress).kind == ActionKind::exec;
}

// With its late values in place of their names.
PlanValue bound(const PlanValue& value, const std::map<std::string, std::string>& late) {
  if (const LateValue* name = value.as_late()) {
    const auto at = late.find(name->name);
    WB_ASSERT(at != late.end(), "StepIntended binds all late values of its step");
    return PlanValue(at->second);
  }
  if (const PlanValue::List* list = value.as_list()) {
    PlanValue::List out;
    for (const PlanValue& element : *list) out.push_back(bound(element, late));
    return PlanValue(std::move(out));
  }
  if (const PlanValue::Map* map = value.as_map()) {
    const auto joined = map->find(std::string(late_text_key));
    if (map->size() == 1 && joined != map->end() && joined->second.as_list() != nullptr) {
      std::string text;
      for (const PlanValue& part : *joined->second.as_list()) text += *bound(part, late).as_text();
      return PlanValue(std::move(text));
    }
    PlanValue::Map out;
    for (const auto& [key, member] : *map) out.emplace(key, bound(member, late));
    return PlanValue(std::move(out));
  }
  return value;
}

PlanAction bound(PlanAction action, const StepProgress& progress) {
  for (auto& [key, value] : action.args) value = bound(value, progress.bound);
  return action;
}

// Everything that the makers of effects need.
struct Present {
  const std::string& id;
  const Run& run;
  const PlanStep& step;
  const StepProgress& progress;
  RunPlace place;
};

Effect with(const std::string& name, decltype(Effect::what) what) { return Effect{Subject{Area::plan, name}, std::move(what)}; }

// What looking found of the action of this number, from 1.
PlanValues former_of(const Present& at, std::size_t number) {
  if (at.step.actions.size() == 1) return at.progress.former;
  const auto own = at.progress.former.find(std::to_string(number));
  return own == at.progress.former.end() || own->second.as_map() == nullptr ? PlanValues() : *own->second.as_map();
}

// Of the action that this undo takes back: built-in undos stand in reverse order.
void add_former(const Present& at, RunAction& out) {
  const std::size_t count = at.step.actions.size();
  if (text_of(out.action.args, "state") != "former" || at.step.undo->actions.size() != count) return;
  const std::size_t number = count - at.progress.actions_done;
  out.former = former_of(at, number);
  out.original = effect_id(EffectName{at.id, at.step.path + "#" + std::to_string(number), word(Direction::do_),
                                      std::to_string(at.progress.group)});
}

RunAction action_effect(const Present& at) {
  RunAction out;
  out.place = at.place;
  out.effect_id = at.run.effect->id;
  out.effect = at.step.path + "#" + std::to_string(at.progress.actions_done + 1);
  out.action = bound(action_under_way(at.run, at.step, at.progress), at.progress);
  out.direction = at.run.effect->direction;
  out.attempt = at.run.effect->attempt;
  out.fence = at.run.effect->fence;
  if (out.direction == Direction::undo) add_former(at, out);
  else if (out.action.kind == ActionKind::service) out.former = former_of(at, at.progress.actions_done + 1);
  out.until = end_of_turn(at.run, at.step);
  return out;
}

ProbeAction probe_effect(const Present& at) {
  ProbeAction out;
  out.place = at.place;
  out.effect_id = at.run.effect->id;
  out.action = bound(action_under_way(at.run, at.step, at.progress), at.progress);
  out.direction = at.run.effect->direction;
  out.attempt = at.run.effect->attempt;
  out.fence = at.run.effect->fence;
  out.keeper = at.run.effect->keeper;
  const bool is_built_in_undo = text_of(out.action.args, "state") == "former";
  out.former = former_of(at, is_built_in_undo ? at.step.actions.size() - at.progress.actions_done : at.progress.actions_done + 1);
  // True before, a true answer now proves nothing.
  if (out.direction == Direction::undo) out.verify = at.step.verify_undo;
  else if (at.progress.before != Observed::true_) out.verify = at.step.verify;
  out.interval = probe_interval;
  return out;
}

Effect watch_effect(const Present& at, const std::string& name) {
  const bool is_undo = at.progress.state == StepState::undoing;
  const auto& check = is_undo ? at.step.verify_undo : at.step.verify;
  if (check) return with(name, AskQuestion{at.place, *check, is_undo, at.run.watch->since, end_of(*check, *at.run.watch)});
  ObserveUndo look{at.place, {}, at.progress.former, {}, at.run.watch->since + undo_look_max};
  for (const PlanAction& action : at.step.undo->actions) look.actions.push_back(bound(action, at.progress));
  return with(name, std::move(look));
}

}  // namespace

std::vector<Owed> owed_by(const std::string& id, const Run& run, const Plan& plan) {
  std::vector<Owed> out;
  const std::optional<std::size_t> index = present_step(run);
  if (!index || run.state == RunState::held) return out;
  const PlanStep& step = plan.steps[*index];
  if (const PlanAction* action = open_action(run, plan)) {
    const std::string_view what = run.effect->phase == EffectPhase::unknown ? "probe" : acting;
    if (!is_our_own(*action))
      out.push_back({name_of(id, what, attempt_name(*run.effect)), run.effect->at});
  } else if (run.watch) {
    out.push_back({name_of(id, "ask", step.path + "." + std::to_string(run.watch->since.ms)), run.watch->since});
  } else if (is_looking(run, plan, *index)) {
    out.push_back({name_of(id, "look", step.path + "." + std::to_string(run.turn_at.ms)), run.turn_at});
  }
  if (ends_an_exec(run, step, run.steps[*index])) out.push_back({name_of(id, "end", attempt_name(*run.effect)), run.effect->at});
  return out;
}

Instant deadline_of(const Run& run, const Plan& plan, const Limits& limits) {
  switch (run.state) {
    case RunState::awaiting_approval: return run.turn_at + limits.approval_age_max;
    case RunState::queued: return run.turn_at + limits.queue_wait_max;
    case RunState::outcome_unknown: return run.effect->at + limits.probing_max;
    case RunState::held: return Instant::never();
    case RunState::done: case RunState::failed: case RunState::compensated: case RunState::aborted: case RunState::refused:
    case RunState::left:
      return run.ended_at + limits.run_age_max;
    case RunState::running: case RunState::compensating: break;
  }
  const std::optional<std::size_t> index = present_step(run);
  if (!index) return Instant::never();
  const PlanStep& step = plan.steps[*index];
  if (run.effect && run.effect->phase == EffectPhase::paused) return run.effect->at;
  if (run.effect) return end_of_turn(run, step) + silence_max;
  if (run.watch) {
    const auto& check = run.steps[*index].state == StepState::undoing ? step.verify_undo : step.verify;
    return check ? end_of(*check, *run.watch) : run.watch->since + undo_look_max;
  }
  // Looking, or waiting at an approve step; between two undos only a hold keeps the run waiting.
  return run.state == RunState::running ? end_of_turn(run, step) : Instant::never();
}

namespace {

struct OwedName {
  std::string id;
  std::string_view what;
};

OwedName parse(const std::string& name) {
  const std::size_t first = name.find(separator);
  const std::size_t second = name.find(separator, first + 1);
  WB_ASSERT(second != std::string::npos, "names of effects have three parts");
  return {name.substr(0, first), std::string_view(name).substr(first + 1, second - first - 1)};
}

}  // namespace

const PlanAction* open_action(const Run& run, const Plan& plan) {
  const std::optional<std::size_t> index = present_step(run);
  const bool is_open = run.effect && (run.effect->phase == EffectPhase::unknown || run.effect->phase == EffectPhase::in_flight);
  if (!index || !is_open || is_terminal(run.state)) return nullptr;
  const PlanStep& step = plan.steps[*index];
  const bool is_undo = run.effect->direction == Direction::undo;
  const std::size_t count = !is_undo ? step.actions.size() : step.undo ? step.undo->actions.size() : 0;
  // Between two events of one record the last effect of a step can be done already, and what follows not yet begun.
  return run.steps[*index].actions_done < count ? &action_under_way(run, step, run.steps[*index]) : nullptr;
}

std::optional<std::string> acting_host(const State& state, const std::string& name) {
  const OwedName owed = parse(name);
  const Run* run = state.runs.find(owed.id);
  const std::optional<std::size_t> index = run == nullptr ? std::nullopt : present_step(*run);
  if (owed.what != acting || !index) return std::nullopt;
  return plan_of(state, *run).steps[*index].host;
}

Effect effect_of(const State& state, const std::string& name) {
  const auto [id, what] = parse(name);
  const Run* run = state.runs.find(id);
  WB_ASSERT(run != nullptr, "the ready index names only runs in state");
  const Plan& plan = plan_of(state, *run);
  const std::optional<std::size_t> index = present_step(*run);
  WB_ASSERT(index.has_value(), "a run that owes something has a step under way");
  const RunbookConfiguration* configuration = configuration_of(state);
  const PlanStep& step = plan.steps[*index];
  const Present at{id, *run, step, run->steps[*index],
                   RunPlace{id, step.path, step.host, configuration == nullptr ? "" : configuration->exec_user,
                            configuration == nullptr ? "" : configuration->folder, run->plan}};
  if (what == acting) return with(name, action_effect(at));
  if (what == "probe") return with(name, probe_effect(at));
  if (what == "end") return with(name, EndAction{at.place, run->effect->id});
  if (what == "ask") return watch_effect(at, name);
  return with(name, LookAction{at.place, step.actions, {}, step.verify, end_of_turn(*run, step)});
}

}  // namespace watchbill::core::plan
