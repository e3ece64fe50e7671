#include "core/plan/resolution.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "core/plan/rendering.h"
#include "model/late.h"

namespace watchbill::core::plan {
namespace {

constexpr Duration read_timeout = Duration::seconds(30);
constexpr Duration probe_timeout = Duration::seconds(10);
constexpr Duration do_timeout = Duration::seconds(60);
constexpr Duration approve_timeout = Duration::hours(24);
constexpr Duration verify_within = Duration::seconds(60);
constexpr Duration wait_within = Duration::minutes(10);

// The order in which refusals win.
constexpr std::array order{Refusal::unknown_runbook, Refusal::unknown_parameter, Refusal::parameter_missing,
                           Refusal::parameter_invalid, Refusal::template_failed, Refusal::unknown_capture,
                           Refusal::nesting_too_deep, Refusal::plan_cycle, Refusal::too_many_steps, Refusal::no_target,
                           Refusal::plan_too_large, Refusal::plan_too_slow, Refusal::not_yet_supported};

// A runbook while its steps are made part of the plan: the outermost, or one that a `run` step names.
struct Scope {
  const ConfiguredRunbook& runbook;
  const Scope* outer{nullptr};
  std::string name;
  std::string path;  // of the run step, with a dot: "2."
  std::map<std::string, std::string> parameters;
  std::string target;  // template source; inherited when the runbook has none
  std::size_t depth{1};
};

// HOST:PORT of a URL, with the scheme's port where it names none; empty when it is no URL of http.
std::string authority_of(std::string_view url) {
  const bool is_tls = url.starts_with("https://");
  if (!is_tls && !url.starts_with("http://")) return {};
  url.remove_prefix(is_tls ? 8 : 7);
  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t user = authority.rfind('@'); user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (authority.empty()) return {};
  const std::size_t bracket = authority.rfind(']');
  const bool has_port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  return std::string(authority) + (has_port ? "" : is_tls ? ":443" : ":80");
}

bool is_target(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size();
}

class Resolver {
 public:
  Resolver(const RunbookConfiguration& configuration, const Occasion& occasion, const Limits& limits)
      : configuration_(configuration), occasion_(occasion), limits_(limits) {}

  Result<Plan, Refused> run() {
    const auto runbook = configuration_.runbooks.find(occasion_.runbook);
    if (runbook == configuration_.runbooks.end())
      return Refused{Refusal::unknown_runbook, "there is no runbook " + occasion_.runbook};
    Scope scope{runbook->second, nullptr, occasion_.runbook, "", {}, runbook->second.target, 1};
    scope.parameters = parameters_of(scope.runbook, occasion_.parameters, &occasion_.labels, occasion_.runbook);
    plan_.name = occasion_.runbook;
    plan_.on_failure = on_failure_of(runbook->second.on_failure.value_or(OnFailure::rollback));
    plan_.parameters = scope.parameters;
    add_steps(scope);
    finish();
    if (refused_) return *refused_;
    return std::move(plan_);
  }

 private:
  void refuse(Refused refused) {
    const auto rank = [](Refusal reason) { return std::find(order.begin(), order.end(), reason) - order.begin(); };
    if (!refused_ || rank(refused.reason) < rank(refused_->reason)) refused_ = std::move(refused);
  }
  void refuse(Refusal reason, std::string message) { refuse(Refused{reason, std::move(message)}); }

  std::map<std::string, std::string> parameters_of(const ConfiguredRunbook& runbook,
                                                   const std::map<std::string, std::string>& given, const Labels* labels,
                                                   const std::string& name) {
    std::map<std::string, std::string> out;
    for (const auto& [parameter, value] : given)
      if (!runbook.parameters.contains(parameter))
        refuse(Refusal::unknown_parameter, "runbook " + name + " has no parameter " + parameter);
    for (const auto& [parameter, configured] : runbook.parameters) {
      const auto at = given.find(parameter);
      if (at != given.end()) out[parameter] = at->second;
      else if (labels != nullptr && labels->has(parameter)) out[parameter] = std::string(labels->get(parameter));
      else if (configured.default_) out[parameter] = *configured.default_;
      else if (configured.required) refuse(Refusal::parameter_missing, "runbook " + name + " needs the parameter " + parameter);
      else out[parameter] = "";
      const std::string& value = out[parameter];
      if (value.size() > limits_.parameter_bytes_max || find_invalid_utf8(value) != std::string_view::npos)
        refuse(Refusal::parameter_invalid, "parameter " + parameter + ": expected UTF-8 of at most " +
                                               std::to_string(limits_.parameter_bytes_max) + " bytes");
    }
    return out;
  }

