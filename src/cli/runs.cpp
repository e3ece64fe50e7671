#include "cli/runs.h"

#include <algorithm>
#include <map>

#include "cli/attention.h"
#include "cli/json_text.h"

namespace watchbill::cli {
namespace {

constexpr Duration look_interval = Duration::milliseconds(500);
constexpr std::string_view run_prefix = "run-";

// One question whose answer is printed by `print`, or as it came with -o json.
template <class Print>
ExitCode ask_and_print(Terminal& terminal, World& world, const ServerArguments& server, const Online::Asked& asked, Print print) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = online.ask_or_complain(terminal, asked, code);
  if (!answer) return code;
  if (terminal.format() == Format::json) print_json(terminal, *answer);
  else print(*answer);
  return code;
}

// A change, and one line that says what was done.
ExitCode change(Terminal& terminal, World& world, const ServerArguments& server, const Online::Asked& asked,
                const std::string& said) {
  return ask_and_print(terminal, world, server, asked, [&](const JsonValue& answer) {
    terminal.print(said + ", record " + member(answer, "sequence"));
  });
}

std::string path_of(const RunArguments& run, std::string_view below = "") {
  return "/runs/" + escaped(run.subject) + std::string(below);
}

std::string reason_body(const RunArguments& run) {
  std::string body;
  JsonWriter(body).begin_object().key("reason").string(run.reason).end_object();
  return body;
}

void print_run(Terminal& terminal, const JsonValue& run) {
  terminal.print(member(run, "id") + "  " + member(run, "runbook") + "  " + member(run, "state") +
                 (run.find("held_for") != nullptr ? " (" + member(run, "held_for") + ")" : ""));
  terminal.print("plan        " + member(run, "plan"));
  terminal.print("asked by    " + member(run, "requester") + (run.find("binding") ? ", binding " + member(run, "binding") : "") +
                 " at " + member(run, "proposed_at"));
  for (const auto& [name, title] : {std::pair{"reason", "reason      "}, std::pair{"cause", "taken back  "},
                                    std::pair{"parent", "rolls back  "}, std::pair{"started_at", "started     "},
                                    std::pair{"ended_at", "ended       "}})
    if (run.find(name) != nullptr) terminal.print(title + member(run, name));
  if (const JsonValue* parameters = run.find("parameters"); parameters != nullptr && parameters->as_object() != nullptr)
    for (const auto& [name, value] : *parameters->as_object()) terminal.print("with        " + name + "=" + text_of(&value));
  if (const JsonValue* approvals = run.find("approvals"); approvals != nullptr && member(*approvals, "needed") != "0") {
    const std::string given = joined(items_of(*approvals, "given_by"));
    terminal.print("approvals   " + member(*approvals, "needed") + " needed, given by " + (given.empty() ? "nobody yet" : given));
  }
  if (member(run, "cancel_requested") == "true") terminal.print("cancel      was asked for; what is under way ends first");
  for (const JsonValue& lease : items_of(run, "leases"))
    terminal.print("holds       " + member(lease, "target") + ", fence " + member(lease, "fence"));
  if (const JsonValue* effect = run.find("effect"))
    terminal.print("effect      " + member(*effect, "id") + " " + member(*effect, "direction") + ", attempt " +
                   member(*effect, "attempt") + ", " + member(*effect, "phase") + " since " + member(*effect, "at"));
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& step : items_of(run, "steps"))
    rows.push_back({member(step, "path"), member(step, "name"), member(step, "verb"), member(step, "state"),
                    member(step, "verdict"), member(step, "reason")});
  terminal.table({"STEP", "NAME", "VERB", "STATE", "VERDICT", "REASON"}, rows);
}

// What a person can do about a run that waits for one.
void print_ways_on(Terminal& terminal, const JsonValue& run) {
  const std::string id = member(run, "id"), state = member(run, "state");
  const auto& steps = items_of(run, "steps");
  const bool has_failed =
      std::any_of(steps.begin(), steps.end(), [](const JsonValue& each) { return member(each, "verdict") == "fail"; });
  if (state == "queued")
    terminal.print(
        "it waits for another run of a target above it in `watchbill run list`, or for a hold (`watchbill hold show`)");
  if (has_failed) terminal.print("what was said, and by whom: watchbill why " + id);
  if (state == "outcome_unknown") terminal.print("it is being looked for; a person who knows may answer first");
  print_next(terminal, run, "to ");
}

std::string duration_of(const JsonValue& value, std::string_view name) {
  const JsonValue* found = value.find(name);
  const std::int64_t* ms = found == nullptr ? nullptr : found->as_integer();
  return ms == nullptr ? "" : format_duration(Duration{*ms});
}

