#include "api/run_view.h"

#include <algorithm>

#include "core/plan/resolution.h"
#include "model/codec.h"

namespace watchbill::api {
namespace {

using core::binding::AlertRefusal;
using core::plan::Run;
using core::plan::RunState;
using core::plan::Suggestion;

bool is_plain(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
}

// One word of a shell. Labels are written by strangers, and people copy commands: nothing of them is ever run.
std::string shell_word(const std::string& text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  const bool has_controls = std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out(has_controls ? "$'" : "'");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\'') out += has_controls ? "\\'" : "'\\''";
    else if (has_controls && c == '\\') out += "\\\\";
    else if (byte < ' ' || byte == 0x7f) out.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    else out.push_back(c);
  }
  return out + "'";
}

std::string run_command(const std::string& runbook, const std::map<std::string, std::string>& parameters) {
  std::string out = "watchbill run " + shell_word(runbook);
  for (const auto& [name, value] : parameters) out += " --set " + shell_word(name + "=" + value);
  return out;
}

const ConfiguredBinding* binding_of(const core::State& state, const std::string& name) {
  const RunbookConfiguration* configuration = core::plan::configuration_of(state.plan);
  if (configuration == nullptr) return nullptr;
  const auto binding = configuration->bindings.find(name);
  return binding == configuration->bindings.end() ? nullptr : &binding->second;
}

// The mitigation by hand, with what the alert's labels would give it.
std::optional<WayOn> by_hand(const core::State& state, const std::string& binding, const std::string& alert) {
  const ConfiguredBinding* configured = binding_of(state, binding);
  if (configured == nullptr) return std::nullopt;
  const auto& runbooks = core::plan::configuration_of(state.plan)->runbooks;
  const auto runbook = runbooks.find(configured->mitigation);
  if (runbook == runbooks.end()) return std::nullopt;
  const core::alert::Alert* known = state.alert.alerts.find(alert);
  std::map<std::string, std::string> parameters;
  std::string missing;
  for (const auto& [name, declared] : runbook->second.parameters) {
    if (known != nullptr && known->labels.has(name)) parameters[name] = std::string(known->labels.get(name));
    else if (declared.required && !declared.default_) missing += " --set " + shell_word(name + "=") + "<" + name + ">";
  }
  return WayOn{"do it by hand", run_command(configured->mitigation, parameters) + missing};
}

WayOn release_of(const std::string& scope) {
  return {"let it act when it fires next", "watchbill hold release --scope " + shell_word(scope) + " --reason <why>"};
}

// The holds that cover the binding or what its mitigation would change.
void add_releases(const core::State& state, const std::string& binding, std::vector<WayOn>& out) {
  for (const std::string& scope : {std::string("all"), "binding/" + binding})
    if (state.control.holds.contains(scope)) out.push_back(release_of(scope));
  if (out.empty() && !state.control.holds.empty()) out.push_back({"see what is held", "watchbill hold show"});
}

}  // namespace

bool waits_for_person(const Run& run, const Plan& plan) {
  if (run.state == RunState::awaiting_approval || run.state == RunState::outcome_unknown || run.state == RunState::held)
    return true;
  const auto step = core::plan::present_step(run);
  return run.state == RunState::running && step && plan.steps[*step].verb == StepVerb::approve &&
         run.steps[*step].state == core::plan::StepState::acting;
}

std::vector<WayOn> ways_on(const std::string& id, const Run& run, const Plan& plan) {
  std::vector<WayOn> out;
  if (!waits_for_person(run, plan)) return out;
  if (run.state == RunState::awaiting_approval || run.state == RunState::running) {
    const bool begins = run.state == RunState::awaiting_approval;
    const bool accepts = begins && core::plan::has_irreversible_step(plan);
    out.push_back({begins ? "start it" : "let it go on", "watchbill approve " + id + " --digest " + plan_digest_text(run.plan) +
                                                             (accepts ? " --accept-irreversible" : "")});
    out.push_back({"refuse it", "watchbill approve " + id + " --reject --reason <why>"});
    return out;
  }
  const bool is_unknown = run.state == RunState::outcome_unknown || run.held_for == HeldFor::outcome_unknown;
  const bool has_failed_undo = run.held_for == HeldFor::undo_failed;
  if (!is_unknown) out.push_back({"go on", "watchbill run resume " + id + " --reason <why>"});
  if (!is_unknown && !has_failed_undo) out.push_back({"take it back", "watchbill cancel " + id + " --reason <why>"});
  const auto step = core::plan::present_step(run);
  if (step && (is_unknown || has_failed_undo))
    out.push_back({"answer", "watchbill run resolve " + id + " --step " + plan.steps[*step].path +
                                 " --answer <done|not_done|leave> --reason <why>"});
  return out;
}

