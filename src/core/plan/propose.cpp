// How runs come to be: asked for by people and bindings, waiting for their targets, followed by a rollback.
#include <algorithm>

#include "core/plan/course.h"
#include "core/plan/identity.h"
#include "core/plan/plan.h"
#include "core/plan/reports.h"
#include "core/plan/resolution.h"

namespace watchbill::core::plan {
namespace {

constexpr std::string_view controller = "controller";

bool mutates(const Plan& plan) { return !plan.targets.empty(); }

const ConfiguredEnvironment* environment_of(const RunbookConfiguration& configuration, const std::string& runbook) {
  const auto at = configuration.runbooks.find(runbook);
  if (at == configuration.runbooks.end()) return nullptr;
  const auto environment = configuration.environments.find(at->second.environment);
  return environment == configuration.environments.end() ? nullptr : &environment->second;
}

// Who must say yes, by the mode.
void set_approvals(PlanProposed& event, const RunbookConfiguration& configuration, const std::string& runbook) {
  if (event.mode != BindingMode::approve) return;
  const ConfiguredEnvironment* environment = environment_of(configuration, runbook);
  event.approvals = environment == nullptr ? 1 : std::max(environment->approvals_required, 1U);
  if (environment != nullptr) event.approver_roles = environment->approval_roles;
}

bool shares_target(const Plan& a, const Plan& b) {
  return std::any_of(a.targets.begin(), a.targets.end(), [&](const std::string& target) {
    return std::binary_search(b.targets.begin(), b.targets.end(), target);
  });
}

// The runs in the queue that want one of the plan's targets and were there before `since`, ties by id.
std::size_t waiting_before(const State& state, const Plan& plan, const std::string& id, Instant since) {
  return static_cast<std::size_t>(std::count_if(state.open.begin(), state.open.end(), [&](const std::string& other) {
    const Run& run = *state.runs.find(other);
    return other != id && run.state == RunState::queued && std::pair(run.turn_at, other) < std::pair(since, id) &&
           shares_target(plan, plan_of(state, run));
  }));
}

bool is_free(const Draft& draft, Deciding& deciding) {
  return std::all_of(draft.plan().targets.begin(), draft.plan().targets.end(), [&](const std::string& target) {
    const std::string holder = deciding.target(target).run;
    return holder.empty() || holder == draft.id();
  });
}

struct Names {
  std::string run;
  std::string seed;
};

// The ids that were given, or new ones. Refuses malformed and used ones.
Result<Names, Refused> names_for(const Deciding& deciding, const std::string& run, const std::string& seed, std::size_t n) {
  Names names{run, seed};
  if (names.run.empty()) names.run = run_id(deciding.context.at, deciding.context.new_id("run", n));
  if (names.seed.empty()) names.seed = deciding.context.new_id("seed", n).substr(0, 16);
  if (!is_run_id(names.run))
    return Refused{Refusal::bad_argument, "run: expected run- and 26 letters, such as " + run_id({}, std::string(20, '0'))};
  if (!is_seed(names.seed)) return Refused{Refusal::bad_argument, "seed: expected 16 hex digits"};
  if (deciding.state.runs.contains(names.run)) return Refused{Refusal::bad_argument, "there is a run " + names.run + " already"};
  return names;
}

// Gives the mode that may be used, with the reason in `lowered_by` when it is less than `wanted`.
BindingMode lowered(BindingMode wanted, const Plan& plan, const ConfiguredEnvironment* environment, std::string& lowered_by) {
  if (wanted != BindingMode::auto_) return wanted;
  if (environment != nullptr && !environment->auto_actions) lowered_by = "auto_not_allowed";
  else if (has_irreversible_step(plan)) lowered_by = "irreversible_needs_approval";
  return lowered_by.empty() ? wanted : BindingMode::approve;
}

// The rollback that follows a mitigation that did not help, once; nothing after a cancel, and none of a rollback.
std::optional<Proposal> rollback_after(Draft& draft) {
  const Run& run = draft.run();
  const bool did_not_help = run.state == RunState::compensated || run.state == RunState::failed;
  const RunbookConfiguration* configuration = configuration_of(draft.deciding().state);
  if (!did_not_help || run.binding.empty() || !run.parent.empty() || run.cancel_requested || configuration == nullptr)
    return std::nullopt;
  const auto binding = configuration->bindings.find(run.binding);
  if (binding == configuration->bindings.end() || binding->second.rollback.empty()) return std::nullopt;
  const std::string alert = run.alerts.empty() ? std::string() : run.alerts.front();
  const auto refused = [&](const Refused& why) {
    draft.deciding().decided.events.push_back(BindingRefused{alert, run.binding, why.message, true, why.reason});
    return std::nullopt;
  };
  auto plan = resolve(*configuration, Occasion{binding->second.rollback, {}, run.labels, true}, draft.limits());
  if (!plan) return refused(plan.error());
  const auto names = names_for(draft.deciding(), {}, {}, draft.deciding().decided.events.size());
  if (!names) return refused(names.error());
  PlanProposed event;
  event.alert = alert;
  event.binding = run.binding;
  event.labels = run.labels;
  event.parent = draft.id();
  event.requester = std::string(controller);
  event.run = names->run;
  event.seed = names->seed;
  const ConfiguredEnvironment* environment = environment_of(*configuration, binding->second.rollback);
  event.mode = lowered(binding->second.mode, *plan, environment, event.lowered_by);
  set_approvals(event, *configuration, binding->second.rollback);
  if (auto full = no_room_for(draft.deciding(), event, *plan)) return refused(*full);
  return Proposal{std::move(event), std::move(*plan)};
}

}  // namespace

std::optional<Refused> no_room_for(const Deciding& deciding, const PlanProposed& event, const Plan& plan) {
  const Limits& limits = deciding.context.limits;
  std::size_t open = 0, of_bindings = 0, of_binding = 0, waiting_for_approval = 0;
  for (const std::string& id : deciding.state.open) {
    const Run& run = *deciding.state.runs.find(id);
    if (id == event.parent) continue;  // it ends in this record
    if (run.state == RunState::awaiting_approval) ++waiting_for_approval;
    else ++open;
    if (!run.binding.empty()) ++of_bindings;
    if (!run.binding.empty() && run.binding == event.binding) ++of_binding;
  }
  const auto full = [](std::size_t count, std::string_view what) {
    return Refused{Refusal::too_many_runs, std::to_string(count) + " runs " + std::string(what)};
  };
  if (event.mode == BindingMode::suggest) return std::nullopt;
  if (!event.binding.empty() && of_binding >= limits.open_runs_per_binding_max)
    return full(of_binding, "of this binding are open");
  if (!event.binding.empty() && of_bindings >= limits.open_runs_of_bindings_max) return full(of_bindings, "of bindings are open");
  if (event.approvals > 0 && waiting_for_approval >= limits.runs_waiting_for_approval_max)
    return full(waiting_for_approval, "wait for approval");
  if (event.approvals == 0 && open >= limits.open_runs_max) return full(open, "are open");
  if (deciding.facts.targets_known + plan.targets.size() > limits.targets_max)
    return Refused{Refusal::too_many_runs, std::to_string(deciding.facts.targets_known) + " targets have been used"};
  if (event.approvals == 0 && waiting_before(deciding.state, plan, event.run, Instant::never()) >= limits.waiting_per_target_max)
    return Refused{Refusal::queue_full, "as many runs wait for these targets as may"};
  return std::nullopt;
}

void propose(Deciding& deciding, Proposal proposal, const std::set<std::string>& handed_on) {
  std::string bytes = plan_bytes(proposal.plan);
  proposal.event.plan = sha256(bytes);
  deciding.decided.blobs.push_back(std::move(bytes));
  deciding.decided.events.push_back(proposal.event);
  if (proposal.event.mode == BindingMode::suggest) return;
  const Plan& plan = deciding.plans.emplace_back(std::move(proposal.plan));
  Draft draft(deciding, proposal.event.run, run_from(proposal.event, plan, deciding.context.at), plan);
  for (const std::string& target : handed_on) draft.grants(target);
  try_start(draft);
}

void try_start(Draft& draft) {
  Deciding& deciding = draft.deciding();
  if (draft.run().state != RunState::queued || !draft.covering_hold().empty() || !is_free(draft, deciding)) return;
  if (waiting_before(deciding.state, draft.plan(), draft.id(), draft.run().turn_at) > 0) return;
  for (const std::string& target : draft.plan().targets)
    if (deciding.target(target).run != draft.id()) draft.grants(target);
  draft.happens(PlanStarted{});
  if (mutates(draft.plan())) draft.happens(MutateGranted{});
  go_on(draft);
}

void give_back(Draft& draft) {
  Deciding& deciding = draft.deciding();
  if (draft.run().may_mutate) draft.happens(MutateWithdrawn{});
  std::optional<Proposal> rollback = rollback_after(draft);
  std::set<std::string> handed_on;
  for (const std::string& target : draft.plan().targets) {
    if (deciding.target(target).run != draft.id()) continue;
    const bool is_wanted = rollback && rollback->event.mode != BindingMode::suggest &&
                           std::binary_search(rollback->plan.targets.begin(), rollback->plan.targets.end(), target);
    if (is_wanted) handed_on.insert(target);
    else draft.releases(target);
  }
  if (rollback) propose(deciding, std::move(*rollback), handed_on);
}

namespace {

// Takes what was asked of the plan beforehand: a probe that did not pass would end the run where it stands.
void add_answers(const Plan& plan, const std::vector<DryRunAnswer>& answers, DryRunCompleted& out) {
  const auto answer_of = [&](const PlanStep& step, bool verify) {
    const auto at = std::find_if(answers.begin(), answers.end(),
                                 [&](const DryRunAnswer& each) { return each.step == step.path && each.verify == verify; });
    if (at != answers.end()) out.answers.push_back(*at);
    return at == answers.end() ? Observed::no_data : at->answer;
  };
  for (const PlanStep& step : plan.steps) {
    if (step.verb == StepVerb::read || step.verb == StepVerb::probe) {
      const Observed answer = answer_of(step, false);
      if (answer == Observed::no_data) out.unknown.push_back(step.path);
      if (answer == Observed::false_ && step.on_failure != OnFailure::continue_)
        out.refusals.push_back("probe_failed: step " + step.path + " " + step.name + ": " + out.answers.back().reason);
    }
    if (step.verify) static_cast<void>(answer_of(step, true));
  }
}

// What would keep this plan from starting now, and what only a run could answer.
DryRunCompleted rehearsed(const Deciding& deciding, const PlanProposed& event, const Plan& plan,
                          const std::vector<DryRunAnswer>& answers) {
  DryRunCompleted out;
  const auto refuses = [&](Refusal reason, const std::string& message) {
    out.refusals.push_back(std::string(word(reason)) + ": " + message);
  };
  if (const auto full = no_room_for(deciding, event, plan)) refuses(full->reason, full->message);
  if (deciding.facts.is_held("all")) refuses(Refusal::hold_active, "a hold covers everything");
  for (const std::string& target : plan.targets)
    if (deciding.facts.is_held(target)) refuses(Refusal::hold_active, "a hold covers " + target);
  if (event.approvals > 0) refuses(Refusal::irreversible_needs_approval, "a step cannot be taken back: somebody has to approve");
  add_answers(plan, answers, out);
  return out;
}

}  // namespace

Decision decide(const State& state, const Facts& facts, const StartRun& command, const Context& context) {
  if (!facts.actor_may_run) return Refused{Refusal::role_missing, "starting a run needs the role operator"};
  const RunbookConfiguration* configuration = configuration_of(state);
  if (configuration == nullptr)
    return Refused{Refusal::unknown_runbook, "no bill was taken yet: there is no runbook " + command.runbook};
  auto plan = resolve(*configuration, Occasion{command.runbook, command.parameters, {}, false}, context.limits);
  if (!plan) return plan.error();
  Deciding deciding{state, facts, context, {}, {}, {}};
  const auto names = names_for(deciding, command.run, command.seed, 0);
  if (!names) return names.error();
  PlanProposed event;
  event.reason = command.reason;
  event.requester = context.actor.name;
  event.run = names->run;
  event.seed = names->seed;
  event.mode = lowered(BindingMode::auto_, *plan, nullptr, event.lowered_by);
  set_approvals(event, *configuration, command.runbook);
  if (command.dry_run) {
    std::string bytes = plan_bytes(*plan);
    const Digest digest = sha256(bytes);
    // The bill may have changed since it was asked.
    const bool is_answered = command.answered_plan == digest;
    DryRunCompleted completed =
        rehearsed(deciding, event, *plan, is_answered ? command.answers : std::vector<DryRunAnswer>{});
    completed.plan = digest;
    completed.requester = context.actor.name;
    completed.runbook = command.runbook;
    return Decided{Events{std::move(completed)}, {std::move(bytes)}};
  }
  if (auto full = no_room_for(deciding, event, *plan)) return std::move(*full);
  propose(deciding, Proposal{std::move(event), std::move(*plan)});
  return std::move(deciding.decided);
}

Result<Prospect, Refused> prospect(const State& state, const Facts& facts, const ProspectOf& of, const Context& context) {
  const RunbookConfiguration* configuration = configuration_of(state);
  if (configuration == nullptr || !configuration->bindings.contains(of.binding))
    return Refused{Refusal::unknown_runbook, "there is no binding " + of.binding};
  const std::string& runbook = configuration->bindings.at(of.binding).mitigation;
  auto plan = resolve(*configuration, Occasion{runbook, {}, of.labels, false}, context.limits);
  if (!plan) return plan.error();
  Prospect out{sha256(plan_bytes(*plan)), std::move(*plan), {}, {}};
  for (const std::string& id : state.open)
    if (const Run& run = *state.runs.find(id); run.binding == of.binding && run.plan == out.digest) out.open_run = id;
  Deciding deciding{state, facts, context, {}, {}, {}};
  PlanProposed event;
  event.binding = of.binding;
  out.no_room = no_room_for(deciding, event, out.plan);
  return out;
}

Decision decide(const State& state, const Facts& facts, const ProposeMitigation& command, const Context& context) {
  if (!facts.actor_is_engine) return only_the_controller();
  const RunbookConfiguration* configuration = configuration_of(state);
  if (configuration == nullptr || !configuration->bindings.contains(command.binding))
    return Refused{Refusal::unknown_runbook, "there is no binding " + command.binding};
  const std::string& runbook = configuration->bindings.at(command.binding).mitigation;
  auto plan = resolve(*configuration, Occasion{runbook, {}, command.labels, false}, context.limits);
  if (!plan) return plan.error();
  Deciding deciding{state, facts, context, {}, {}, {}};
  const auto names = names_for(deciding, command.run, command.seed, 0);
  if (!names) return names.error();
  PlanProposed event;
  event.alert = command.alert;
  event.binding = command.binding;
  event.labels = command.labels;
  event.lowered_by = command.lowered_by;
  event.mode = command.mode;
  event.requester = std::string(controller);
  event.run = names->run;
  event.seed = names->seed;
  set_approvals(event, *configuration, runbook);
  propose(deciding, Proposal{std::move(event), std::move(*plan)});
  return std::move(deciding.decided);
}

Decision decide(const State& state, const Facts& facts, const RecheckPlan& command, const Context& context) {
  return on_report(state, facts, context, command.run, [&](Draft& draft) -> std::optional<Refused> {
    const Run& run = draft.run();
    const RunbookConfiguration* configuration = configuration_of(state);
    const bool waits = run.state == RunState::awaiting_approval || run.state == RunState::queued;
    if (!waits || configuration == nullptr) return std::nullopt;
    auto plan =
        resolve(*configuration, Occasion{draft.plan().name, draft.plan().parameters, {}, !run.parent.empty()}, draft.limits());
    if (plan && sha256(plan_bytes(*plan)) == run.plan) return std::nullopt;
    const auto names = names_for(draft.deciding(), {}, {}, 0);
    PlanProposed event;
    event.alert = run.alerts.empty() ? std::string() : run.alerts.front();
    event.binding = run.binding;
    event.labels = run.labels;
    event.parent = run.parent;
    event.requester = run.requester;
    event.mode = run.approvals > 0 ? BindingMode::approve : BindingMode::auto_;
    if (plan) event.mode = lowered(event.mode, *plan, nullptr, event.lowered_by);
    draft.happens(PlanCancelled{{}, "plan_changed", {}});
    give_back(draft);
    if (!plan || !names) return std::nullopt;  // nothing can be proposed anew: people see the cancelled run
    event.run = names->run;
    event.seed = names->seed;
    set_approvals(event, *configuration, plan->name);
    propose(draft.deciding(), Proposal{std::move(event), std::move(*plan)});
    return std::nullopt;
  });
}

}  // namespace watchbill::core::plan
