#include "cli/routes.h"

#include <optional>
#include <utility>

#include "base/json.h"
#include "cli/caret.h"
#include "cli/check.h"
#include "config/disk.h"
#include "model/matcher/matcher.h"
#include "routetest/difference.h"
#include "routetest/run.h"

namespace watchbill::cli {
namespace {

// Nothing after complaints: the file cannot be taken.
std::optional<RoutingConfiguration> routing_in(Terminal& terminal, const std::string& path) {
  config::Loaded loaded = config::check_alertmanager_file(path, config::disk_files(), load_options());
  if (loaded.configuration && loaded.configuration->routing) return std::move(*loaded.configuration->routing);
  for (const config::Finding& finding : loaded.findings)
    if (finding.severity == config::Severity::error) print_finding(terminal, finding);
  return std::nullopt;
}

Result<Labels, Refused> labels_of(const std::vector<std::string>& written) {
  Labels labels;
  for (const std::string& each : written) {
    const std::size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0)
      return Refused{Refusal::bad_argument, "expected NAME=VALUE, a label of the alert; found \"" + each + "\""};
    labels.set(each.substr(0, equals), each.substr(equals + 1));
  }
  return labels;
}

std::string line_of(const RouteConfiguration& route) {
  std::string text = route.matchers.empty() ? std::string("{}") : watchbill::text(route.matchers);
  text += "  receiver: " + route.receiver;
  if (route.after == AfterMatch::next_sibling) text += "  continue: true";
  for (const std::string& each : route.mute_time_intervals) text += "  muted at: " + each;
  for (const std::string& each : route.active_time_intervals) text += "  active at: " + each;
  return text;
}

// Children stand below their parents, two columns further to the right.
void print_tree(Terminal& terminal, const std::vector<RouteConfiguration>& routes) {
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    while (!ends.empty() && ends.back() <= i) ends.pop_back();
    terminal.print(std::string(2 * ends.size(), ' ') + one_line(line_of(routes[i])));
    ends.push_back(routes[i].end);
  }
}

void print_ways(Terminal& terminal, const std::vector<routetest::Way>& ways) {
  std::vector<std::vector<std::string>> rows;
  for (const routetest::Way& way : ways)
    rows.push_back({one_line(way.receiver), one_line(way.route), way.muted ? one_line(routetest::text_of(*way.muted)) : "-"});
  if (terminal.format() == Format::table) return terminal.table({"RECEIVER", "ROUTE", "MUTED BY"}, rows);
  for (const routetest::Way& way : ways) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    if (way.muted) json.key("muted_by").string(routetest::text_of(*way.muted));
    json.key("receiver").string(way.receiver).key("route").string(way.route).end_object();
    terminal.print(text);
  }
}

void print_verdict(Terminal& terminal, const std::string& file, const routetest::RouteVerdict& verdict) {
  if (terminal.format() == Format::table) {
    for (const std::string& difference : verdict.differences)
      terminal.print(one_line(file + ":" + std::to_string(verdict.place.at.line) + ": " + verdict.name + ": " + difference));
    return;
  }
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("differences").begin_array();
  for (const std::string& difference : verdict.differences) json.string(difference);
  json.end_array().key("file").string(file).key("line").integer(verdict.place.at.line).key("name").string(verdict.name);
  json.key("outcome").string(verdict.has_passed ? "passed" : "failed").end_object();
  terminal.print(text);
}

void print_differences(Terminal& terminal, const std::vector<routetest::Difference>& differences) {
  std::vector<std::vector<std::string>> rows;
  for (const routetest::Difference& each : differences) {
    const std::string change = each.is_told_now ? "more" : "less";
    if (terminal.format() == Format::table) {
      rows.push_back({change, one_line(each.receiver), std::to_string(each.count), format_rfc3339(each.last_at),
                      one_line(each.alert), one_line(each.why)});
      continue;
    }
    std::string text;
    JsonWriter json(text);
    json.begin_object().key("alert").string(each.alert).key("change").string(change);
    json.key("count").integer(static_cast<std::int64_t>(each.count)).key("first_at").string(format_rfc3339(each.first_at));
    json.key("last_at").string(format_rfc3339(each.last_at)).key("receiver").string(each.receiver);
    json.key("why").string(each.why).end_object();
    terminal.print(text);
  }
  if (!rows.empty()) terminal.table({"TOLD", "RECEIVER", "TIMES", "LAST", "ALERT", "WHY NOT BY THE OTHER"}, rows);
}

