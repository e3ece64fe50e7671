#include "core/react_workloads.h"

#include <algorithm>

#include "core/plan/owed.h"
#include "core/workload/by_hand.h"
#include "core/workload/relations.h"

namespace watchbill::core {
namespace {

using workload::Workload;

// The action of kind workload whose outcome a run waits for.
struct Operation {
  std::string run;
  const plan::Run* of{nullptr};
  WorkloadVerb verb{WorkloadVerb::start};
  std::string name;                   // as the plan has it: NAME or group:NAME
  std::vector<std::string> workloads;  // that it names; none: the bill has none of them
};

std::optional<WorkloadVerb> verb_of(std::string_view key) {
  if (key == "start") return WorkloadVerb::start;
  if (key == "stop") return WorkloadVerb::stop;
  if (key == "restart") return WorkloadVerb::restart;
  return std::nullopt;
}

std::optional<Operation> operation_of(const State& state, const std::string& id) {
  const plan::Run* run = state.plan.runs.find(id);
  const PlanAction* action = run == nullptr ? nullptr : plan::open_action(*run, plan::plan_of(state.plan, *run));
  if (action == nullptr || action->kind != ActionKind::workload || action->args.empty()) return std::nullopt;
  const auto& [key, value] = *action->args.begin();
  const std::optional<WorkloadVerb> verb = verb_of(key);
  if (!verb || value.as_text() == nullptr) return std::nullopt;
  return Operation{id, run, *verb, *value.as_text(), workload::named_by(state.workload, *value.as_text())};
}

// The highest incarnation that the look of the do found; 0 where nothing was found.
std::uint64_t incarnation_before(const Operation& operation) {
  const std::optional<std::size_t> step = plan::present_step(*operation.of);
  const auto& former = operation.of->steps[*step].former;
  const auto at = former.find("incarnation");
  return at == former.end() || at->second.as_integer() == nullptr ? 0 : static_cast<std::uint64_t>(*at->second.as_integer());
}

bool is_up(const Workload& workload) {
  return workload.state == WorkloadState::starting || workload.state == WorkloadState::running;
}

bool is_as_asked(const Operation& operation, const Workload& workload) {
  switch (operation.verb) {
    case WorkloadVerb::start: return is_up(workload) && workload.pid != 0;
    case WorkloadVerb::stop: return workload::is_at_rest(workload) && workload.state != WorkloadState::lost;
    case WorkloadVerb::restart: case WorkloadVerb::close: break;
  }
  // A restart that takes something back knows no incarnation before: one that was started since it was asked for.
  const bool is_newer = operation.of->effect->direction == Direction::undo
                            ? workload.started_at >= operation.of->turn_at
                            : workload.incarnation > incarnation_before(operation);
  return is_up(workload) && workload.pid != 0 && is_newer;
}

bool is_as_asked(const State& state, const Operation& operation) {
  return !operation.workloads.empty() &&
         std::all_of(operation.workloads.begin(), operation.workloads.end(), [&](const std::string& name) {
           return is_as_asked(operation, *state.workload.workloads.find(name));
         });
}

// Why it will not come to what was asked; empty while it still may.
std::string failure_of(const State& state, const Operation& operation) {
  for (const std::string& name : operation.workloads) {
    const Workload& workload = *state.workload.workloads.find(name);
    const bool has_given_up = workload.state == WorkloadState::failed || workload.state == WorkloadState::blocked;
    if (has_given_up && operation.verb != WorkloadVerb::stop && workload.owed == workload::Owed::nothing)
      return std::string(word(workload.state)) + ": " + std::string(word(workload.reason));
  }
  return {};
}

void note(const Operation& operation, EffectOutcome outcome, std::string reason, std::vector<Command>& commands) {
  NoteOutcome note;
  note.attempt = operation.of->effect->attempt;
  note.effect_id = operation.of->effect->id;
  note.outcome = outcome;
  note.reason = std::move(reason);
  note.run = operation.run;
  commands.push_back(Command{std::move(note), engine_actor("workload"), std::nullopt, std::nullopt, {}});
}

// A restart is always carried out; start and stop only where something is still to do.
bool has_nothing_to_do(const State& state, const Operation& operation) {
  return operation.verb != WorkloadVerb::restart && is_as_asked(state, operation);
}

template <class Body>
void ask(const State& state, const Event& event, WorkloadVerb verb, std::vector<Command>& commands) {
  const auto operation = operation_of(state, std::get<EffectIntended>(event).run);
  if (!operation || operation->verb != verb || operation->workloads.empty() || has_nothing_to_do(state, *operation)) return;
  commands.push_back(Command{Body{"asked by " + operation->run, operation->name}, engine_actor(operation->run), std::nullopt,
                             std::nullopt, {}});
}

}  // namespace

void start_workload(const State& state, const Event& event, std::vector<Command>& commands) {
  ask<StartWorkload>(state, event, WorkloadVerb::start, commands);
}

void stop_workload(const State& state, const Event& event, std::vector<Command>& commands) {
  ask<StopWorkload>(state, event, WorkloadVerb::stop, commands);
}

void restart_workload(const State& state, const Event& event, std::vector<Command>& commands) {
  ask<RestartWorkload>(state, event, WorkloadVerb::restart, commands);
}

void note_workload_as_asked(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto operation = operation_of(state, std::get<EffectIntended>(event).run);
  if (operation && has_nothing_to_do(state, *operation)) note(*operation, EffectOutcome::succeeded, {}, commands);
}

void fail_refused_workload(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& refused = std::get<CommandRefused>(event);
  const bool is_ours =
      refused.command == StartWorkload::type || refused.command == StopWorkload::type || refused.command == RestartWorkload::type;
  const auto operation = is_ours ? operation_of(state, refused.caller) : std::nullopt;
  if (!operation) return;
  // On its way there by somebody else's word: its change of state is the outcome.
  const bool comes_anyway = refused.reason == Refusal::already_running || refused.reason == Refusal::not_running;
  if (comes_anyway && operation->verb != WorkloadVerb::restart) return;
  note(*operation, EffectOutcome::failed, std::string(word(refused.reason)), commands);
}

void note_workload_changed(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto* to_state = std::get_if<WorkloadStateChanged>(&event);
  // Its start has told already.
  if (to_state != nullptr && to_state->from == WorkloadState::starting && to_state->to == WorkloadState::running) return;
  const std::string& changed = to_state != nullptr ? to_state->workload : std::get<WorkloadStarted>(event).workload;
  for (const std::string& id : state.plan.open) {
    const auto operation = operation_of(state, id);
    if (!operation || std::find(operation->workloads.begin(), operation->workloads.end(), changed) ==
                          operation->workloads.end())
      continue;
    if (is_as_asked(state, *operation)) note(*operation, EffectOutcome::succeeded, {}, commands);
    else if (std::string why = failure_of(state, *operation); !why.empty())
      note(*operation, EffectOutcome::failed, std::move(why), commands);
  }
}

void note_workload_found(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto operation = operation_of(state, std::get<EffectOutcomeUnknown>(event).run);
  if (operation && is_as_asked(state, *operation)) note(*operation, EffectOutcome::succeeded, {}, commands);
}

void add_known(const State& state, Effect& effect) {
  const auto add = [&](const std::vector<PlanAction>& actions, PlanValues& known) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (actions[i].kind != ActionKind::workload || actions[i].args.empty()) continue;
      const std::string* name = actions[i].args.begin()->second.as_text();
      if (name == nullptr) continue;
      PlanValues values;
      // Of several the last: their states differ only while something is being done to them.
      for (const std::string& each : workload::named_by(state.workload, *name)) {
        const Workload& workload = *state.workload.workloads.find(each);
        values["incarnation"] = static_cast<std::int64_t>(workload.incarnation);
        values["state"] = std::string(word(workload.state));
      }
      known[std::to_string(i + 1)] = std::move(values);
    }
  };
  if (auto* look = std::get_if<LookAction>(&effect.what)) add(look->actions, look->known);
  if (auto* undo = std::get_if<ObserveUndo>(&effect.what)) add(undo->actions, undo->known);
}

}  // namespace watchbill::core
