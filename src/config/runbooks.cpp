#include "config/runbooks.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include <fmt/core.h>

#include "config/actions.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::size_t name_bytes_max = 120;
// Names that sub-verbs of `run`, `deploy` and `drill` have.
constexpr std::array<std::string_view, 12> reserved_names{"operations", "performance", "reflection",  "acceptance",
                                                          "unlock",     "resume",      "fix-forward", "resolve",
                                                          "release",    "show",        "list",        "logs"};

// --- steps

struct StepKeys {
  ConfiguredStep step;
  std::vector<std::string_view> verbs;
};
using K = StepKeys;

void begin(K& out, StepVerb verb, std::string_view name) {
  out.verbs.push_back(name);
  out.step.verb = verb;
}
void read_read(const Cursor& at, K& out) {
  begin(out, StepVerb::read, "read");
  read_observation(at, out.step.actions);
}
void read_probe_step(const Cursor& at, K& out) {
  begin(out, StepVerb::probe, "probe");
  read_observation(at, out.step.actions);
}
void read_do(const Cursor& at, K& out) {
  begin(out, StepVerb::do_, "do");
  read_changes(at, out.step.actions);
}
void read_wait_for(const Cursor& at, K& out) {
  begin(out, StepVerb::wait_for, "wait_for");
  read_wait(at, out.step.verify);
}
void read_run(const Cursor& at, K& out) {
  begin(out, StepVerb::run, "run");
  read_filled(at, out.step.run);
}

void read_role_names(const Cursor& at, std::vector<std::string>& out) { read_some(at, out); }
constexpr auto approve = table<ConfiguredStep>(
    "steps[].approve",
    required(optional<&ConfiguredStep::roles, read_role_names>("roles", "list of text", "", "one of these, besides approver")));
void read_approve(const Cursor& at, K& out) {
  begin(out, StepVerb::approve, "approve");
  read_object(at, approve, out.step);
}

constexpr auto notify =
    table<ConfiguredStep>("steps[].notify",
                          required(optional<&ConfiguredStep::notify_receiver, read_filled>(
                              "receiver", "text", "", "a receiver of alertmanager_config: its webhooks are told")),
                          required(optional<&ConfiguredStep::notify_text, read_filled>("text", "text", "", "what is said")));
void read_notify(const Cursor& at, K& out) {
  begin(out, StepVerb::notify, "notify");
  read_object(at, notify, out.step);
}

template <auto member, auto reader>
void in_step(const Cursor& at, K& out) {
  reader(at, out.step.*member);
}

constexpr auto when = table<StepCondition>(
    "steps[].when", required(optional<&StepCondition::step, read_filled>("step", "text", "", "an earlier step")),
    required(optional<&StepCondition::verdict>("verdict", "pass, fail, inconclusive or no_data", "", "what it came to")));
void read_when(const Cursor& at, std::optional<StepCondition>& out) { read_object(at, when, out.emplace()); }

void read_count(const Cursor& at, std::uint32_t& out) { read_between<1, 100>(at, out); }
constexpr auto step_backoff = table<RetryPolicy>(
    "steps[].retry.backoff", optional<&RetryPolicy::initial>("initial", "duration", "1s", "before the second attempt"),
    optional<&RetryPolicy::factor, read_count>("factor", "number", "2", "of each further delay; 1 to 100"),
    optional<&RetryPolicy::max>("max", "duration", "30s", "of a delay"),
    optional<&RetryPolicy::jitter>("jitter", "duration", "1s", "added, a part of it"));
void read_step_backoff(const Cursor& at, RetryPolicy& out) {
  if (read_object(at, step_backoff, out) && out.max < out.initial)
    at.complain("out_of_range",
                fmt::format("max {} is less than initial {}", format_duration(out.max), format_duration(out.initial)));
}
constexpr auto retry = table<RetryPolicy>(
    "steps[].retry",
    optional<&RetryPolicy::attempts, read_count>("attempts", "number", "3", "of failures that can be tried again; 1 to 100"),
    whole<RetryPolicy, read_step_backoff>("backoff", "settings", "", "delays between attempts"));
void read_retry(const Cursor& at, std::optional<RetryPolicy>& out) { read_object(at, retry, out.emplace()); }

void read_on_failure(const Cursor& at, std::optional<OnFailure>& out) { read(at, out.emplace()); }
void read_timeout(const Cursor& at, std::optional<Duration>& out) { read_positive(at, out.emplace()); }

