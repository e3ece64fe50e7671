// What facts_of() says of an expression, against what evaluate() answers: of generated expressions and of every part of them, at
// several times, no answer may have a label that is "never" there, lack one that is "always" there, have a value beyond the
// bounds, or an element where there can be none.
#include <array>
#include <cmath>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "differential/harness/grammar.h"
#include "differential/harness/selectors.h"
#include "differential/harness/world.h"
#include "metrics/promql/ast_walk.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/promql/result_facts.h"
#include "metrics/tsdb/head.h"

namespace watchbill::differential {
namespace {

namespace promql = metrics::promql;
using promql::Presence;
constexpr Instant begin{1'000'000'000};

class Facts : public ::testing::Test {
 protected:
  Facts() {
    for (const WorldSeries& series : world(1, begin)) {
      for (const auto& sample : series.samples) EXPECT_TRUE(head_.append(series.labels, sample.at, sample.value));
      for (const auto& sample : series.histograms) EXPECT_TRUE(head_.append(series.labels, sample.at, sample.value));
    }
  }

  void check(const std::string& text) {
    auto expression = promql::parse(text);
    if (!expression) return;
    const promql::ExpressionFacts facts = promql::facts_of(*expression);
    std::vector<promql::NodeIndex> waiting{expression->root};
    while (!waiting.empty()) {
      const promql::NodeIndex node = waiting.back();
      waiting.pop_back();
      each_child(expression->at(node), [&](promql::NodeIndex child) { waiting.push_back(child); });
      expression->root = node;
      if (expression->type() == promql::ValueType::instant_vector) check_part(*expression, facts.at(node));
    }
  }

  void check_part(const promql::Expression& part, const promql::ResultFacts& facts) {
    for (const auto semantics : {promql::Semantics::prometheus_3, promql::Semantics::prometheus_2})
      for (const std::int64_t minute : {1, 13, 39}) {
        promql::EvaluationOptions options;
        options.semantics = semantics;
        const auto time = promql::QueryTime::at(begin + Duration::minutes(minute));
        const auto answer = promql::evaluate(part, head_.snapshot(), time, options);
        if (!answer) continue;
        const std::string what = print(part, part.root);
        EXPECT_TRUE(facts.empty_by == promql::no_node || answer->series.empty()) << "is not empty: " << what;
        for (const promql::AnswerSeries& series : answer->series) check_series(what, facts, series, answer->histograms);
      }
    if (facts.empty_by != promql::no_node) ++empty_count_;
  }

  void check_series(const std::string& what, const promql::ResultFacts& facts, const promql::AnswerSeries& series,
                    const metrics::histogram::Arena& histograms) {
    for (const auto& [label, value] : series.labels)
      if (facts.labels.of(label).presence == Presence::never) ADD_FAILURE() << "has " << label << ": " << what;
    for (const auto& [label, fact] : facts.labels.known) {
      if (fact.presence == Presence::never) ++never_count_;
      if (fact.presence != Presence::always) continue;
      ++always_count_;
      EXPECT_TRUE(series.labels.has(label)) << "has no " << label << ": " << what;
      EXPECT_TRUE(!fact.value || series.labels.get(label) == *fact.value) << label << ": " << what;
    }
    const double value = series.samples.front().v;
    const bool is_whole = std::isinf(facts.values.low) && std::isinf(facts.values.high) && facts.values.low != facts.values.high;
    if (is_whole) return;
    ++bounded_count_;
    const auto exact = std::isnan(value) ? promql::ValueRange{} : promql::ValueRange::of(value);
    const bool is_inside = std::isnan(value) ? facts.values.may_be_nan : exact.is_within(facts.values);
    EXPECT_TRUE(is_inside) << promql::value_text(value, histograms) << " is not " << facts.values.text() << ": " << what;
  }

  metrics::tsdb::Head head_;
  std::size_t never_count_{0}, always_count_{0}, bounded_count_{0}, empty_count_{0};
};

std::string generated(std::uint64_t seed) { return resolved(expression_of(seed).text(), begin); }

TEST_F(Facts, hold_for_every_part_of_generated_expressions) {
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) check(generated(seed));
  EXPECT_GT(never_count_, 10'000U);
  EXPECT_GT(always_count_, 10'000U);
  EXPECT_GT(bounded_count_, 3'000U);
}

// Bounds are equal, values are not.
TEST_F(Facts, hold_where_zero_has_a_sign) {
  for (const char* text : {"vector(0 atan2 -(0))", "vector(1 / -(0))", "vector((-(0)) ^ -1)", "vector(0 / 5)"})
    check(text);
}

// The generator seldom puts two things together that cannot go together.
TEST_F(Facts, hold_for_generated_expressions_that_are_joined) {
  constexpr std::array forms{
      "({0}) and ({1})",
      "({0}) unless ({1})",
      "({0}) or ({1})",
      "({0}) unless ({0})",
      "({0}) > 3 and ({0}) < {2}",
      "({0}) >= 2 unless ({0}) > {2}",
      "({0}) > ({0})",
      "count by (job) ({0}) < {2}",
      "(({0}) == bool ({1})) > {2}",
      "-abs({0}) * {2} > 0",
      "sum by (job) ({0}) * on (job) group_left (instance, code) ({1})",
      "({0}) and on (job, instance) sum by (job) ({1})",
      "sum by (job, instance) ({0}) - on (job) group_left () sum by (job) ({1})",
      "max without (instance) ({0}) >= ignoring (code) max by (job) ({1})",
      "label_replace(max by (job) ({0}), \"instance\", \"a\", \"job\", \"api\") unless on (instance) ({1})",
      "count_values by (job) (\"n\", {0}) and on (n) sparse{{n=\"{2}\"}}",
      "max by (job) ({0}) and max by (job) (requests_total{{job=\"web\"}})",
      "errors_total{{job=\"api\"}} * on (instance) ({0})",
      "errors_total{{job=\"api\", job!~\"a.*|{2}\"}} or ({0})",
      "-sum by (instance, __name__) ({0}) != ({1})",
  };
  std::uint64_t seed = 10'000;
  for (int round = 0; round < 60; ++round)
    for (const char* form : forms) {
      const std::string left = generated(++seed);
      const std::string right = generated(++seed);
      check(fmt::format(fmt::runtime(form), left, right, seed % 5));
    }
  EXPECT_GT(empty_count_, 100U);
}

}  // namespace
}  // namespace watchbill::differential
