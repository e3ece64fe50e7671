#include "core/react_runs.h"

#include <algorithm>

#include "core/plan/state.h"
#include "core/route/membership.h"

namespace watchbill::core {
namespace {

Command command_of(CommandBody body, std::string_view actor = "engine") {
  return Command{std::move(body), engine_actor(actor), std::nullopt, std::nullopt, {}};
}

void hold_binding(const State& state, const std::string& binding, const std::string& reason, std::vector<Command>& commands) {
  SetHold hold;
  hold.scope = "binding/" + binding;
  hold.reason = reason;
  if (!state.control.holds.contains(hold.scope)) commands.push_back(command_of(hold, "limits"));
}

// The runs in the queue, in the order in which they were asked for.
std::vector<std::string> queue(const State& state) {
  std::vector<std::string> waiting;
  for (const std::string& id : state.plan.open)
    if (state.plan.runs.find(id)->state == plan::RunState::queued) waiting.push_back(id);
  std::stable_sort(waiting.begin(), waiting.end(), [&](const std::string& a, const std::string& b) {
    return state.plan.runs.find(a)->turn_at < state.plan.runs.find(b)->turn_at;
  });
  return waiting;
}

void start_queue(const State& state, std::vector<Command>& commands) {
  for (std::string& id : queue(state)) commands.push_back(command_of(GoOn{std::move(id)}));
}

// What deliveries call the integrations of a receiver; its own name where it has none.
std::vector<std::string> channels_of(const State& state, const std::string& receiver) {
  std::vector<std::string> names = route::channels_of(state.route, receiver);
  return names.empty() ? std::vector<std::string>{receiver} : names;
}

bool is_covered_by(const State& state, const std::string& id, const std::string& scope) {
  const plan::Run& run = *state.plan.runs.find(id);
  if (scope == "all" || scope == "run/" + id || scope == "binding/" + run.binding) return true;
  const std::vector<std::string>& targets = plan::plan_of(state.plan, run).targets;
  return std::find(targets.begin(), targets.end(), scope) != targets.end();
}

}  // namespace

void consider_binding(const State&, const Event& event, std::vector<Command>& commands) {
  const auto& fired = std::get<AlertFired>(event);
  ConsiderBinding consider;
  consider.alert = fired.alert.text;
  consider.anonymous = fired.anonymous;
  consider.binding = std::string(fired.labels.get("alertname"));
  consider.labels = fired.labels;
  commands.push_back(command_of(std::move(consider)));
}

void note_not_needed(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& resolved = std::get<AlertResolved>(event);
  if (resolved.was != AlertPhase::firing || !is_good_news(resolved.cause)) return;
  for (const std::string& id : state.plan.open) {
    const std::vector<std::string>& alerts = state.plan.runs.find(id)->alerts;
    if (std::find(alerts.begin(), alerts.end(), resolved.alert.text) == alerts.end()) continue;
    const bool is_needed = std::any_of(alerts.begin(), alerts.end(), [&](const std::string& other) {
      const alert::Alert* known = state.alert.alerts.find(other);
      return other != resolved.alert.text && known != nullptr && known->phase == AlertPhase::firing;
    });
    if (!is_needed) commands.push_back(command_of(NoteNotNeeded{id}));
  }
}

void hold_used_up_binding(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& refused = std::get<BindingRefused>(event);
  const bool is_limit = refused.reason == Refusal::cooldown_active || refused.reason == Refusal::runs_limit_reached ||
                        refused.reason == Refusal::target_share_reached;
  if (is_limit) hold_binding(state, refused.binding, std::string(word(refused.reason)) + ": " + refused.message, commands);
}

void hold_failed_binding(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& held = std::get<PlanHeld>(event);
  const plan::Run& run = *state.plan.runs.find(held.run);
  const bool is_used_up = held.reason == HeldFor::undo_failed || (!run.parent.empty() && held.reason == HeldFor::step_failed);
  if (is_used_up && !run.binding.empty())
    hold_binding(state, run.binding, held.run + " is held: " + std::string(word(held.reason)), commands);
}

void propose_mitigation(const State&, const Event& event, std::vector<Command>& commands) {
  const auto& triggered = std::get<BindingTriggered>(event);
  if (!triggered.joined.empty()) return;
  ProposeMitigation propose;
  propose.alert = triggered.alert;
  propose.binding = triggered.binding;
  propose.labels = triggered.labels;
  propose.lowered_by = triggered.lowered_by;
  propose.mode = triggered.mode;
  propose.run = triggered.proposed;
  propose.seed = triggered.seed;
  commands.push_back(command_of(std::move(propose)));
}

void recheck_waiting_runs(const State& state, const Event&, std::vector<Command>& commands) {
  for (const std::string& id : state.plan.open) {
    const plan::RunState now = state.plan.runs.find(id)->state;
    if (now == plan::RunState::awaiting_approval || now == plan::RunState::queued)
      commands.push_back(command_of(RecheckPlan{id}));
  }
}

void take_over_runs(const State& state, const Event&, std::vector<Command>& commands) {
  for (const std::string& id : state.plan.open) commands.push_back(command_of(TakeOverRun{id}));
}

void note_hold(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& set = std::get<HoldSet>(event);
  for (const std::string& id : state.plan.open)
    if (state.plan.runs.find(id)->state == plan::RunState::running && is_covered_by(state, id, set.scope))
      commands.push_back(command_of(NoteHold{id, set.scope}));
}

void go_on_after_release(const State& state, const Event&, std::vector<Command>& commands) {
  for (const std::string& id : state.plan.open)
    if (state.plan.runs.find(id)->state == plan::RunState::compensating) commands.push_back(command_of(GoOn{id}));
  start_queue(state, commands);
}

void start_waiting_runs(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& released = std::get<LockReleased>(event);
  for (std::string& id : queue(state))
    if (is_covered_by(state, id, released.target)) commands.push_back(command_of(GoOn{std::move(id)}));
}

void start_runs_behind(const State& state, const Event&, std::vector<Command>& commands) { start_queue(state, commands); }

// One delivery for each webhook of the root route's receiver. Another receiver is unknown to the outbox: its delivery fails by
// name, and people are told of that as of every message that did not arrive.
void send_notice(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& intended = std::get<StepIntended>(event);
  const plan::Run& run = *state.plan.runs.find(intended.run);
  const PlanStep* step = find_step(plan::plan_of(state.plan, run), intended.step);
  if (!step->notify) return;
  std::string body;
  JsonWriter(body)
      .begin_object()
      .key("run")
      .string(intended.run)
      .key("step")
      .string(step->name)
      .key("text")
      .string(step->notify->text)
      .end_object();
  RequestNotification request;
  request.body = sha256(body);
  request.kind = DeliveryKind::step;
  request.subject = "run " + intended.run;
  for (std::string& receiver : channels_of(state, step->notify->receiver)) {
    request.receiver = std::move(receiver);
    commands.push_back(command_of(request, "plan"));
    commands.back().blobs.push_back(body);
  }
}

}  // namespace watchbill::core
