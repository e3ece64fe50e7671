// Unit tests of Prometheus rules as `promtool test rules` reads them, unmodified. Pure over a callback that reads files.
//
// Source: Prometheus 3.x, documentation "Unit testing for rules" and cmd/promtool (2026-08). What is read more strictly than
// there: a second YAML document, line breaks within points, and expressions, series and labels that nobody can read are refused
// with their place before any test runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/load.h"
#include "config/reader.h"
#include "metrics/promql/limits.h"
#include "model/configuration_metrics.h"
#include "model/labels.h"

namespace watchbill::ruletest {

// Of what a test file may ask for: files come from anywhere.
struct Limits {
  std::size_t points_of_line_max{1'000'000};       // of one series: `1x999999999` must not fill memory
  std::size_t points_of_test_max{10'000'000};      // of all series of one test
  std::int64_t evaluations_max{1'000'000};         // of the rules in one test: nearly two years at one a minute
  std::size_t differences_max{50};                 // lines about one check; all of it is compared
  metrics::promql::EvaluationLimits evaluation;    // of each rule and expression
};

// One series, read once to be checked and again when its test runs.
struct InputSeries {
  std::string line;  // labels and points as the PromQL test language writes them
  config::Place place;
};

using Texts = std::map<std::string, std::string>;

// Labels and annotations of an alert. An empty value is one, as in promtool: an alert that fires never has an empty label.
struct AlertTexts {
  Texts labels;
  Texts annotations;
  friend auto operator<=>(const AlertTexts&, const AlertTexts&) = default;
};

struct AlertCheck {
  Duration eval_time;
  std::string alert;
  std::vector<AlertTexts> expected;  // `alertname` among the labels
  config::Place place;
};

struct ExpectedSample {
  Labels labels;
  double value{0};
  std::string histogram;  // empty: the value counts
};

struct ExpressionCheck {
  std::string expression;
  Duration eval_time;
  std::vector<ExpectedSample> expected;
  config::Place place;
};

// An entry of `tests`.
struct Test {
  std::string name;        // empty: it has none
  std::string shown_name;  // "unnamed#3" then
  config::Place place;
  std::string path;        // "tests[3]"
  Instant start;           // of samples and evaluations; eval_time counts from here
  Duration interval;       // between two points of a series; more than 0
  std::vector<InputSeries> series;
  std::vector<AlertCheck> alerts;
  std::vector<ExpressionCheck> expressions;
  Labels external_labels;
  std::string external_url;

  // The latest eval_time: rules are evaluated up to there.
  [[nodiscard]] Duration length() const noexcept;
};

struct TestFile {
  Duration evaluation_interval{Duration::minutes(1)};  // more than 0; of all groups, whatever their own interval
  bool is_fuzzy{false};                                // values may differ in the last bit
  std::vector<RuleGroupConfiguration> groups;          // in the order of evaluation
  std::vector<Test> tests;
};

struct LoadedTests {
  std::optional<TestFile> file;  // exactly when no finding is an error
  std::vector<config::Finding> findings;
  std::size_t dropped_count{0};  // findings beyond config::Report::count_max
};

// Reads a test file and the rule files that it names. Never fails otherwise than by findings.
[[nodiscard]] LoadedTests load_tests(const std::string& path, const config::FileReader& files,
                                     const config::LoadOptions& options, const Limits& limits = {});

// The keys of a test file, for documentation and tests.
[[nodiscard]] std::vector<config::TableView> test_tables();

}  // namespace watchbill::ruletest