void read_texts(const Cursor& at, std::map<std::string, std::string>& out) { read(at, out); }

using S = ConfiguredStep;
constexpr auto step = table<K>(
    "runbooks.NAME.steps[]", required(whole<K, in_step<&S::name, read_filled>>("name", "text", "", "unique within the runbook")),
    whole<K, read_read>("read", "action", "", "one observation, kept as evidence and .Captured"),
    whole<K, read_probe_step>("probe", "action", "", "one harmless question; a precondition"),
    whole<K, read_do>("do", "action or list", "", "a change; with verify, and undo or irreversible"),
    whole<K, read_wait_for>("wait_for", "condition", "", "until it holds"),
    whole<K, read_approve>("approve", "settings", "", "a further yes"),
    whole<K, read_notify>("notify", "settings", "", "one message"),
    whole<K, read_run>("run", "name of a runbook", "", "its steps stand here"),
    whole<K, in_step<&S::run_parameters, read_texts>>("parameters", "map of text", "", "of run"),
    whole<K, in_step<&S::verify, read_check>>("verify", "question", "", "of do: when the change has worked"),
    whole<K, in_step<&S::undo, read_changes>>("undo", "action or list", "", "of do: how it is taken back"),
    whole<K, in_step<&S::irreversible, read_filled>>("irreversible", "text", "", "of do: why it cannot be taken back"),
    whole<K, in_step<&S::verify_undo, read_check>>("verify_undo", "question", "", "when the undo has worked"),
    whole<K, in_step<&S::when, read_when>>("when", "settings", "", "only when an earlier step has this verdict"),
    whole<K, in_step<&S::timeout, read_timeout>>("timeout", "duration", "", "read 30s, probe 10s, do 60s, approve 24h"),
    whole<K, in_step<&S::retry, read_retry>>("retry", "settings", "", "of failures that can be tried again"),
    whole<K, in_step<&S::on_failure, read_on_failure>>("on_failure", "rollback, fix_forward, hold or continue", "",
                                                       "read and notify continue, all others rollback"),
    later<K>("limiter", "it needs limiters"), later<K>("hosts", "it needs inventories"),
    later<K>("serial", "it belongs to rollouts"), later<K>("canary", "it belongs to rollouts"));

bool may_undo_itself(const ConfiguredStep& each) {
  return std::all_of(each.actions.begin(), each.actions.end(),
                     [](const ConfiguredAction& action) { return has_built_in_undo(action.kind); });
}

void check_change(const Cursor& at, const ConfiguredStep& each) {
  if (!at.has("verify")) at.complain("verify_missing", "a do step needs verify: the exit status of an action is no verification");
  if (at.has("undo") && at.has("irreversible")) at.complain("out_of_range", "a step has either undo or irreversible");
  if (!at.has("undo") && !at.has("irreversible") && !may_undo_itself(each))
    at.complain("step_without_compensation", "a do step needs undo, or irreversible with a reason");
  if (each.on_failure == OnFailure::continue_)
    at.complain("out_of_range", "on_failure: continue is for steps that change nothing");
  const bool is_blind = std::any_of(each.undo.begin(), each.undo.end(), [](const ConfiguredAction& action) {
    return action.kind == ActionKind::exec || action.kind == ActionKind::http;
  });
  if (is_blind && !at.has("verify_undo"))
    at.warn("undo_unverified", "the undo counts by its exit status alone; verify_undo would look");
}

void read_step(const Cursor& at, ConfiguredStep& out) {
  K keys;
  if (!read_object(at, step, keys)) return;
  if (keys.verbs.size() != 1)
    return at.complain("missing_key", "expected exactly one of the keys read, probe, do, wait_for, approve, notify and run");
  out = std::move(keys.step);
  if (out.verb == StepVerb::do_) return check_change(at, out);
  for (const std::string_view name : {"verify", "undo", "irreversible", "verify_undo"})
    if (at.has(name)) at.complain("out_of_range", fmt::format("{} belongs to do", name));
  if (!out.run_parameters.empty() && out.verb != StepVerb::run) at.complain("out_of_range", "parameters belong to run");
}