  [[nodiscard]] OnFailure on_failure_of(OnFailure configured) const {
    return occasion_.is_rollback && configured == OnFailure::rollback ? OnFailure::hold : configured;
  }

  // Bounded: a scope within limits.plan_nesting_max others ends.
  void add_steps(const Scope& scope) {
    std::size_t number = 0;
    for (const ConfiguredStep& step : scope.runbook.steps) {
      const std::string path = scope.path + std::to_string(++number);
      if (step.verb == StepVerb::run) add_nested(scope, step, path);
      else add_parts(scope, step, path);
      if (steps_ > limits_.plan_steps_max || plan_.steps.size() > limits_.plan_parts_max)
        return refuse(Refusal::too_many_steps, "a plan has at most " + std::to_string(limits_.plan_steps_max) + " steps in " +
                                                   std::to_string(limits_.plan_parts_max) + " parts");
    }
  }

  void add_nested(const Scope& scope, const ConfiguredStep& step, const std::string& path) {
    const auto runbook = configuration_.runbooks.find(step.run);
    if (runbook == configuration_.runbooks.end())
      return refuse(Refusal::unknown_runbook, "step " + path + " runs " + step.run + ", which does not exist");
    for (const Scope* outer = &scope; outer != nullptr; outer = outer->outer)
      if (outer->name == step.run) return refuse(Refusal::plan_cycle, "step " + path + ": " + step.run + " runs itself");
    if (scope.depth >= limits_.plan_nesting_max)
      return refuse(Refusal::nesting_too_deep, "step " + path + " is deeper than " + std::to_string(limits_.plan_nesting_max));
    const PartData data = data_for(scope, configuration_.own_host, {});
    const Rendering rendering(data);
    std::map<std::string, std::string> given;
    for (const auto& [name, source] : step.run_parameters) {
      auto text = rendering.text(source, "step " + path + " parameter " + name);
      if (!text) refuse(text.error());
      else given[name] = std::move(*text);
    }
    Scope inner{runbook->second, &scope, step.run, path + ".", {}, runbook->second.target, scope.depth + 1};
    if (inner.target.empty()) inner.target = scope.target;
    inner.parameters = parameters_of(inner.runbook, given, nullptr, step.run);
    add_steps(inner);
  }

  [[nodiscard]] PartData data_for(const Scope& scope, const std::string& host, const std::vector<std::string>& hosts) const {
    return PartData{configuration_.folder, scope.runbook.environment, host, hosts, scope.parameters, captures_};
  }

  void add_parts(const Scope& scope, const ConfiguredStep& step, const std::string& path) {
    ++steps_;
    if (step.actions.size() > limits_.step_actions_max || step.undo.size() > limits_.step_actions_max)
      refuse(Refusal::too_many_steps, "step " + path + " has more than " + std::to_string(limits_.step_actions_max) + " actions");
    if (!step.limiter.empty()) refuse(Refusal::not_yet_supported, "step " + path + ": limiter");
    const std::vector<std::string>& wanted = step.hosts.empty() ? scope.runbook.hosts : step.hosts;
    if (wanted.empty()) {
      add_part(scope, step, path, "", {configuration_.own_host});
    } else {
      const std::vector<std::string> hosts = hosts_of(wanted, path);
      for (const std::string& host : hosts) add_part(scope, step, path + "@" + host, host, hosts);
    }
    if (step.verb == StepVerb::read) captures_.insert(step.name);
  }

  std::vector<std::string> hosts_of(const std::vector<std::string>& wanted, const std::string& path) {
    std::vector<std::string> out;
    const auto add = [&](const std::string& host) {
      if (std::find(out.begin(), out.end(), host) == out.end()) out.push_back(host);
    };
    for (const std::string& name : wanted) {
      const auto group = configuration_.inventory.find(name);
      if (group != configuration_.inventory.end()) {
        for (const std::string& host : group->second) add(host);
        continue;
      }
      const bool is_host = name == configuration_.own_host ||
                           std::any_of(configuration_.inventory.begin(), configuration_.inventory.end(), [&](const auto& each) {
                             return std::find(each.second.begin(), each.second.end(), name) != each.second.end();
                           });
      if (is_host) add(name);
      else refuse(Refusal::no_target, "step " + path + ": there is no host or group " + name);
    }
    if (out.empty()) refuse(Refusal::no_target, "step " + path + " names no host");
    return out;
  }

