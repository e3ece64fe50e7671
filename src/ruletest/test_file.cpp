#include "ruletest/test_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/expressions.h"
#include "config/paths.h"
#include "config/values.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/test_series.h"
#include "ruletest/rule_paths.h"
#include "ruletest/values.h"

namespace watchbill::ruletest {
namespace {

using config::Cursor;
using config::Finding;
using config::optional;
using config::required;
using config::table;
using config::whole;

// A name that a test file writes, and a warning about it in case that nothing has it.
struct Mention {
  std::string name;
  Finding at;
};

Mention mention(const Cursor& at, const std::string& name, std::string_view code) {
  return {name, {config::Severity::warning, code, at.place(), at.path(), ""}};
}

// What reading gathers besides the file itself.
struct Reading {
  const Limits& limits;
  TestFile file;
  std::vector<Mention> rule_files;  // absolute patterns
  std::vector<Mention> groups;      // of group_eval_order
  std::vector<Mention> alerts;
};

// --- series ---

struct SeriesKeys {
  std::string series;
  std::string values;
};
constexpr auto series_table = table<SeriesKeys>(
    "tests[].input_series[]",
    required(optional<&SeriesKeys::series, config::read_filled>("series", "series", "", "`name{label=\"value\"}`")),
    optional<&SeriesKeys::values>("values", "points", "", "`1 2+3x4 _ _x3 stale`: one point each interval"));

// The points of a series that can be read; complains about what cannot.
std::size_t check_series(const Cursor& at, const SeriesKeys& keys, const Limits& limits) {
  const config::NodeIndex values = at.file().tree.find(at.index(), "values");
  const Cursor series_at = at.member("series", at.file().tree.find(at.index(), "series"));
  const Result<metrics::promql::SeriesLine> labels = metrics::promql::read_series_line(keys.series, 0);
  if (!labels || !labels->points.empty()) {
    series_at.complain("bad_expression",
                       fmt::format("expected a series such as up{{job=\"web\"}}, found {}", quoted(keys.series)));
    return 0;
  }
  if (labels->holds_start_times) {
    series_at.complain("not_yet_supported", "samples have no start times here: leave out @st");
    return 0;
  }
  const Result<metrics::promql::SeriesLine> whole_line =
      metrics::promql::read_series_line(keys.series + " " + keys.values, limits.points_of_line_max);
  if (whole_line) return whole_line->points.size();
  const Cursor values_at = at.member("values", values == config::no_node ? at.index() : values);
  values_at.complain("bad_points", fmt::format("{}: points are written as 1, 2+3x4, _, _x3 or stale, {} at most",
                                               whole_line.error().detail, limits.points_of_line_max));
  return 0;
}

struct TestKeys {
  Reading* reading{nullptr};
  Test test;
};

void read_series(const Cursor& at, TestKeys& out) {
  if (!config::is_list(at, "series")) return;
  std::size_t point_count = 0;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    SeriesKeys keys;
    if (!config::read_object(element, series_table, keys) || keys.series.empty()) continue;
    // A block of text ends with a line break; one within would end the series.
    while (!keys.values.empty() && (keys.values.back() == '\n' || keys.values.back() == ' ')) keys.values.pop_back();
    if (keys.values.find('\n') != std::string::npos || keys.series.find('\n') != std::string::npos) {
      element.complain("bad_points", "series and values each stand on one line: fold them with `>-`");
      continue;
    }
    point_count += check_series(element, keys, out.reading->limits);
    out.test.series.push_back({keys.series + " " + keys.values, element.place()});
  }
  if (point_count > out.reading->limits.points_of_test_max)
    at.complain("too_large",
                fmt::format("{} points: a test has at most {}", point_count, out.reading->limits.points_of_test_max));
}

// --- alerts ---

constexpr auto alert_table = table<AlertTexts>(
    "tests[].alert_rule_test[].exp_alerts[]",
    optional<&AlertTexts::labels>("exp_labels", "map of text", "", "all labels of the alert; `alertname` is added"),
    optional<&AlertTexts::annotations>("exp_annotations", "map of text", "", "all its annotations, expanded"));

void read_expected_alert(const Cursor& at, AlertTexts& out) {
  if (!config::is_null(at.node())) config::read_object(at, alert_table, out);
}

struct AlertKeys {
  Duration eval_time;
  std::string alert;
  std::vector<AlertTexts> expected;
};
constexpr auto alert_check_table = table<AlertKeys>(
    "tests[].alert_rule_test[]",
    optional<&AlertKeys::eval_time>("eval_time", "duration", "0s", "since the start of the test"),
    required(optional<&AlertKeys::alert, config::read_filled>("alertname", "text", "", "alerts of all rules of this name")),
    optional<&AlertKeys::expected, config::read_each<AlertTexts, read_expected_alert>>(
        "exp_alerts", "list of alerts", "", "exactly those that fire then; pending ones do not count"));

void read_alert_checks(const Cursor& at, TestKeys& out) {
  if (!config::is_list(at, "checks")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    AlertKeys keys;
    if (!config::read_object(element, alert_check_table, keys)) continue;
    for (AlertTexts& alert : keys.expected) alert.labels["alertname"] = keys.alert;
    const config::NodeIndex name = element.file().tree.find(element.index(), "alertname");
    if (name != config::no_node)
      out.reading->alerts.push_back(mention(element.member("alertname", name), keys.alert, "unknown_name"));
    out.test.alerts.push_back({keys.eval_time, std::move(keys.alert), std::move(keys.expected), element.place()});
  }
}

// --- expressions ---

void read_vector_expression(const Cursor& at, std::string& out) {
  config::read_expression(at, out);
  const auto expression = metrics::promql::parse(out);
  if (!expression) return;  // complained
  const auto type = expression->type();
  if (type != metrics::promql::ValueType::scalar && type != metrics::promql::ValueType::instant_vector)
    at.complain("bad_expression", "expected an instant vector or a scalar: a range needs a function such as rate()");
}

void read_histogram(const Cursor& at, std::string& out) {
  config::read(at, out);
  if (!out.empty() && (!out.starts_with("{{") || !metrics::promql::read_series_line("{} " + out, 1)))
    at.complain("bad_points", "expected a native histogram such as {{schema:0 sum:5 count:4 buckets:[1 2 1]}}");
}

constexpr auto sample_table = table<ExpectedSample>(
    "tests[].promql_expr_test[].exp_samples[]",
    optional<&ExpectedSample::labels, read_metric>("labels", "series", "", "`name{label=\"value\"}`, as the answer has it"),
    optional<&ExpectedSample::value, read_number>("value", "number", "0", "compared exactly; see `fuzzy_compare`"),
    optional<&ExpectedSample::histogram, read_histogram>("histogram", "native histogram", "", "instead of a value"));

void read_sample(const Cursor& at, ExpectedSample& out) {
  if (!config::is_null(at.node())) config::read_object(at, sample_table, out);
}

struct ExpressionKeys {
  std::string expression;
  Duration eval_time;
  std::vector<ExpectedSample> expected;
};
constexpr auto expression_table = table<ExpressionKeys>(
    "tests[].promql_expr_test[]",
    required(optional<&ExpressionKeys::expression, read_vector_expression>("expr", "PromQL", "", "asked of series and rules")),
    optional<&ExpressionKeys::eval_time>("eval_time", "duration", "0s", "since the start of the test"),
    optional<&ExpressionKeys::expected, config::read_each<ExpectedSample, read_sample>>("exp_samples", "list of samples", "",
                                                                                        "the whole answer, in any order"));

void read_expression_checks(const Cursor& at, TestKeys& out) {
  if (!config::is_list(at, "checks")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    ExpressionKeys keys;
    if (!config::read_object(element, expression_table, keys)) continue;
    out.test.expressions.push_back({std::move(keys.expression), keys.eval_time, std::move(keys.expected), element.place()});
  }
}

// --- the file ---

void read_interval(const Cursor& at, TestKeys& out) { config::read(at, out.test.interval); }
void read_name(const Cursor& at, TestKeys& out) { config::read(at, out.test.name); }
void read_start_of(const Cursor& at, TestKeys& out) { read_start(at, out.test.start); }
void read_external_labels(const Cursor& at, TestKeys& out) { config::read(at, out.test.external_labels); }
void read_external_url(const Cursor& at, TestKeys& out) { config::read(at, out.test.external_url); }

constexpr auto test_table = table<TestKeys>(
    "tests[]", whole<TestKeys, read_name>("name", "text", "", "what `--run` selects by"),
    whole<TestKeys, read_interval>("interval", "duration", "", "between two points of a series; `evaluation_interval`"),
    whole<TestKeys, read_start_of>("start_timestamp", "seconds or RFC 3339", "0", "of points and evaluations"),
    whole<TestKeys, read_series>("input_series", "list of series", "", "what is in the store"),
    whole<TestKeys, read_alert_checks>("alert_rule_test", "list of checks", "", "which alerts fire"),
    whole<TestKeys, read_expression_checks>("promql_expr_test", "list of checks", "", "what expressions answer"),
    whole<TestKeys, read_external_labels>("external_labels", "map of text", "", "`$externalLabels` in templates"),
    whole<TestKeys, read_external_url>("external_url", "text", "", "`$externalURL` in templates"));

void read_tests(const Cursor& at, Reading& out) {
  if (!config::is_list(at, "tests")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    TestKeys keys;
    keys.reading = &out;
    if (!config::is_null(element.node()) && !config::read_object(element, test_table, keys)) continue;
    keys.test.place = element.place();
    keys.test.path = element.path();
    keys.test.shown_name = keys.test.name.empty() ? fmt::format("unnamed#{}", i) : keys.test.name;
    out.file.tests.push_back(std::move(keys.test));
  }
}

void read_rule_files(const Cursor& at, Reading& out) {
  if (!config::is_list(at, "paths")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string path;
    config::read_path(element, path);
    if (!path.empty()) out.rule_files.push_back(mention(element, path, "no_file"));
  }
}

void read_group_order(const Cursor& at, Reading& out) {
  if (!config::is_list(at, "group names")) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string name;
    config::read_filled(element, name);
    if (!names.insert(name).second) element.complain("duplicate_name", fmt::format("the group {} is written twice", name));
    out.groups.push_back(mention(element, name, "unknown_name"));
  }
}

