#include "cli/runs.h"

#include <algorithm>

namespace watchbill::cli {
namespace {

constexpr Duration look_interval = Duration::milliseconds(500);
constexpr std::string_view run_prefix = "run-";

std::string text_of(const JsonValue* value) {
  if (value == nullptr) return "";
  if (const std::string* text = value->as_string()) return *text;
  std::string out;
  append_json(out, *value);
  return out;
}

std::string member(const JsonValue& value, std::string_view name) { return text_of(value.find(name)); }

std::string text_of_tree(const JsonValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}

const JsonValue::Array& items_of(const JsonValue& value, std::string_view name) {
  static const JsonValue::Array none;
  const JsonValue* items = value.find(name);
  return items == nullptr || items->as_array() == nullptr ? none : *items->as_array();
}

std::string joined(const JsonValue::Array& items) {
  std::string out;
  for (const JsonValue& item : items) out.append(out.empty() ? "" : ", ").append(text_of(&item));
  return out;
}

// One question whose answer is printed by `print`, or as it came with -o json.
template <class Print>
ExitCode ask_and_print(Terminal& terminal, World& world, const ServerArguments& server, const Online::Asked& asked, Print print) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = online.ask_or_complain(terminal, asked, code);
  if (!answer) return code;
  if (terminal.format() == Format::json) terminal.print(text_of_tree(*answer));
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
  const std::string id = member(run, "id"), step = member(run, "step"), state = member(run, "state");
  if (state == "awaiting_approval")
    terminal.print("to start it: watchbill approve " + id + " --digest " + member(run, "plan"));
  if (state != "held" && state != "outcome_unknown") return;
  if (member(run, "held_for") != "outcome_unknown" && state == "held")
    terminal.print("to go on:    watchbill run resume " + id + " --reason …");
  terminal.print("to answer:   watchbill run resolve " + id + " --step " + step + " --answer done|not_done|leave --reason …");
}

void print_dry_run(Terminal& terminal, const JsonValue& answer) {
  terminal.print("plan " + member(answer, "plan") + " of " + member(answer, "runbook") + ", nothing was started");
  for (const JsonValue& refusal : items_of(answer, "refusals")) terminal.print("  would be refused: " + text_of(&refusal));
  const std::string unknown = joined(items_of(answer, "unknown"));
  if (!unknown.empty()) terminal.print("  only a run can answer steps " + unknown);
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
        terminal.print(text_of_tree(*seen));
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

}  // namespace

ExitCode run_start(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  if (const auto usage = usage_of(run)) return terminal.refuse(Refused{Refusal::bad_argument, *usage});
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const auto answer = online.ask_or_complain(terminal, {"POST", "/runs", start_body(run), run.request_id}, code);
  if (!answer) return code;
  if (run.dry_run) {
    if (terminal.format() == Format::json) terminal.print(text_of_tree(*answer));
    else print_dry_run(terminal, *answer);
    return exit_of(*answer);
  }
  const std::string id = member(*answer, "subject");
  if (!run.waits) {
    if (terminal.format() == Format::json) terminal.print(text_of_tree(*answer));
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

ExitCode plan_show(Terminal& terminal, World& world, const ServerArguments& server, const RunArguments& run) {
  std::string digest = run.subject;
  if (digest.starts_with(run_prefix)) {
    Online online(world, server);
    ExitCode code = ExitCode::done;
    const std::optional<JsonValue> shown = online.ask_or_complain(terminal, {"GET", path_of(run)}, code);
    if (!shown) return code;
    digest = member(*shown, "plan");
  }
  return ask_and_print(terminal, world, server, {"GET", "/plans/" + escaped(digest)}, [&](const JsonValue& answer) {
    const JsonValue* plan = answer.find("plan");
    if (plan == nullptr) return;
    terminal.print(member(answer, "digest") + "  " + member(*plan, "name"));
    terminal.print("targets     " + joined(items_of(*plan, "targets")));
    std::vector<std::vector<std::string>> rows;
    for (const JsonValue& step : items_of(*plan, "steps")) {
      std::string actions;
      for (const JsonValue& action : items_of(step, "actions"))
        actions.append(actions.empty() ? "" : "; ").append(member(action, "kind")).append(" ").append(member(action, "args"));
      const std::string back = step.find("undo") != nullptr ? "undo" : member(step, "irreversible");
      rows.push_back({member(step, "path"), member(step, "name"), member(step, "verb"), actions, back});
    }
    terminal.table({"STEP", "NAME", "VERB", "ACTIONS", "WAY BACK"}, rows);
  });
}

}  // namespace watchbill::cli