// Shows every event of the journal to the comparison.
Status compare_recorded(ports::JournalPort& journal, Duration since, routetest::Comparison& comparison) {
  const Result<ports::JournalEnd> end = journal.end();
  if (!end) return end.error();
  const Instant from = since > Duration{} ? end->head.time - since : Instant{};
  std::optional<Error> failure;
  const Status walked = journal.read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    if (!record.payload) return true;
    const Result<RecordEvents, DecodeFailure> body = decode_events(*record.payload);
    if (!body) failure = Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body.error().what};
    if (failure) return false;
    for (const RecordedEvent& each : body->events) comparison.take(each.event, from);
    return true;
  });
  if (failure) return *failure;
  return walked;
}

}  // namespace

ExitCode route_show(Terminal& terminal, World& world, const RouteArguments& arguments) {
  const std::optional<RoutingConfiguration> routing = routing_in(terminal, arguments.configuration);
  if (!routing) return ExitCode::usage;
  if (arguments.labels.empty()) {
    print_tree(terminal, routing->routes);
    return ExitCode::done;
  }
  const Result<Labels, Refused> labels = labels_of(arguments.labels);
  if (!labels) return terminal.refuse(labels.error());
  Instant at = world.clock.now().wall;
  if (!arguments.at.empty()) {
    const Result<Instant> given = parse_rfc3339(arguments.at);
    if (!given)
      return terminal.refuse(Refused{Refusal::bad_argument, "--at: expected an instant such as 2026-03-01T02:00:00Z, found \"" +
                                                                arguments.at + "\""});
    at = *given;
  }
  routetest::Router router(*routing);
  router.begin("the alert itself", *labels);
  print_ways(terminal, router.ways_of(*labels, at));
  return ExitCode::done;
}

ExitCode route_test(Terminal& terminal, World&, const RouteArguments& arguments) {
  std::size_t passed = 0, failed = 0, unreadable = 0;
  for (const std::string& path : arguments.files) {
    const routetest::LoadedRouteTests loaded =
        routetest::load_route_tests(path, arguments.configuration, config::disk_files(), load_options());
    for (const config::Finding& finding : loaded.findings) print_finding(terminal, finding);
    unreadable += loaded.file ? 0U : 1U;
    if (!loaded.file) continue;
    for (const routetest::RouteTest& test : loaded.file->tests) {
      const routetest::RouteVerdict verdict = routetest::run(loaded.file->routing, test);
      (verdict.has_passed ? passed : failed) += 1;
      print_verdict(terminal, path, verdict);
    }
  }
  if (terminal.format() == Format::table) {
    std::string counts = "passed " + std::to_string(passed) + ", failed " + std::to_string(failed);
    if (unreadable > 0) counts += ", " + std::to_string(unreadable) + (unreadable == 1 ? " file not taken" : " files not taken");
    terminal.print(counts);
  }
  if (unreadable > 0) return ExitCode::usage;
  return failed > 0 ? ExitCode::negative : ExitCode::done;
}

ExitCode route_diff(Terminal& terminal, World& world, const RouteArguments& arguments) {
  const std::optional<RoutingConfiguration> before = routing_in(terminal, arguments.configuration);
  const std::optional<RoutingConfiguration> after = routing_in(terminal, arguments.changed);
  if (!before || !after) return ExitCode::usage;
  Duration since;
  if (!arguments.since.empty()) {
    const Result<Duration> given = parse_duration(arguments.since);
    if (!given || *given <= Duration{})
      return terminal.refuse(
          Refused{Refusal::bad_argument, "--since: expected a duration such as 7d, found \"" + arguments.since + "\""});
    since = *given;
  }
  const auto journal = world.read_journal(arguments.data);
  if (!journal) return terminal.fail(journal.error());
  routetest::Comparison comparison(*before, *after);
  if (Status compared = compare_recorded(**journal, since, comparison); !compared) return terminal.fail(compared.error());
  const std::vector<routetest::Difference> differences = comparison.differences();
  print_differences(terminal, differences);
  const std::string outcome =
      differences.empty() ? "nobody is told more or less" : "differences: " + std::to_string(differences.size());
  if (terminal.format() == Format::table)
    terminal.print(std::to_string(comparison.fired_count()) + " firings routed, " + outcome);
  if (comparison.fired_count() == 0) return ExitCode::not_enough_data;
  return differences.empty() ? ExitCode::done : ExitCode::negative;
}

}  // namespace watchbill::cli