void read_evaluation_interval(const Cursor& at, Reading& out) {
  Duration interval;
  config::read(at, interval);
  if (interval.ms > 0) out.file.evaluation_interval = interval;  // 0 is a way to leave it out
}

void read_is_fuzzy(const Cursor& at, Reading& out) { config::read(at, out.file.is_fuzzy); }

constexpr auto file_table = table<Reading>(
    "test file",
    whole<Reading, read_rule_files>("rule_files", "list of paths", "", "from the folder of the test file; patterns in any part"),
    whole<Reading, read_evaluation_interval>("evaluation_interval", "duration", "1m",
                                             "between two evaluations of all groups, whatever their own interval"),
    whole<Reading, read_group_order>("group_eval_order", "list of group names", "", "others go along with the first"),
    whole<Reading, read_is_fuzzy>("fuzzy_compare", "true or false", "false", "values may differ in their last bit"),
    whole<Reading, read_tests>("tests", "list of tests", "", "each with a store of its own"));

// --- what follows from the parts ---

class Loader {
 public:
  Loader(const config::FileReader& files, const config::LoadOptions& options, const Limits& limits)
      : files_(files), options_(options), reading_{limits, {}, {}, {}, {}} {}

  LoadedTests load(const std::string& path) {
    if (read(path)) {
      load_rules();
      order_groups();
      for (const Mention& alert : reading_.alerts) find_alert(alert);
      for (Test& test : reading_.file.tests) finish(test);
    }
    LoadedTests out;
    out.dropped_count = dropped_count_ + report_.dropped_count();
    const bool is_good = !report_.has_errors();
    out.findings = report_.take();
    if (is_good) out.file = std::move(reading_.file);
    return out;
  }

