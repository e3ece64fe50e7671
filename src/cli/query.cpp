// What a running controller measures: `query`, over Prometheus' API paths.
#include <algorithm>

#include "base/seconds.h"
#include "cli/caret.h"
#include "cli/json_text.h"
#include "cli/online.h"
#include "cli/query_text.h"

namespace watchbill::cli {
namespace {

constexpr std::int64_t steps_wanted = 60;  // of a range whose step nobody named: what a terminal shows
constexpr Duration step_min = Duration::seconds(1);

Result<Instant> time_of(const std::string& text) {
  if (const auto ms = parse_plain_seconds(text)) return Instant{*ms};
  return parse_rfc3339(text);
}

Result<Duration> duration_of(const std::string& text) {
  if (const auto ms = parse_plain_seconds(text)) return Duration{*ms};
  return parse_duration(text);
}

Result<std::string, Refused> query_path(const QueryArguments& arguments, Instant now) {
  const auto bad = [](const std::string& what) { return Refused{Refusal::bad_argument, what}; };
  Instant at = now;
  if (!arguments.at.empty()) {
    const Result<Instant> named = time_of(arguments.at);
    if (!named) return bad("--at " + arguments.at + ": expected a time such as 2026-03-01T12:00:00Z or 1772366400");
    at = *named;
  }
  if (arguments.since.empty()) {
    if (!arguments.step.empty()) return bad("--step needs --since");
    const std::string time = arguments.at.empty() ? "" : "&time=" + escaped(format_rfc3339(at));
    return "/api/v1/query?query=" + escaped(arguments.expression) + time;
  }
  const Result<Duration> since = duration_of(arguments.since);
  if (!since || since->ms <= 0) return bad("--since " + arguments.since + ": expected a duration such as 1h, or seconds");
  Duration step = std::max(step_min, *since / steps_wanted);
  if (!arguments.step.empty()) {
    const Result<Duration> named = duration_of(arguments.step);
    if (!named || named->ms <= 0) return bad("--step " + arguments.step + ": expected a duration such as 15s, or seconds");
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
  else
    for (const std::string& line : query_lines(*data)) terminal.print(line);
  for (const JsonValue& warning : list_of(answer->find("warnings"))) terminal.complain(text_of(&warning));
  return code;
}

}  // namespace watchbill::cli
