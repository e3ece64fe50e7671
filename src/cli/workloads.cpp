#include "cli/workloads.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "cli/json_text.h"

namespace watchbill::cli {
namespace {

constexpr Duration redraw_interval = Duration::seconds(1);
constexpr Duration look_interval = Duration::milliseconds(100);
constexpr Duration follow_interval = Duration::milliseconds(250);

// "1d2h", "3m5s": of a number of seconds, the two largest parts.
std::string age_text(const std::string& seconds) {
  if (seconds.empty()) return "";
  const std::int64_t total = std::strtoll(seconds.c_str(), nullptr, 10);
  const std::int64_t unit = total >= 86'400 ? 3600 : total >= 3600 ? 60 : 1;
  return format_duration(Duration::seconds(total / unit * unit));
}

std::string bytes_text(const std::string& bytes) {
  if (bytes.empty()) return "";
  const std::int64_t count = std::strtoll(bytes.c_str(), nullptr, 10);
  if (count >= 10 << 20) return std::to_string(count >> 20) + "MiB";
  return std::to_string(count >> 10) + "KiB";
}

// What stands behind a state: the reason where it needs one.
std::string why_text(const JsonValue& workload) {
  std::string why = member(workload, "detail");
  if (why.empty() && member(workload, "state") != "running") why = member(workload, "reason");
  const std::string warnings = joined(items_of(workload, "warnings"), ",");
  if (!warnings.empty()) why.append(why.empty() ? "" : "; ").append(warnings);
  return why;
}

void print_workloads(Terminal& terminal, const JsonValue& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue& workload : items_of(snapshot, "workloads"))
    rows.push_back({member(workload, "name"), member(workload, "state"), member(workload, "status"),
                    member(workload, "ready") == "true" ? "yes" : "no", member(workload, "incarnation"),
                    member(workload, "restarts_in_window"), age_text(member(workload, "age_seconds")),
                    member(workload, "resources", "cpu_seconds"), bytes_text(member(workload, "resources", "memory_bytes")),
                    member(workload, "resources", "open_fds"), age_text(member(workload, "resources", "age_seconds")),
                    why_text(workload)});
  terminal.table(
      {"NAME", "STATE", "STATUS", "READY", "START", "RESTARTS", "AGE", "CPU", "MEMORY", "FDS", "READ", "WHY"}, rows);
  for (const JsonValue& skipped : items_of(snapshot, "skipped"))
    terminal.print("skipped: " + member(skipped, "name") + ": " + member(skipped, "reason"));
  if (const std::string problem = member(snapshot, "keeper_problem"); !problem.empty())
    terminal.print("the keeper cannot be asked: " + problem);
}

void print_workload(Terminal& terminal, const JsonValue& workload) {
  if (workload.as_object() == nullptr) return;
  std::size_t width = 0;
  for (const auto& [name, value] : *workload.as_object()) width = std::max(width, name.size());
  for (const auto& [name, value] : *workload.as_object())
    terminal.print(name + std::string(width + 2 - name.size(), ' ') + text_of(&value));
}

// --- waiting ---

enum class Reached : std::uint8_t { yes, not_yet, never };

// Whether one workload is where the action wants it. `before`: its incarnation when it was asked.
Reached reached(WorkloadAction action, const JsonValue& workload, std::int64_t before) {
  const std::string state = member(workload, "state");
  const bool has_failed = state == "failed" || state == "lost";
  const JsonValue* incarnation = workload.find("incarnation");
  const std::int64_t now = incarnation != nullptr && incarnation->as_integer() != nullptr ? *incarnation->as_integer() : 0;
  switch (action) {
    case WorkloadAction::stop:
      if (state == "stopped" || state == "completed") return Reached::yes;
      return has_failed || member(workload, "reason") == "unkillable" ? Reached::never : Reached::not_yet;
    case WorkloadAction::start: case WorkloadAction::restart:
      if (now > before && (state == "running" || state == "completed")) return Reached::yes;
      return (has_failed && now > before) || state == "blocked" ? Reached::never : Reached::not_yet;
  }
  return Reached::never;
}

using Incarnations = std::map<std::string, std::int64_t>;

// The workloads that a name means, with their incarnations: NAME, its instances, or the members of group:NAME.
Incarnations named(const JsonValue& snapshot, const std::string& name) {
  Incarnations found;
  for (const JsonValue& workload : items_of(snapshot, "workloads")) {
    const std::string own = member(workload, "name");
    const bool is_member = name == "group:" + member(workload, "group") || own == name || own.starts_with(name + "@");
    const JsonValue* incarnation = workload.find("incarnation");
    if (is_member && incarnation != nullptr && incarnation->as_integer() != nullptr) found[own] = *incarnation->as_integer();
  }
  return found;
}

struct Wait {
  WorkloadAction action;
  Incarnations before;
  Duration longest;
};

// Looks until all are there, one cannot be, or the time is over.
ExitCode wait_for(Terminal& terminal, World& world, Online& online, const Wait& wait) {
  const Instant until{world.clock.now().boot_ms + wait.longest.ms};
  while (true) {
    ExitCode code = ExitCode::done;
    const auto snapshot = online.ask_or_complain(terminal, {"GET", "/workloads"}, code);
    if (!snapshot) return code;
    std::size_t reached_count = 0;
    for (const JsonValue& workload : items_of(*snapshot, "workloads")) {
      const auto before = wait.before.find(member(workload, "name"));
      if (before == wait.before.end()) continue;
      const Reached now = reached(wait.action, workload, before->second);
      if (now == Reached::never) {
        terminal.complain(before->first + " is " + member(workload, "state") + ": " + why_text(workload));
        return ExitCode::negative;
      }
      reached_count += now == Reached::yes ? 1U : 0U;
    }
    if (reached_count == wait.before.size()) return ExitCode::done;
    if (world.clock.now().boot_ms >= until.ms || !world.pause(look_interval)) {
      terminal.complain("it is not there yet after " + format_duration(wait.longest) + "; it goes on");
      return ExitCode::try_later;
    }
  }
}

std::string_view path_of(WorkloadAction action) {
  switch (action) {
    case WorkloadAction::start: return "/start";
    case WorkloadAction::stop: return "/stop";
    case WorkloadAction::restart: return "/restart";
  }
  return "";
}

}  // namespace