  void add_part(const Scope& scope, const ConfiguredStep& from, const std::string& path, const std::string& host,
                const std::vector<std::string>& hosts) {
    const std::string& real_host = host.empty() ? configuration_.own_host : host;
    const PartData data = data_for(scope, real_host, hosts);
    const Rendering rendering(data);
    PlanStep step;
    step.host = host;
    step.irreversible = from.irreversible;
    step.name = from.name;
    step.path = path;
    step.roles = from.roles;
    step.verb = from.verb;
    step.when = from.when;
    step.on_failure = on_failure_of(from.on_failure.value_or(default_on_failure(scope, from)));
    step.timeout = timeout_of(from);
    if (!from.actions.empty()) step.retry = from.retry.value_or(RetryPolicy{});
    const Making making{scope, rendering, real_host, "step " + path};
    for (const ConfiguredAction& action : from.actions) step.actions.push_back(action_from(making, action, from.verb));
    if (!from.undo.empty()) step.undo.emplace();
    for (const ConfiguredAction& action : from.undo) step.undo->actions.push_back(action_from(making, action, StepVerb::do_));
    if (from.undo.empty() && from.irreversible.empty()) step.undo = built_in_undo(step.actions);
    const Duration within = from.verb == StepVerb::wait_for ? wait_within : verify_within;
    if (from.verify) step.verify = check_from(making, *from.verify, within);
    if (from.verify_undo) step.verify_undo = check_from(making, *from.verify_undo, within);
    if (from.verb == StepVerb::notify)
      step.notify = PlanNotice{text(making, from.notify_receiver), text(making, from.notify_text)};
    plan_.longest = plan_.longest + (from.verb == StepVerb::approve ? Duration{} : step.timeout.value_or(Duration{}));
    if (step.verify) plan_.longest = plan_.longest + step.verify->within;
    const bool is_too_slow = from.verb != StepVerb::approve && step.timeout.value_or(Duration{}) > limits_.action_length_max;
    if (is_too_slow) refuse(Refusal::plan_too_slow, "step " + path + " takes longer than one action may");
    plan_.steps.push_back(std::move(step));
  }

  // What puts back what was there, in reverse order, when every action can do so by itself.
  static std::optional<PlanUndo> built_in_undo(const std::vector<PlanAction>& actions) {
    PlanUndo undo;
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
      const bool has_it = action->kind == ActionKind::file || action->kind == ActionKind::symlink;
      const auto path = action->args.find("path");
      if (!has_it || path == action->args.end()) return std::nullopt;
      PlanAction back = *action;
      back.args = {{"path", path->second}, {"state", "former"}};
      undo.actions.push_back(std::move(back));
    }
    return undo.actions.empty() ? std::nullopt : std::optional(std::move(undo));
  }

  // A probe that a later step asks about is a branch, not a precondition.
  static OnFailure default_on_failure(const Scope& scope, const ConfiguredStep& step) {
    if (step.verb == StepVerb::read || step.verb == StepVerb::notify) return OnFailure::continue_;
    const auto& steps = scope.runbook.steps;
    const bool is_asked_about = std::any_of(steps.begin(), steps.end(), [&](const ConfiguredStep& other) {
      return other.when && other.when->step == step.name;
    });
    if (step.verb == StepVerb::probe && is_asked_about) return OnFailure::continue_;
    return scope.runbook.on_failure.value_or(OnFailure::rollback);
  }

  static std::optional<Duration> timeout_of(const ConfiguredStep& step) {
    switch (step.verb) {
      case StepVerb::read: return step.timeout.value_or(read_timeout);
      case StepVerb::probe: return step.timeout.value_or(probe_timeout);
      case StepVerb::do_: return step.timeout.value_or(do_timeout);
      case StepVerb::approve: return step.timeout.value_or(approve_timeout);
      case StepVerb::wait_for: case StepVerb::notify: case StepVerb::run: break;
    }
    return std::nullopt;
  }

  struct Making {
    const Scope& scope;
    const Rendering& rendering;
    const std::string& host;
    std::string where;
  };

  std::string text(const Making& making, const std::string& source) {
    auto out = making.rendering.text(source, making.where);
    if (out) return std::move(*out);
    refuse(out.error());
    return {};
  }