void check_order(const Cursor& at, const std::vector<ConfiguredStep>& steps) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Cursor element = at.element(i);
    if (steps[i].when && !steps[i].when->step.empty() && names.count(steps[i].when->step) == 0)
      element.complain("unknown_name", fmt::format("when names {}, which is no earlier step", steps[i].when->step));
    if (!steps[i].name.empty() && !names.insert(steps[i].name).second)
      element.complain("duplicate_name", fmt::format("the step {} is written twice in this runbook", steps[i].name));
  }
}

void read_steps(const Cursor& at, std::vector<ConfiguredStep>& out) {
  read_each<ConfiguredStep, read_step>(at, out);
  if (at.node().kind != NodeKind::sequence) return;
  if (out.empty()) return at.complain("out_of_range", "a runbook has at least one step");
  check_order(at, out);
}

// --- runbooks

void read_default(const Cursor& at, std::optional<std::string>& out) { read(at, out.emplace()); }
constexpr auto parameter = table<ConfiguredParameter>(
    "runbooks.NAME.parameters.NAME", optional<&ConfiguredParameter::required>("required", "truth", "false", "it must be given"),
    optional<&ConfiguredParameter::default_, read_default>("default", "text", "", "when it is not given"));

void read_parameter(const Cursor& at, ConfiguredParameter& out) {
  if (is_null(at.node())) return;
  if (read_object(at, parameter, out) && out.required && out.default_)
    at.complain("out_of_range", "a parameter with a default is never missing: leave out required");
}

void read_parameters(const Cursor& at, std::map<std::string, ConfiguredParameter>& out) {
  read_named<ConfiguredParameter, read_parameter>(at, out);
  if (at.node().kind != NodeKind::mapping) return;
  for (std::size_t i = 0; i < at.node().children.size(); i += 2)
    if (const NodeIndex key = at.node().children[i]; !is_label_name(at.at(key).text))
      at.complain_at_key(key, "out_of_range", "a parameter is named with letters, digits and _, no digit first");
}

void read_date(const Cursor& at, std::string& out) {
  read_filled(at, out);
  if (!parse_rfc3339(out + "T00:00:00Z")) at.expected("a date such as 2026-03-01");
}

using R = ConfiguredRunbook;
constexpr auto runbook =
    table<R>("runbooks.NAME", required(optional<&R::summary, read_filled>("summary", "text", "", "what it does, in one line")),
             optional<&R::owner, read_filled>("owner", "text", "", "who answers for it"),
             optional<&R::reviewed, read_date>("reviewed", "date", "", "older than 180 days: stale_review"),
             optional<&R::environment, read_filled>("environment", "name of an environment", "", "whose rules hold"),
             optional<&R::parameters, read_parameters>("parameters", "map of parameters", "",
                                                       "what the caller gives; from a binding the alert's labels"),
             optional<&R::target>("target", "KIND/NAME", "", "what its exec and http really change"),
             optional<&R::on_failure, read_on_failure>("on_failure", "rollback, fix_forward or hold", "rollback",
                                                       "of its steps that say nothing else"),
             required(optional<&R::steps, read_steps>("steps", "list of steps", "", "in this order")),
             later<R>("hosts", "it needs inventories"), later<R>("validate", "it belongs to rollouts"),
             later<R>("escalate", "it needs oncall"));

void read_runbook(const Cursor& at, R& out) {
  if (!read_object(at, runbook, out)) return;
  if (out.on_failure == OnFailure::continue_) at.complain("out_of_range", "on_failure: continue is for single steps");
  check_runbook_texts(at, out);
}

// --- bindings and environments

void read_runs(const Cursor& at, BindingLimits& out) {
  const std::optional<Rate> rate = read_rate(at, {1, 1000});
  if (!rate) return;
  out.runs = static_cast<std::uint32_t>(rate->count);
  out.window = rate->window;
}
void read_share(const Cursor& at, std::uint32_t& out) {
  if (const std::optional<std::int64_t> value = read_millionths(at, {0, 1'000'000}, true))
    out = static_cast<std::uint32_t>(*value);
}
constexpr auto binding_limits = table<BindingLimits>(
    "bindings.ALERT.limits", optional<&BindingLimits::cooldown>("cooldown", "duration", "10m", "after the end of a run"),
    whole<BindingLimits, read_runs>("runs", "N per DURATION", "3 per 1h", "that may start"),
    optional<&BindingLimits::target_share_millionths, read_share>("targets", "share", "25%", "of the targets, at one time"));