ExitCode workloads_list(Terminal& terminal, World& world, const ServerArguments& server, bool watch) {
  Online online(world, server);
  const bool clears = watch && ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    ExitCode code = ExitCode::done;
    const auto snapshot = online.ask_or_complain(terminal, {"GET", "/workloads"}, code);
    if (snapshot && terminal.format() == Format::json) print_json(terminal, *snapshot);
    if (snapshot && terminal.format() == Format::table) {
      if (clears) terminal.print_raw("\x1b[H\x1b[2J");
      print_workloads(terminal, *snapshot);
    }
    if (!watch || !terminal.flush() || !world.pause(redraw_interval)) return code;
  }
}

ExitCode workloads_show(Terminal& terminal, World& world, const ServerArguments& server, const std::string& name) {
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const auto workload = online.ask_or_complain(terminal, {"GET", "/workloads/" + escaped(name)}, code);
  if (!workload) return code;
  if (terminal.format() == Format::json) print_json(terminal, *workload);
  else print_workload(terminal, *workload);
  return code;
}

ExitCode workloads_act(Terminal& terminal, World& world, const ServerArguments& server, WorkloadAction action,
                       const WorkloadArguments& arguments) {
  const Result<Duration> timeout = parse_duration(arguments.timeout);
  if (!timeout) return terminal.refuse(Refused{Refusal::bad_argument, "--timeout: " + timeout.error().detail});
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const auto before = online.ask_or_complain(terminal, {"GET", "/workloads"}, code);
  if (!before) return code;
  std::string body;
  JsonWriter(body).begin_object().key("reason").string(arguments.reason).end_object();
  const std::string path = "/workloads/" + escaped(arguments.name) + std::string(path_of(action));
  const auto answer = online.ask_or_complain(terminal, {"POST", path, body, arguments.request_id}, code);
  if (!answer) return code;
  if (arguments.waits) code = wait_for(terminal, world, online, Wait{action, named(*before, arguments.name), *timeout});
  if (code != ExitCode::done) return code;
  if (terminal.format() == Format::json) print_json(terminal, *answer);
  else terminal.print(arguments.name + (arguments.waits ? ": done, record " : ": asked, record ") + member(*answer, "sequence"));
  return code;
}

namespace {

// Whether the controller of this data directory supervises it; false when none runs.
bool is_supervised(World& world, const LogArguments& arguments) {
  const std::vector<std::string> served = world.served_urls(arguments.data);
  if (served.empty()) return false;
  ServerArguments server;
  server.server = served.front();
  server.data = arguments.data;
  const auto answer = Online(world, server).ask({"GET", "/workloads/" + escaped(arguments.name)});
  return answer && answer->status == 200;
}

}  // namespace

ExitCode logs(Terminal& terminal, World& world, const LogArguments& arguments) {
  const std::unique_ptr<ports::LogPort> files = world.logs(arguments.data);
  const auto show = [&terminal](const ports::LogPart& part) {
    if (part.has_gap) terminal.complain("what followed was rotated away");
    return part.bytes.empty() || (terminal.print_raw(part.bytes) && terminal.flush());
  };
  auto part = files->last(arguments.name, arguments.lines);
  if (!part && part.error().kind == ErrorKind::not_found && !arguments.follows) {
    if (is_supervised(world, arguments)) {
      terminal.complain(arguments.name + " has written nothing");
      return ExitCode::done;
    }
    terminal.complain("there is no log of " + arguments.name + " in " + arguments.data +
                      "/logs: it has written nothing, or there is no such workload (`watchbill workloads` lists them)");
    return ExitCode::usage;
  }
  if (!part && part.error().kind != ErrorKind::not_found) return terminal.fail(part.error());
  ports::LogPosition position;
  if (part) position = part->next;
  if (part && !show(*part)) return ExitCode::done;
  while (arguments.follows && world.pause(follow_interval)) {
    part = files->behind(arguments.name, position);
    if (!part) continue;
    position = part->next;
    if (!show(*part)) return ExitCode::done;
  }
  return ExitCode::done;
}

}  // namespace watchbill::cli
