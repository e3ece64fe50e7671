#include "core/react_pages.h"

namespace watchbill::core {
namespace {

// What a page is about: its name, and the label that names the subject.
struct Page {
  const char* name;
  const char* label;
};
constexpr Page workload_failed{"WorkloadFailed", "workload"};
constexpr Page run_held{"RunHeld", "run"};
constexpr Page binding_held{"BindingHeld", "alert"};
constexpr Page undelivered{"NotificationUndelivered", "channel"};

constexpr std::string_view limits_actor = "limits";
constexpr std::string_view binding_scope = "binding/";

bool is_bound(const State& state, const std::string& alert) {
  const RunbookConfiguration* configuration = plan::configuration_of(state.plan);
  if (configuration == nullptr) return false;
  const auto binding = configuration->bindings.find(alert);
  return binding != configuration->bindings.end() && binding->second.unbound.empty();
}

using Annotations = std::map<std::string, std::string>;

Command raise(const State& state, const Page& page, std::string subject, Annotations annotations) {
  return Command{RaiseAlert{std::move(annotations), is_bound(state, page.name), page.name, std::move(subject), page.label},
                 engine_actor("page"), std::nullopt, std::nullopt, {}};
}

Command clear(const Page& page, std::string subject) {
  return Command{ClearAlert{page.name, std::move(subject), page.label}, engine_actor("page"), std::nullopt, std::nullopt, {}};
}

// What a person has to do about a run that is held for this reason (domain/plans.md §2.1).
std::string next_step(HeldFor reason, const std::string& run) {
  const std::string resume = "`watchbill run resume " + run + " --reason WHY`";
  const std::string resolve = "`watchbill run resolve " + run + " --answer done|not_done|leave`";
  switch (reason) {
    case HeldFor::hold: return "release the hold, then " + resume;
    case HeldFor::step_failed: return "repair what failed, then " + resume + ", or `watchbill cancel " + run + "`";
    case HeldFor::outcome_unknown: return "look whether it was done, then " + resolve;
    case HeldFor::undo_failed: return "take it back by hand or repair what failed, then " + resume + " or " + resolve;
  }
  return {};
}

std::string sentence(HeldFor reason) {
  switch (reason) {
    case HeldFor::hold: return "a hold covers it";
    case HeldFor::step_failed: return "a step failed";
    case HeldFor::outcome_unknown: return "nobody knows whether its last action was done";
    case HeldFor::undo_failed: return "a step could not be taken back";
  }
  return {};
}

}  // namespace

void page_failed_workload(const State& state, const Event& event, std::vector<Command>& commands) {
  commands.push_back(raise(state, workload_failed, std::get<RestartBudgetExhausted>(event).workload,
                           {{"summary", "it ended too often and is not restarted any more"}}));
}

void clear_failed_workload(const State&, const Event& event, std::vector<Command>& commands) {
  const auto& changed = std::get<WorkloadStateChanged>(event);
  if (changed.from == WorkloadState::failed) commands.push_back(clear(workload_failed, changed.workload));
}

void page_held_run(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& held = std::get<PlanHeld>(event);
  const plan::Run& run = *state.plan.runs.find(held.run);
  const Plan& plan = plan::plan_of(state.plan, run);
  Annotations annotations;
  annotations["summary"] = held.run + " of " + plan.name + " waits for a person: " + sentence(held.reason);
  annotations["runbook"] = plan.name;
  annotations["held_for"] = std::string(word(held.reason));
  annotations["next"] = next_step(held.reason, held.run);
  if (!run.binding.empty()) annotations["binding"] = run.binding;
  if (const PlanStep* step = held.step.empty() ? nullptr : find_step(plan, held.step))
    annotations["step"] = step->path + " " + step->name;
  commands.push_back(raise(state, run_held, held.run, std::move(annotations)));
}

void clear_held_run(const State& state, const Event& event, std::vector<Command>& commands) {
  const std::string id = subject_of(event);
  const plan::Run* run = state.plan.runs.find(id);
  if (run == nullptr || run->state != plan::RunState::held) commands.push_back(clear(run_held, id));
}

void page_held_binding(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& set = std::get<HoldSet>(event);
  if (set.by != limits_actor || !set.scope.starts_with(binding_scope)) return;
  const std::string alert = set.scope.substr(binding_scope.size());
  commands.push_back(raise(state, binding_held, alert,
                           {{"summary", "no mitigation of " + alert + " starts any more: " + set.reason},
                            {"next", "`watchbill hold release --scope " + set.scope + "` when it may"}}));
}

void clear_held_binding(const State&, const Event& event, std::vector<Command>& commands) {
  const std::string& scope = std::get<HoldReleased>(event).scope;
  if (scope.starts_with(binding_scope)) commands.push_back(clear(binding_held, scope.substr(binding_scope.size())));
}

void page_undelivered(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& failed = std::get<NotificationFailed>(event);
  const route::Delivery& delivery = *state.route.deliveries.find(failed.delivery.text);
  if (!failed.round_over && delivery.attempts < route::attempts_before_page) return;
  commands.push_back(raise(state, undelivered, delivery.receiver,
                           {{"summary", "messages to " + delivery.receiver + " do not arrive: " + failed.reason},
                            {"about", delivery.subject},
                            {"delivery", failed.delivery.text}}));
}

void clear_undelivered(const State& state, const Event& event, std::vector<Command>& commands) {
  const auto& sent = std::get<NotificationSent>(event);
  const std::string& channel = state.route.deliveries.find(sent.delivery.text)->receiver;
  if (alert::firing_built_in(state.alert, undelivered.name, undelivered.label, channel) == nullptr) return;
  if (!route::is_failing(state.route, state.schedule, channel)) commands.push_back(clear(undelivered, channel));
}

void clear_gone_channels(const State& state, const Event&, std::vector<Command>& commands) {
  state.alert.alerts.each([&](const std::string&, const alert::Alert& alert) {
    if (alert.source != AlertSource::built_in || alert.phase != AlertPhase::firing) return true;
    if (alert.labels.get("alertname") != undelivered.name) return true;
    const std::string channel(alert.labels.get(undelivered.label));
    if (!route::is_failing(state.route, state.schedule, channel)) commands.push_back(clear(undelivered, channel));
    return true;
  });
}

}  // namespace watchbill::core