  PlanValues args(const Making& making, const PlanValues& from) {
    PlanValues out;
    for (const auto& [name, source] : from) {
      auto value = making.rendering.value(source, making.where + " " + name);
      if (!value) refuse(value.error());
      else out.emplace(name, std::move(*value));
    }
    return out;
  }

  PlanAction action_from(const Making& making, const ConfiguredAction& from, StepVerb verb) {
    PlanAction action;
    action.args = args(making, from.args);
    action.idempotent = from.idempotent;
    action.kind = from.kind;
    const std::string_view method = text_of(action.args, "method");
    const bool only_asks = from.kind == ActionKind::query || from.kind == ActionKind::tcp ||
                           (from.kind == ActionKind::http && (method.empty() || method == "GET" || method == "HEAD"));
    action.capability = verb == StepVerb::read                 ? Capability::read
                        : verb == StepVerb::probe || only_asks ? Capability::probe
                                                               : Capability::mutate;
    action.policy = action.capability != Capability::mutate ? UnknownPolicy::resend
                    : from.ask                              ? UnknownPolicy::ask_person
                    : from.kind == ActionKind::http         ? UnknownPolicy::probe_then_decide
                                                            : UnknownPolicy::resend_same_key;
    if (action.capability == Capability::mutate) action.target = target_of(making, action);
    return action;
  }

  std::string target_of(const Making& making, const PlanAction& action) {
    std::string target;
    switch (action.kind) {
      case ActionKind::workload:
        for (const auto& [operation, name] : action.args)
          if (name.as_text()) target = "workload/" + *name.as_text();
          else refuse(Refusal::template_failed, making.where + ": which workload it is must be known before the run");
        break;
      case ActionKind::exec: case ActionKind::http:
        if (!making.scope.target.empty()) target = text(making, making.scope.target);
        else if (action.kind == ActionKind::exec) target = "host/" + making.host;
        else target = "url/" + authority_of(text_of(action.args, "url"));
        break;
      case ActionKind::service: case ActionKind::file: case ActionKind::symlink:
        target = "host/" + making.host;
        break;
      case ActionKind::query: case ActionKind::tcp: break;
    }
    if (!is_target(target)) refuse(Refusal::no_target, making.where + ": what it changes is not known: \"" + target + "\"");
    return target;
  }

  PlanCheck check_from(const Making& making, const ConfiguredCheck& from, Duration default_within) {
    PlanCheck check;
    check.args = args(making, from.action.args);
    for (const auto& [name, value] : check.args)
      if (is_late(value)) refuse(Refusal::template_failed, making.where + ": a condition must be known before the run");
    check.kind = from.action.kind;
    check.delay = from.delay;
    check.for_ = from.for_.value_or(Duration{});
    check.interval = from.interval.value_or(Duration::seconds(1));
    check.retries = from.retries;
    check.within = from.within.value_or(default_within);
    return check;
  }

  void finish() {
    std::set<std::string> targets;
    for (const PlanStep& step : plan_.steps) {
      for (const PlanAction& action : step.actions) targets.insert(action.target);
      if (!step.undo) continue;
      for (const PlanAction& action : step.undo->actions) targets.insert(action.target);
    }
    targets.erase("");
    plan_.targets.assign(targets.begin(), targets.end());
    if (plan_bytes(plan_).size() > limits_.plan_bytes_max)
      refuse(Refusal::plan_too_large, "the plan has more than " + std::to_string(limits_.plan_bytes_max) + " bytes");
    if (plan_.longest > limits_.plan_length_max)
      refuse(Refusal::plan_too_slow, "the plan may take " + format_duration(plan_.longest));
  }

  const RunbookConfiguration& configuration_;
  const Occasion& occasion_;
  const Limits& limits_;
  Plan plan_;
  std::size_t steps_{0};
  std::set<std::string> captures_;
  std::optional<Refused> refused_;
};

}  // namespace

Result<Plan, Refused> resolve(const RunbookConfiguration& configuration, const Occasion& occasion, const Limits& limits) {
  return Resolver(configuration, occasion, limits).run();
}

bool has_irreversible_step(const Plan& plan) noexcept {
  return std::any_of(plan.steps.begin(), plan.steps.end(), [](const PlanStep& step) { return !step.irreversible.empty(); });
}

}  // namespace watchbill::core::plan