 private:
  bool read(const std::string& path) {
    const std::string working = options_.working_directory == "/" ? "" : options_.working_directory;
    const std::string whole_path = config::absolute_path(working, path);
    const config::Place whole_file{path, {}};
    Result<std::string> text = files_.read(whole_path);
    if (!text) {
      report_.add({config::Severity::error, "file_unreadable", whole_file, "", text.error().text()});
      return false;
    }
    Result<config::Tree, config::TreeError> tree = config::parse_tree(std::move(*text), options_.tree);
    if (!tree) {
      report_.add({config::Severity::error, tree.error().code, {path, tree.error().at}, "", tree.error().text});
      return false;
    }
    config::SourceFile file{path, config::folder_of(whole_path), options_.own_host, config::Dialect::prometheus,
                            std::move(*tree)};
    const Cursor root(report_, file, file.tree.root, "");
    if (!config::is_null(root.node()) && !config::read_object(root, file_table, reading_)) return false;
    if (reading_.file.tests.empty() && !report_.has_errors()) root.warn("no_tests", "the file has no tests: nothing is tested");
    return true;
  }

  void load_rules() {
    std::vector<std::string> paths;
    for (const Mention& named : reading_.rule_files) {
      Result<std::vector<std::string>> found = paths_of(named.name, files_, options_.files_max);
      if (!found) {
        Finding finding = named.at;
        finding.severity = config::Severity::error;
        finding.code = "file_unreadable";
        finding.text = found.error().text();
        report_.add(std::move(finding));
        continue;
      }
      if (found->empty()) warn(named, fmt::format("no file is {}: nothing of it is tested", named.name));
      paths.insert(paths.end(), found->begin(), found->end());
    }
    config::Loaded rules = config::check_rule_files(paths, files_, options_);
    for (Finding& finding : rules.findings) report_.add(std::move(finding));
    dropped_count_ += rules.dropped_count;
    if (rules.configuration) reading_.file.groups = std::move(rules.configuration->rule_groups);
  }