// An argument for people: a text as it is, what only a run can know and what stays secret by its name (domain/plans.md §1).
std::string value_text(const JsonValue& value) {
  const JsonValue::Object* object = value.as_object();
  if (object == nullptr || object->size() != 1) return text_of(&value);
  const auto& [name, inner] = object->front();
  if (name == "late" || name == "secret") return "‹" + name + ": " + text_of(&inner) + "›";
  return text_of(&value);
}

// "file content=x path=/etc/x → host/web-01"
std::string action_text(const JsonValue& action) {
  std::string text = member(action, "kind");
  const JsonValue* args = action.find("args");
  if (args != nullptr && args->as_object() != nullptr)
    for (const auto& [name, value] : *args->as_object()) text.append(" ").append(name).append("=").append(value_text(value));
  const std::string target = member(action, "target");
  return target.empty() ? text : text + " → " + target;
}

std::string way_back(const JsonValue& step) {
  if (const JsonValue* undo = step.find("undo")) {
    std::string text;
    for (const JsonValue& action : items_of(*undo, "actions")) text.append(text.empty() ? "" : "; ").append(action_text(action));
    return text;
  }
  const std::string reason = member(step, "irreversible");
  return reason.empty() ? "" : "irreversible: " + reason;
}

void print_plan(Terminal& terminal, const JsonValue& answer) {
  const JsonValue* plan = answer.find("plan");
  if (plan == nullptr) return;
  terminal.print(member(answer, "digest") + "  " + member(*plan, "name"));
  terminal.print("targets     " + joined(items_of(*plan, "targets")));
  terminal.print("longest     " + duration_of(*plan, "longest_ms"));
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& step : items_of(*plan, "steps")) {
    std::string actions, policy;
    for (const JsonValue& action : items_of(step, "actions")) {
      actions.append(actions.empty() ? "" : "; ").append(action_text(action));
      policy = member(action, "policy");
    }
    std::string verify;
    if (const JsonValue* check = step.find("verify"))
      verify = action_text(*check) + " within " + duration_of(*check, "within_ms");
    rows.push_back({member(step, "path"), member(step, "name"), member(step, "verb"), actions, verify, way_back(step), policy,
                    duration_of(step, "timeout_ms")});
  }
  terminal.table({"STEP", "NAME", "VERB", "ACTIONS", "VERIFY", "WAY BACK", "IF UNKNOWN", "AT MOST"}, rows);
}

// The plan of a digest, or of a run; nothing when it was complained about.
std::optional<JsonValue> plan_of(Terminal& terminal, World& world, const ServerArguments& server, const std::string& name,
                                 ExitCode& code) {
  Online online(world, server);
  std::string digest = name;
  if (name.starts_with(run_prefix)) {
    const std::optional<JsonValue> run = online.ask_or_complain(terminal, {"GET", "/runs/" + escaped(name)}, code);
    if (!run) return std::nullopt;
    digest = member(*run, "plan");
  }
  return online.ask_or_complain(terminal, {"GET", "/plans/" + escaped(digest)}, code);
}

void print_dry_run(Terminal& terminal, const JsonValue& answer, const std::optional<JsonValue>& plan) {
  terminal.print("plan " + member(answer, "plan") + " of " + member(answer, "runbook") + ", nothing was started");
  if (plan) print_plan(terminal, *plan);
  for (const JsonValue& each : items_of(answer, "answers")) {
    const std::string reason = member(each, "reason");
    terminal.print("  now: step " + member(each, "step") + (member(each, "asked") == "verify" ? " verify" : "") + " is " +
                   member(each, "answer") + (reason.empty() ? "" : ": " + reason));
  }
  for (const JsonValue& refusal : items_of(answer, "refusals")) terminal.print("  would be refused: " + text_of(&refusal));
  const std::string unknown = joined(items_of(answer, "unknown"));
  if (!unknown.empty()) terminal.print("  only a run can answer steps " + unknown);
}

// Every text and number of a value by its place: "steps[2].actions[0].args.content". Steps are named by their path, so that one
// more step is one difference. What was read nests at most as deep as the reader allows.
void flatten(const JsonValue& value, const std::string& at, std::map<std::string, std::string>& out) {
  if (const JsonValue::Object* object = value.as_object()) {
    for (const auto& [name, inner] : *object) flatten(inner, at.empty() ? name : at + "." + name, out);
  } else if (const JsonValue::Array* array = value.as_array()) {
    std::size_t index = 0;
    for (const JsonValue& element : *array) {
      const std::string path = member(element, "path");
      flatten(element, at + "[" + (path.empty() ? std::to_string(index) : path) + "]", out);
      ++index;
    }
  } else {
    out[at] = text_of(&value);
  }
}

struct Difference {
  std::string at;
  std::optional<std::string> before, after;  // one is absent where only one plan has the place
};

