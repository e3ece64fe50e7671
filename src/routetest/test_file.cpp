#include "routetest/test_file.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "config/alertmanager_matchers.h"
#include "config/paths.h"
#include "config/values.h"

namespace watchbill::routetest {
namespace {

using config::Cursor;
using config::required;
using config::whole;

struct FileKeys {
  std::string configuration;  // absolute
  config::Place configuration_place;
  std::vector<RouteTest> tests;
};

void read_alert(const Cursor& at, RouteTest& out) { config::read(at, out.alert); }

void read_at(const Cursor& at, RouteTest& out) {
  std::string text;
  config::read_filled(at, text);
  if (text.empty()) return;
  const Result<Instant> instant = parse_rfc3339(text);
  if (instant) out.at = *instant;
  else at.complain("out_of_range", fmt::format("expected an instant such as 2026-03-01T02:00:00Z, found \"{}\"", text));
}

void read_labels(const Cursor& at, Labels& out) { config::read(at, out); }

void read_firing(const Cursor& at, RouteTest& out) { config::read_each<Labels, read_labels>(at, out.firing); }

void read_silence(const Cursor& at, std::vector<LabelMatcher>& out) {
  config::WrittenMatchers written;
  config::read_matcher_texts(at, written);
  if (written.is_whole && written.all.empty())
    at.complain("out_of_range", "expected at least one matcher: a silence without any would mute everything");
  out = std::move(written.all);
}

void read_silences(const Cursor& at, RouteTest& out) {
  config::read_each<std::vector<LabelMatcher>, read_silence>(at, out.silences);
}

void read_receivers(const Cursor& at, RouteTest& out) {
  config::read(at, out.receivers);
}

void read_muted_by(const Cursor& at, RouteTest& out) { config::read(at, out.muted_by); }

constexpr auto expect_table = config::table<RouteTest>(
    "tests.NAME.expect",
    whole<RouteTest, read_receivers>("receivers", "list of names", "", "who is told at that moment, in any order; []: nobody"),
    whole<RouteTest, read_muted_by>("muted_by", "none, inhibition, silence or time_interval", "",
                                    "what keeps somebody whose route the alert takes from being told"));

void read_expect(const Cursor& at, RouteTest& out) {
  if (!config::read_object(at, expect_table, out)) return;
  if (!at.has("receivers") && !at.has("muted_by"))
    at.complain("missing_key", "expected at least one of the keys receivers and muted_by");
}

constexpr auto test_table = config::table<RouteTest>(
    "tests.NAME", required(whole<RouteTest, read_alert>("alert", "map of text", "", "the labels of the alert that fires")),
    whole<RouteTest, read_at>("at", "instant", "", "when; needed where its routes have time intervals"),
    whole<RouteTest, read_firing>("firing", "list of maps", "", "labels of other alerts that fire then"),
    whole<RouteTest, read_silences>("silences", "list of lists of matchers", "", "that hold then"),
    required(whole<RouteTest, read_expect>("expect", "settings", "", "what is to happen")));

void read_test(const Cursor& at, RouteTest& out) {
  out.place = at.place();
  if (!config::read_object(at, test_table, out)) return;
  if (at.has("silences") && !out.at) at.complain("missing_key", "expected the key at: silences are asked for at an instant");
}

void read_tests(const Cursor& at, FileKeys& out) {
  if (!config::is_object(at, "tests")) return;
  const std::vector<config::NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    read_test(at.member(name, children[i + 1]), out.tests.emplace_back());
    out.tests.back().name = name;
  }
}

void read_configuration(const Cursor& at, FileKeys& out) {
  config::read_path(at, out.configuration);
  out.configuration_place = at.place();
}

constexpr auto file_table = config::table<FileKeys>(
    "route test file",
    whole<FileKeys, read_configuration>("alertmanager_config", "path", "", "the file that is tested, from this one's folder"),
    required(whole<FileKeys, read_tests>("tests", "map of tests", "", "by name")));

bool has_errors(const std::vector<config::Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const config::Finding& each) { return each.severity == config::Severity::error; });
}

bool read_keys_of(const std::string& path, const config::FileReader& files, const config::LoadOptions& options,
                  config::Report& report, FileKeys& out) {
  const std::string working = options.working_directory == "/" ? "" : options.working_directory;
  const std::string whole_path = config::absolute_path(working, path);
  Result<std::string> text = files.read(whole_path);
  if (!text) {
    report.add({config::Severity::error, "file_unreadable", {path, {}}, "", text.error().text()});
    return false;
  }
  Result<config::Tree, config::TreeError> tree = config::parse_tree(std::move(*text), options.tree);
  if (!tree) {
    report.add({config::Severity::error, tree.error().code, {path, tree.error().at}, "", tree.error().text});
    return false;
  }
  const config::SourceFile file{path, config::folder_of(whole_path), options.own_host, config::Dialect::bill, std::move(*tree)};
  return config::read_object(Cursor(report, file, file.tree.root, ""), file_table, out);
}

}  // namespace

LoadedRouteTests load_route_tests(const std::string& path, const std::string& configuration, const config::FileReader& files,
                                  const config::LoadOptions& options) {
  config::Report report;
  FileKeys keys;
  LoadedRouteTests out;
  const bool is_read = read_keys_of(path, files, options, report, keys);
  if (is_read && configuration.empty() && keys.configuration.empty())
    report.add({config::Severity::error, "missing_key", {path, {}}, "alertmanager_config",
                "expected the path of the Alertmanager file that is tested, here or as --config"});
  out.findings = report.take();
  if (!is_read || has_errors(out.findings)) return out;
  config::Loaded loaded =
      config::check_alertmanager_file(configuration.empty() ? keys.configuration : configuration, files, options);
  out.findings.insert(out.findings.end(), loaded.findings.begin(), loaded.findings.end());
  if (has_errors(out.findings) || !loaded.configuration || !loaded.configuration->routing) return out;
  std::sort(keys.tests.begin(), keys.tests.end(), [](const RouteTest& a, const RouteTest& b) { return a.name < b.name; });
  out.file = RouteTestFile{std::move(*loaded.configuration->routing), std::move(keys.tests)};
  return out;
}

std::vector<config::TableView> route_test_tables() { return {file_table.view(), test_table.view(), expect_table.view()}; }

}  // namespace watchbill::routetest