void read_binding_limits(const Cursor& at, BindingLimits& out) { read_object(at, binding_limits, out); }

using B = ConfiguredBinding;
constexpr auto binding = table<B>(
    "bindings.ALERT", optional<&B::mitigation, read_filled>("mitigation", "name of a runbook", "", "started first"),
    optional<&B::rollback, read_filled>("rollback", "name of a runbook", "", "when the mitigation does not help"),
    optional<&B::mode>("mode", "suggest, approve or auto", "suggest", "how much happens by itself"),
    optional<&B::limits, read_binding_limits>("limits", "settings", "", "beyond them it is held and a person is paged"),
    optional<&B::unbound, read_filled>("unbound", "text", "", "instead of all others: why nothing follows"),
    later<B>("limiter", "it needs limiters"));

void read_binding(const Cursor& at, B& out) {
  if (!read_object(at, binding, out)) return;
  if (at.has("unbound")) {
    if (at.node().children.size() > 2) at.complain("out_of_range", "unbound stands alone");
    return;
  }
  if (!at.has("mitigation")) at.complain("mitigation_missing", "expected a mitigation, or unbound with a reason");
  if (!at.has("rollback")) at.complain("rollback_missing", "expected a rollback, or unbound with a reason");
  if (!out.mitigation.empty() && out.mitigation == out.rollback)
    at.complain("rollback_equals_mitigation", fmt::format("{} is both: the way back is another plan", out.mitigation));
}

using E = ConfiguredEnvironment;
void read_approval_count(const Cursor& at, std::uint32_t& out) { read_between<1, 100>(at, out); }
constexpr auto approvals =
    table<E>("environments.NAME.approvals",
             optional<&E::approvals_required, read_approval_count>("required", "number", "1", "people who say yes"),
             optional<&E::approval_roles, read_role_names>("roles", "list of text", "", "one of these, besides approver"),
             later<E>("exclude", "it belongs to rollouts"));
void read_approvals(const Cursor& at, E& out) { read_object(at, approvals, out); }
constexpr auto environment =
    table<E>("environments.NAME",
             optional<&E::auto_actions>("auto_actions", "truth", "false", "whether runbooks of it may run without a person"),
             whole<E, read_approvals>("approvals", "settings", "", "of runs that wait for people"), later<E>("inventory", ""),
             later<E>("concurrency", ""), later<E>("runners", ""), later<E>("window", ""), later<E>("limits", ""),
             later<E>("retry", ""), later<E>("ticket", ""), later<E>("on_failure", ""), later<E>("notify", ""),
             later<E>("gates", ""), later<E>("block_on_alerts", ""), later<E>("block_on_incidents", ""), later<E>("load", ""));
void read_environment(const Cursor& at, E& out) { read_object(at, environment, out); }

}  // namespace

void read_runbooks(const Cursor& at, std::map<std::string, ConfiguredRunbook>& out) {
  check_names(at, name_bytes_max);
  if (at.node().kind == NodeKind::mapping)
    for (std::size_t i = 0; i < at.node().children.size(); i += 2)
      if (const NodeIndex key = at.node().children[i]; is_reserved_name(at.at(key).text))
        at.complain_at_key(key, "reserved_name", "the command line needs this name for itself");
  read_named<ConfiguredRunbook, read_runbook>(at, out);
}

void read_bindings(const Cursor& at, std::map<std::string, ConfiguredBinding>& out) { read_named<B, read_binding>(at, out); }

void read_environments(const Cursor& at, std::map<std::string, ConfiguredEnvironment>& out) {
  check_names(at, name_bytes_max);
  read_named<E, read_environment>(at, out);
}

bool is_reserved_name(std::string_view name) noexcept {
  return std::find(reserved_names.begin(), reserved_names.end(), name) != reserved_names.end();
}

bool has_built_in_undo(ActionKind kind) noexcept { return kind == ActionKind::file || kind == ActionKind::symlink; }

std::vector<TableView> runbook_tables() {
  std::vector<TableView> out{runbook.view(), parameter.view(), step.view(),  approve.view(),
                             notify.view(),  when.view(),      retry.view(), step_backoff.view()};
  for (const TableView& each : action_tables()) out.push_back(each);
  for (const TableView& each : {binding.view(), binding_limits.view(), environment.view(), approvals.view()}) out.push_back(each);
  return out;
}

}  // namespace watchbill::config