std::vector<Difference> differences_of(const std::map<std::string, std::string>& before,
                                       const std::map<std::string, std::string>& after) {
  std::vector<Difference> out;
  for (const auto& [at, text] : before) {
    const auto other = after.find(at);
    if (other == after.end()) out.push_back({at, text, std::nullopt});
    else if (other->second != text) out.push_back({at, text, other->second});
  }
  for (const auto& [at, text] : after)
    if (!before.contains(at)) out.push_back({at, std::nullopt, text});
  std::sort(out.begin(), out.end(), [](const Difference& a, const Difference& b) { return a.at < b.at; });
  return out;
}

std::string start_body(const RunArguments& run) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (run.dry_run) json.key("dry_run").boolean(true);
  if (!run.parameters.empty()) {
    json.key("parameters").begin_object();
    for (const std::string& parameter : run.parameters) {
      const std::size_t equals = parameter.find('=');
      json.key(parameter.substr(0, equals)).string(parameter.substr(equals + 1));
    }
    json.end_object();
  }
  json.key("reason").string(run.reason).key("runbook").string(run.subject).end_object();
  return body;
}

ExitCode exit_of(const JsonValue& answer) {
  const JsonValue* code = answer.find("exit_code");
  return code == nullptr || code->as_integer() == nullptr ? ExitCode::done : static_cast<ExitCode>(*code->as_integer());
}

ExitCode wait_for_end(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  Online online(world, server);
  const Duration timeout = run.timeout.empty() ? Duration{} : parse_duration(run.timeout).value_or(Duration{});  // 0: none
  const std::int64_t begun = world.clock.now().boot_ms;
  for (;;) {
    ExitCode code = ExitCode::done;
    const std::optional<JsonValue> seen = online.ask_or_complain(terminal, {"GET", path_of(run)}, code);
    if (!seen) return code;
    if (seen->find("exit_code") != nullptr) {
      if (terminal.format() == Format::json) {
        print_json(terminal, *seen);
      } else {
        print_run(terminal, *seen);
        print_ways_on(terminal, *seen);
      }
      return exit_of(*seen);
    }
    if (timeout > Duration{} && world.clock.now().boot_ms - begun >= timeout.ms) {
      terminal.complain(run.subject + " is " + member(*seen, "state") + " after " + run.timeout + "; it goes on");
      return ExitCode::try_later;
    }
    if (!world.pause(look_interval)) return ExitCode::try_later;
  }
}

std::optional<std::string> usage_of(const RunArguments& run) {
  for (const std::string& parameter : run.parameters)
    if (parameter.find('=') == std::string::npos || parameter.front() == '=')
      return "--set " + parameter + ": expected NAME=VALUE";
  if (!run.timeout.empty() && !parse_duration(run.timeout))
    return "--timeout " + run.timeout + ": expected a duration such as 5m";
  return std::nullopt;
}

// "suggested, for approval": what a plan waits for.
std::string waits_of(const JsonValue& plan) {
  const bool is_suggested = plan.find("suggested") != nullptr, waits = plan.find("waiting") != nullptr;
  return std::string(is_suggested ? "suggested" : "") + (is_suggested && waits ? ", " : "") + (waits ? "for approval" : "");
}

// The commands that take a plan.
void print_takers(Terminal& terminal, const JsonValue& plan) {
  for (const JsonValue& each : items_of(plan, "suggested")) {
    const std::string labels = member(each, "alert_labels");
    terminal.print(
        member(each, "runbook") + " is suggested for " + (labels.empty() ? member(each, "binding") : labels) + " since " +
        member(each, "at") +
        (member(each, "is_current") == "false" ? "; the bill has changed since, and the command starts another plan" : ""));
    print_next(terminal, each, "  to ");
  }
  for (const JsonValue& run : items_of(plan, "waiting")) {
    terminal.print(member(run, "id") + " of " + member(run, "runbook") + " waits for approval");
    print_next(terminal, run, "  to ");
  }
}

}  // namespace

ExitCode run_start(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  if (const auto usage = usage_of(run)) return terminal.refuse(Refused{Refusal::bad_argument, *usage});
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const auto answer = online.ask_or_complain(terminal, {"POST", "/runs", start_body(run), run.request_id}, code);
  if (!answer) return code;
  if (run.dry_run) {
    if (terminal.format() == Format::json) print_json(terminal, *answer);
    else print_dry_run(terminal, *answer, plan_of(terminal, world, server, member(*answer, "plan"), code));
    return exit_of(*answer);
  }
  const std::string id = member(*answer, "subject");
  if (!run.waits) {
    if (terminal.format() == Format::json) print_json(terminal, *answer);
    else terminal.print(id + " was asked for, record " + member(*answer, "sequence"));
    return code;
  }
  RunArguments begun = run;
  begun.subject = id;
  return wait_for_end(terminal, world, server, begun);
}