std::vector<WayOn> ways_on(const Suggestion& suggestion) {
  return {{"see it", "watchbill plan show " + plan_digest_text(suggestion.plan)},
          {"start it", run_command(suggestion.runbook, suggestion.parameters)}};
}

std::vector<WayOn> ways_on(const core::State& state, const std::string& binding, const AlertRefusal& refusal) {
  std::vector<WayOn> out;
  switch (refusal.reason) {
    case Refusal::hold_active: case Refusal::cooldown_active: case Refusal::runs_limit_reached:
    case Refusal::target_share_reached:
      add_releases(state, binding, out);
      break;
    case Refusal::too_many_runs: case Refusal::queue_full:
      out.push_back({"see what is open", "watchbill run list --state open"});
      break;
    default: out.push_back({"mend the bill", "watchbill check"}); break;
  }
  if (auto run = by_hand(state, binding, refusal.alert)) out.push_back(std::move(*run));
  return out;
}

void write_next(JsonWriter& json, const std::vector<WayOn>& ways) {
  if (ways.empty()) return;
  json.key("next").begin_array();
  for (const WayOn& way : ways)
    json.begin_object().key("command").string(way.command).key("to").string(way.to).end_object();
  json.end_array();
}

void write_run_overview(JsonWriter& json, const std::string& id, const Run& run, const Plan& plan) {
  json.key("id").string(id).key("runbook").string(plan.name).key("state").string(word(run.state));
  json.key("plan").string(plan_digest_text(run.plan)).key("requester").string(run.requester);
  write_text(json, "binding", run.binding);
  write_text(json, "parent", run.parent);
  write_texts(json, "alerts", run.alerts);
  write_texts(json, "targets", plan.targets);
  write_text(json, "reason", run.reason);
  if (run.held_for) json.key("held_for").string(word(*run.held_for));
  if (const auto step = core::plan::present_step(run)) json.key("step").string(plan.steps[*step].path);
  if (run.cancel_requested) json.key("cancel_requested").boolean(true);
  write_time(json, "proposed_at", run.proposed_at);
  write_time(json, "started_at", run.started_at);
  write_time(json, "ended_at", run.ended_at);
  if (const std::optional<int> code = core::plan::exit_code_of(run)) json.key("exit_code").integer(*code);
  write_next(json, ways_on(id, run, plan));
}

void write_suggestion(JsonWriter& json, const core::State& state, const std::string& id, const Limits& limits) {
  const Suggestion& suggestion = *state.plan.suggestions.find(id);
  json.key("at").string(format_rfc3339(suggestion.at)).key("binding").string(suggestion.binding).key("id").string(id);
  const RunbookConfiguration* configuration = core::plan::configuration_of(state.plan);
  const auto plan =
      core::plan::resolve(*configuration, {suggestion.runbook, suggestion.parameters, {}, !suggestion.parent.empty()}, limits);
  json.key("is_current").boolean(plan && sha256(plan_bytes(*plan)) == suggestion.plan);
  write_text(json, "lowered_by", suggestion.lowered_by);
  write_text(json, "parent", suggestion.parent);
  json.key("plan").string(plan_digest_text(suggestion.plan)).key("runbook").string(suggestion.runbook);
  write_texts(json, "targets", suggestion.targets);
  write_alert_of(json, state, suggestion.alert);
  write_next(json, ways_on(suggestion));
}

void write_alert_of(JsonWriter& json, const core::State& state, const std::string& alert) {
  write_text(json, "alert", alert);
  const core::alert::Alert* known = state.alert.alerts.find(alert);
  if (known == nullptr) return;
  json.key("alert_labels").string(known->labels.text());
  json.key("alert_state").string(known->phase == AlertPhase::inactive ? "resolved" : word(known->phase));
}

void write_text(JsonWriter& json, std::string_view name, const std::string& text) {
  if (!text.empty()) json.key(name).string(text);
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_time(JsonWriter& json, std::string_view name, Instant at) {
  if (at != Instant{}) json.key(name).string(format_rfc3339(at));
}

}  // namespace watchbill::api
