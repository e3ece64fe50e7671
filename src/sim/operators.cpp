#include "sim/operators.h"

#include <array>

#include "model/codec.h"
#include "sim/fleet.h"

namespace watchbill::sim {
namespace {

constexpr std::size_t runbook_count = 8;

std::string runbook_name(std::uint64_t n) { return "runbook-" + std::to_string(n); }

std::string workload_of(const std::string& name) { return name == "a" ? "db" : name == "b" ? "web" : "relay"; }

ConfiguredAction action_on(ActionKind kind, const std::string& name, bool is_undo) {
  ConfiguredAction action;
  action.kind = kind;
  switch (kind) {
    case ActionKind::workload: action.args[is_undo ? "stop" : "restart"] = workload_of(name); break;
    case ActionKind::file:
      action.args["path"] = "/srv/" + name;
      action.args[is_undo ? "state" : "content"] = is_undo ? "absent" : "x";
      break;
    case ActionKind::http:
      action.args["method"] = "POST";
      action.args["url"] = "http://" + name + (is_undo ? "/off" : "/on");
      break;
    case ActionKind::service:
      action.args["name"] = name;
      action.args["state"] = is_undo ? "stopped" : "restarted";
      break;
    case ActionKind::exec: case ActionKind::query: case ActionKind::symlink: case ActionKind::tcp:
      action.args["argv"] = PlanValue::List{PlanValue("true")};
      break;
  }
  return action;
}

ConfiguredStep notice() {
  ConfiguredStep step;
  step.name = "tell";
  step.verb = StepVerb::notify;
  step.notify_receiver = "ops";
  step.notify_text = "it begins";
  return step;
}

ConfiguredStep step_of(Random& random, std::size_t number) {
  ConfiguredStep step;
  step.name = "step-" + std::to_string(number);
  if (random.chance(20)) {
    step.verb = random.chance(50) ? StepVerb::read : StepVerb::approve;
    if (step.verb == StepVerb::read) step.actions.push_back(action_on(ActionKind::exec, "logs", false));
    return step;
  }
  constexpr std::array kinds{ActionKind::workload, ActionKind::file, ActionKind::http, ActionKind::exec};
  ActionKind kind = kinds[random.below(kinds.size())];
  if (kind == ActionKind::file && number % 2 == 0) kind = ActionKind::service;
  const std::string name(1, static_cast<char>('a' + random.below(3)));
  step.actions.push_back(action_on(kind, name, false));
  if (random.chance(10)) step.irreversible = "it cannot be taken back";
  else step.undo.push_back(action_on(kind, name, true));
  step.verify.emplace();
  step.verify->action.kind = ActionKind::query;
  step.verify->action.args["query"] = "up == 1";
  step.verify->for_ = Duration::seconds(random.between(0, 3));
  step.verify->within = Duration::seconds(12);
  if (random.chance(30)) step.on_failure = random.chance(50) ? OnFailure::hold : OnFailure::fix_forward;
  if (random.chance(30)) step.verify_undo = step.verify;
  return step;
}

}  // namespace

Configuration configuration_of_world(std::size_t more_workloads) {
  Random random(41);  // the same bill in every world: worlds differ by what happens in them
  Configuration configuration = fleet_configuration(more_workloads);
  RunbookConfiguration& out = configuration.runbooks;
  out.own_host = "here";
  for (std::uint64_t n = 0; n < runbook_count; ++n) {
    ConfiguredRunbook& runbook = out.runbooks[runbook_name(n)];
    if (n % 2 == 1) runbook.steps.push_back(notice());
    const std::uint64_t steps = 1 + random.below(4);
    for (std::uint64_t i = 1; i <= steps; ++i) runbook.steps.push_back(step_of(random, i));
  }
  for (const char* name : {"a", "b", "c"}) out.workload_groups[workload_of(name)] = "";
  constexpr std::array modes{BindingMode::auto_, BindingMode::approve, BindingMode::suggest};
  for (std::uint64_t n = 0; n < modes.size(); ++n) {
    ConfiguredBinding& binding = out.bindings["Alert" + std::to_string(n)];
    binding.mitigation = runbook_name(n);
    binding.rollback = runbook_name(n + 2);
    binding.mode = modes[n];
    binding.limits.cooldown = Duration::minutes(2);
    binding.limits.target_share_millionths = 1'000'000;
  }
  return configuration;
}

void Operators::controller_started() {
  ++start_count_;
  give_bill();
}

void Operators::give_bill() {
  Configuration configuration = configuration_of_world(more_workloads_);
  if (start_count_ % 2 == 0) change_routes(*configuration.routing);
  const std::string text = canonical_text(configuration);
  Command command{AcceptConfig{sha256(text)}, engine_actor(), std::nullopt, std::nullopt, {text}};
  links_.ask(std::move(command), [this](const core::Answer& answer) {
    if (!answer.refused) return;
    links_.agenda.plan(links_.now() + Duration::seconds(1), [this] { give_bill(); });
  });
}

void Operators::start() {
  links_.agenda.plan(links_.now() + Duration::milliseconds(random_.between(1'000, 12'000)), [this] {
    if (is_stopped_) return;
    links_.ask(next_command(), [](const core::Answer&) {});
    start();
  });
}

Command Operators::next_command() {
  Command command;
  command.actor = Actor{ActorKind::caller, random_.chance(50) ? "ana" : "bo", {"operator", "approver"}};
  const std::uint64_t dice = random_.below(100);
  const std::vector<OpenRun> open = links_.open_runs();
  if (dice < 35 || open.empty()) {
    StartRun start;
    start.dry_run = random_.chance(5);
    start.runbook = runbook_name(random_.below(runbook_count + 1));  // the last one does not exist
    command.body = start;
    return command;
  }
  if (dice < 50) {
    ConsiderBinding consider;
    consider.alert = "alert-" + std::to_string(next_alert_++);
    consider.binding = "Alert" + std::to_string(random_.below(4));  // the last one does not exist
    return Command{consider, engine_actor("alert"), std::nullopt, std::nullopt, {}};
  }
  return about(open[random_.below(open.size())]);
}

Command Operators::about(const OpenRun& run) {
  Command command;
  command.actor = Actor{ActorKind::caller, random_.chance(50) ? "ana" : "bo", {"operator", "approver"}};
  switch (random_.below(6)) {
    case 0: command.body = CancelRun{"no longer wanted", run.id}; break;
    case 1: command.body = ResumeRun{"repaired", run.id}; break;
    case 2: {
      const auto answer = static_cast<OutcomeAnswer>(random_.below(Words<OutcomeAnswer>::table.size()));
      command.body = ResolveRun{answer, "looked", run.id, run.step};
      break;
    }
    case 3: command.body = RejectApproval{"not now", run.id}; break;
    default: {
      GiveApproval approval;
      approval.accept_irreversible = random_.chance(80);
      approval.plan = run.plan;
      approval.run = run.id;
      command.body = approval;
    }
  }
  return command;
}

}  // namespace watchbill::sim