ExitCode run_list(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  std::string path = "/runs?limit=1000";
  if (!run.state.empty()) path += "&state=" + escaped(run.state);
  return ask_and_print(terminal, world, server, {"GET", path}, [&](const JsonValue& page) {
    std::vector<std::vector<std::string>> rows;
    for (const JsonValue& each : items_of(page, "items"))
      rows.push_back({member(each, "id"), member(each, "runbook"), member(each, "state"), member(each, "step"),
                      member(each, "requester"), member(each, "proposed_at")});
    if (rows.empty()) terminal.print("there are no runs");
    else terminal.table({"ID", "RUNBOOK", "STATE", "STEP", "ASKED BY", "AT"}, rows);
  });
}

ExitCode run_show(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  return ask_and_print(terminal, world, server, {"GET", path_of(run)}, [&](const JsonValue& shown) {
    print_run(terminal, shown);
    print_ways_on(terminal, shown);
  });
}

ExitCode run_resume(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  return change(terminal, world, server, {"POST", path_of(run, "/resume"), reason_body(run), run.request_id},
                run.subject + " goes on");
}

ExitCode run_resolve(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  std::string body;
  JsonWriter(body).begin_object().key("answer").string(run.answer).key("reason").string(run.reason).key("step").string(run.step)
      .end_object();
  return change(terminal, world, server, {"POST", path_of(run, "/resolve"), body, run.request_id},
                run.subject + ": step " + run.step + " was answered " + run.answer);
}

ExitCode run_cancel(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  return change(terminal, world, server, {"POST", path_of(run, "/cancel"), reason_body(run), run.request_id},
                run.subject + " is to end at its next safe point");
}

ExitCode approve(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  const std::string path = "/approvals/" + escaped(run.subject);
  if (run.withdraws) return change(terminal, world, server, {"DELETE", path, {}, run.request_id}, "the yes is taken back");
  if (!run.rejects && run.digest.empty())
    return terminal.refuse(Refused{Refusal::bad_argument, "--digest: expected that of the plan: `watchbill run show " +
                                                              run.subject + "` has it"});
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (run.accepts_irreversible) json.key("accept_irreversible").boolean(true);
  if (!run.rejects) json.key("digest").string(run.digest);
  json.key("reason").string(run.reason);
  if (run.rejects) json.key("reject").boolean(true);
  json.end_object();
  return change(terminal, world, server, {"POST", path, body, run.request_id},
                run.subject + (run.rejects ? " is rejected" : " has your yes"));
}

ExitCode plan_list(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments&) {
  return ask_and_print(terminal, world, server, {"GET", "/plans?limit=1000"}, [&](const JsonValue& page) {
    const JsonValue::Array& plans = items_of(page, "items");
    if (plans.empty()) return static_cast<void>(terminal.print("there are no plans: no run is in state, and none is suggested"));
    std::vector<std::vector<std::string>> rows;
    for (const JsonValue& plan : plans)
      rows.push_back({member(plan, "plan"), member(plan, "runbook"), member(plan, "runs"), member(plan, "last"), waits_of(plan)});
    terminal.table({"PLAN", "RUNBOOK", "RUNS", "LAST", "WAITS"}, rows);
    for (const JsonValue& plan : plans) print_takers(terminal, plan);
    if (!member(page, "next").empty() && member(page, "next") != "null") terminal.complain("only the first 1000 plans are shown");
  });
}

ExitCode plan_diff(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  ExitCode code = ExitCode::done;
  std::map<std::string, std::string> sides[2];
  const std::string* names[2]{&run.subject, &run.other};
  for (std::size_t side = 0; side < 2; ++side) {
    const std::optional<JsonValue> answer = plan_of(terminal, world, server, *names[side], code);
    if (!answer) return code;
    if (const JsonValue* plan = answer->find("plan")) flatten(*plan, "", sides[side]);
  }
  std::vector<Difference> differences = differences_of(sides[0], sides[1]);
  if (terminal.format() == Format::json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("differences").begin_array();
    for (const Difference& each : differences) {
      json.begin_object();
      if (each.before) json.key("a").string(*each.before);
      if (each.after) json.key("b").string(*each.after);
      json.key("at").string(each.at).end_object();
    }
    json.end_array().end_object();
    terminal.print(out);
  } else {
    for (const Difference& each : differences) {
      if (each.before) terminal.print("- " + each.at + ": " + *each.before);
      if (each.after) terminal.print("+ " + each.at + ": " + *each.after);
    }
    if (differences.empty()) terminal.print("they are the same plan");
  }
  return differences.empty() ? ExitCode::done : ExitCode::negative;
}

ExitCode plan_show(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = plan_of(terminal, world, server, run.subject, code);
  if (!answer) return code;
  if (terminal.format() == Format::json) print_json(terminal, *answer);
  else print_plan(terminal, *answer);
  return code;
}

}  // namespace watchbill::cli