  // A group that is not named has the first place too, as in promtool; there chance decides among equals, here the files' order.
  void order_groups() {
    std::vector<std::string_view> known;
    for (const RuleGroupConfiguration& group : reading_.file.groups) known.push_back(group.name);
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < reading_.groups.size(); ++i) {
      places.emplace(reading_.groups[i].name, i);
      if (std::find(known.begin(), known.end(), reading_.groups[i].name) == known.end())
        warn(reading_.groups[i], fmt::format("no rule file has a group {}{}", reading_.groups[i].name,
                                             did_you_mean(reading_.groups[i].name, known)));
    }
    const auto place_of = [&](const RuleGroupConfiguration& group) {
      const auto found = places.find(group.name);
      return found == places.end() ? 0 : found->second;
    };
    std::stable_sort(reading_.file.groups.begin(), reading_.file.groups.end(),
                     [&](const RuleGroupConfiguration& a, const RuleGroupConfiguration& b) { return place_of(a) < place_of(b); });
  }

  // A misspelt name passes every test that expects no alert.
  void find_alert(const Mention& alert) {
    std::vector<std::string_view> known;
    for (const RuleGroupConfiguration& group : reading_.file.groups)
      for (const RuleConfiguration& rule : group.rules)
        if (!rule.alert.empty()) known.push_back(rule.alert);
    if (std::find(known.begin(), known.end(), alert.name) == known.end())
      warn(alert, fmt::format("no rule file has an alert {}{}", alert.name, did_you_mean(alert.name, known)));
  }

  void finish(Test& test) {
    if (test.interval.ms == 0) test.interval = reading_.file.evaluation_interval;
    const std::int64_t count = test.length().ms / reading_.file.evaluation_interval.ms + 1;
    if (count > reading_.limits.evaluations_max)
      report_.add({config::Severity::error, "too_large", test.place, test.path,
                   fmt::format("an eval_time of {} takes {} evaluations, {} at most: write a longer evaluation_interval than {}",
                               format_duration(test.length()), count, reading_.limits.evaluations_max,
                               format_duration(reading_.file.evaluation_interval))});
  }

  static std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
    const std::string_view nearest = nearest_spelling(name, known);
    return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  }

  void warn(const Mention& about, std::string text) {
    Finding finding = about.at;
    finding.text = std::move(text);
    report_.add(std::move(finding));
  }

  const config::FileReader& files_;
  const config::LoadOptions& options_;
  config::Report report_;
  Reading reading_;
  std::size_t dropped_count_{0};
};

}  // namespace

Duration Test::length() const noexcept {
  Duration length;
  for (const AlertCheck& check : alerts) length = std::max(length, check.eval_time);
  for (const ExpressionCheck& check : expressions) length = std::max(length, check.eval_time);
  return length;
}

LoadedTests load_tests(const std::string& path, const config::FileReader& files, const config::LoadOptions& options,
                       const Limits& limits) {
  return Loader(files, options, limits).load(path);
}

std::vector<config::TableView> test_tables() {
  return {file_table.view(),  test_table.view(),       series_table.view(), alert_check_table.view(),
          alert_table.view(), expression_table.view(), sample_table.view()};
}

}  // namespace watchbill::ruletest
