// What a running controller measures: `query`, over Prometheus' API paths.
#include <algorithm>

#include "cli/caret.h"
#include "cli/json_text.h"
#include "cli/online.h"

namespace watchbill::cli {
namespace {

constexpr std::int64_t steps_wanted = 60;  // of a range whose step nobody named: what a terminal shows
constexpr Duration step_min = Duration::seconds(1);

// --- query ---

// "80.5 @1435781451.781"
std::string point_text(const JsonValue& point) {
  const JsonValue::Array& pair = list_of(&point);
  return pair.size() == 2 ? text_of(&pair[1]) + " @" + text_of(&pair[0]) : "";
}

void print_result(Terminal& terminal, const JsonValue& data) {
  const std::string type = member(data, "resultType");
  const JsonValue* result = data.find("result");
  if (type == "scalar" || type == "string") {
    terminal.print(point_text(*result));
    return;
  }
  for (const JsonValue& series : list_of(result)) {
    const std::string labels = labels_of(series.find("metric")).text();
    if (const JsonValue* value = series.find("value")) terminal.print(labels + "  " + point_text(*value));
    else terminal.print(labels);
    for (const JsonValue& point : list_of(series.find("values"))) terminal.print("  " + point_text(point));
  }
  if (list_of(result).empty()) terminal.print("no series");
}

Result<std::string, Refused> query_path(const QueryArguments& arguments, Instant now) {
  const auto bad = [](const std::string& what) { return Refused{Refusal::bad_argument, what}; };
  Instant at = now;
  if (!arguments.at.empty()) {
    const Result<Instant> named = parse_rfc3339(arguments.at);
    if (!named) return bad("--at " + arguments.at + ": expected a time such as 2026-03-01T12:00:00Z");
    at = *named;
  }
  if (arguments.since.empty()) {
    if (!arguments.step.empty()) return bad("--step needs --since");
    const std::string time = arguments.at.empty() ? "" : "&time=" + escaped(format_rfc3339(at));
    return "/api/v1/query?query=" + escaped(arguments.expression) + time;
  }
  const Result<Duration> since = parse_duration(arguments.since);
  if (!since || since->ms <= 0) return bad("--since " + arguments.since + ": expected a duration such as 1h");
  Duration step = std::max(step_min, *since / steps_wanted);
  if (!arguments.step.empty()) {
    const Result<Duration> named = parse_duration(arguments.step);
    if (!named || named->ms <= 0) return bad("--step " + arguments.step + ": expected a duration such as 15s");
    step = *named;
  }
  return "/api/v1/query_range?query=" + escaped(arguments.expression) + "&start=" + escaped(format_rfc3339(at - *since)) +
         "&end=" + escaped(format_rfc3339(at)) + "&step=" + format_duration(step);
}

}  // namespace

ExitCode query(Terminal& terminal, World& world, const ServerArguments& server, const QueryArguments& arguments) {
  const Result<std::string, Refused> path = query_path(arguments, world.clock.now().wall);
  if (!path) return terminal.refuse(path.error());
  Online online(world, server);
  ExitCode code = ExitCode::done;
  const std::optional<JsonValue> answer = online.ask_or_complain(terminal, {"GET", *path}, code);
  if (!answer) {
    // A controller of another release may know another PromQL: its word comes first, and ours only where it agrees.
    if (const std::string caret = caret_under_error(arguments.expression);
        code == ExitCode::usage && !caret.empty() && terminal.format() == Format::table)
      terminal.complain_below(caret);
    return code;
  }
  const JsonValue* data = answer->find("data");
  if (terminal.format() == Format::json || data == nullptr) print_json(terminal, *answer);
  else print_result(terminal, *data);
  for (const JsonValue& warning : list_of(answer->find("warnings"))) terminal.complain(text_of(&warning));
  return code;
}

}  // namespace watchbill::cli
