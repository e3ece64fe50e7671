// Generated expressions beside a real Prometheus in short, and that the harness which does it sees what it is to see.
#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "differential/harness/differential.h"
#include "differential/harness/grammar.h"
#include "differential/harness/selectors.h"
#include "differential/harness/world.h"
#include "metrics/promql/ast_walk.h"
#include "metrics/promql/parser.h"

namespace watchbill::differential {
namespace {

namespace promql = metrics::promql;
using Outcome = Verdict::Outcome;

std::string text_of(std::uint64_t seed) { return resolved(expression_of(seed).text(), Instant{1'000'000'000}); }

// --- the generator ---

TEST(generator, a_seed_gives_one_expression_and_one_world) {
  for (std::uint64_t seed = 1; seed < 200; ++seed) EXPECT_EQ(expression_of(seed).text(), expression_of(seed).text());
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) texts.insert(text_of(seed));
  EXPECT_GT(texts.size(), 900U);
  const auto first = world(3, Instant{0}), again = world(3, Instant{0}), other = world(4, Instant{0});
  ASSERT_EQ(first.size(), again.size());
  bool is_other = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first[i].samples.size(), again[i].samples.size());
    is_other = is_other || first[i].samples.size() != other[i].samples.size();
  }
  EXPECT_TRUE(is_other);
}

TEST(generator, series_come_in_the_order_of_their_labels_and_their_times_rise) {
  const auto series = world(1, Instant{0});
  EXPECT_GT(series.size(), 50U);
  for (std::size_t i = 1; i < series.size(); ++i) EXPECT_LT(series[i - 1].labels, series[i].labels);
  for (const WorldSeries& each : series) {
    ASSERT_NE(each.samples.empty(), each.histograms.empty());
    EXPECT_LT(each.samples.empty() ? each.histograms.front().at.ms : each.samples.front().at.ms, 15'000);
    for (std::size_t i = 1; i < each.histograms.size(); ++i) EXPECT_LT(each.histograms[i - 1].at.ms, each.histograms[i].at.ms);
    for (std::size_t i = 1; i < each.samples.size(); ++i) EXPECT_LT(each.samples[i - 1].at.ms, each.samples[i].at.ms);
  }
}

// What of PromQL an expression uses, by name.
void note_uses(const promql::Expression& expression, std::set<std::string>& uses) {
  for (const promql::Node& node : expression.nodes) {
    if (const auto* call = std::get_if<promql::Call>(&node.of)) uses.insert(std::string(call->function->name));
    if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of)) {
      uses.insert(std::string(text_of(aggregate->op)));
      if (aggregate->is_without) uses.insert("without");
      if (!aggregate->grouping.empty()) uses.insert("by");
    }
    if (const auto* binary = std::get_if<promql::Binary>(&node.of)) {
      uses.insert(std::string(text_of(binary->op)));
      if (binary->returns_bool) uses.insert("bool");
      if (binary->has_matching) uses.insert(binary->matching.is_on ? "on" : "ignoring");
      if (binary->matching.cardinality == promql::Cardinality::many_to_one) uses.insert("group_left");
      if (binary->matching.cardinality == promql::Cardinality::one_to_many) uses.insert("group_right");
    }
    const auto note_shift = [&](const promql::TimeShift& shift) {
      if (shift.offset) uses.insert(shift.offset->ms < 0 ? "offset -" : "offset");
      if (shift.at == promql::AtKind::start) uses.insert("@ start");
      if (shift.at == promql::AtKind::end) uses.insert("@ end");
      if (shift.at == promql::AtKind::instant) uses.insert("@");
    };
    if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) {
      uses.insert("subquery");
      note_shift(subquery->shift);
    }
    if (const auto* selector = std::get_if<promql::VectorSelector>(&node.of)) {
      note_shift(selector->shift);
      for (const promql::SelectorMatcher& matcher : selector->matchers)
        uses.insert("matcher " + std::string(text_of(matcher.op)));
    }
  }
}

// A release of Prometheus 2 up to 2.42, or 1.
bool is_of_2_42(const promql::FunctionSignature& function) {
  const std::string since(function.since);
  return since[0] == '1' || (since[0] == '2' && std::stoi(since.substr(2)) <= 42);
}

TEST(generator, uses_all_of_prometheus_2_42_and_what_can_be_judged) {
  std::set<std::string> uses;
  std::size_t parsed_count = 0;
  constexpr std::uint64_t count = 6000;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const std::string text = text_of(seed);
    const auto parsed = promql::parse(text);
    if (!parsed) continue;
    ++parsed_count;
    note_uses(*parsed, uses);
    EXPECT_TRUE(class_of(*parsed).is_judgeable) << "seed " << seed << ": " << text;
  }
  EXPECT_GT(parsed_count, count * 9 / 10);
  EXPECT_LT(parsed_count, count) << "what is refused belongs to it too";
  for (const promql::FunctionSignature& function : promql::all_functions())
    if (is_of_2_42(function)) {
      EXPECT_EQ(uses.count(std::string(function.name)), 1U) << function.name;
    }
  for (const char* name :
       {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values", "by",
        "without", "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless", "bool", "on",
        "ignoring", "group_left", "group_right", "offset", "offset -", "@ start", "@ end", "@", "subquery", "matcher =",
        "matcher !=", "matcher =~", "matcher !~"})
    EXPECT_EQ(uses.count(name), 1U) << name;
}

TEST(generator, times_are_put_in_for_their_place) {
  EXPECT_EQ(resolved("a @ BEGIN+900 + b @ BEGIN+12.25", Instant{1'000'000}), "a @ 1900 + b @ 1012.25");
}

// --- shrinking ---

TEST(shrinking, finds_the_smallest_expression_that_still_differs) {
  std::size_t shrunk_count = 0;
  for (std::uint64_t seed = 1; seed <= 3000 && shrunk_count < 20; ++seed) {
    const Part whole = expression_of(seed);
    if (whole.text().find("stddev_over_time(") == std::string::npos || whole.part_count() < 8) continue;
    ++shrunk_count;
    const Part small =
        shrunk(whole, 2000, [](const Part& part) { return part.text().find("stddev_over_time(") != std::string::npos; });
    EXPECT_LE(small.text().size(), std::string("stddev_over_time(temperature[12s500ms])").size()) << small.text();
    EXPECT_TRUE(promql::parse(resolved(small.text(), Instant{0}))) << small.text();
  }
  EXPECT_EQ(shrunk_count, 20U);
}

TEST(shrinking, asks_no_more_than_it_may) {
  std::size_t asked = 0;
  const auto never = [&](const Part&) { ++asked; return false; };
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    asked = 0;
    static_cast<void>(shrunk(expression_of(seed), 7, never));
    EXPECT_LE(asked, 7U);
  }
}

// --- the comparison ---

Reply vector_of(const std::string& results) {
  return {200, R"({"status":"success","data":{"resultType":"vector","result":[)" + results + "]}}"};
}
std::string element(const std::string& label, const std::string& value) {
  return R"({"metric":{"a":")" + label + R"("},"value":[10,")" + value + "\"]}";
}

Verdict judged(const std::string& expression, const Reply& prometheus, const Reply& watchbill) {
  const auto parsed = promql::parse(expression);
  EXPECT_TRUE(parsed) << expression;
  return compare({class_of(*parsed), false}, prometheus, watchbill);
}

TEST(comparison, sees_every_kind_of_difference) {
  const Reply one = vector_of(element("x", "1") + "," + element("y", "2"));
  EXPECT_EQ(judged("up", one, one).outcome, Outcome::same);
  EXPECT_EQ(judged("up", one, vector_of(element("y", "2") + "," + element("x", "1"))).outcome, Outcome::same)
      << "no order is promised";
  EXPECT_EQ(judged("sort(up)", one, vector_of(element("y", "2") + "," + element("x", "1"))).what, "another order");
  EXPECT_EQ(judged("sort(up)", vector_of(element("x", "1") + "," + element("y", "1")),
                   vector_of(element("y", "1") + "," + element("x", "1"))).outcome, Outcome::same)
      << "of equal values";
  EXPECT_EQ(judged("up", one, vector_of(element("x", "1"))).outcome, Outcome::different);
  EXPECT_EQ(judged("up", one, vector_of(element("x", "1") + "," + element("z", "2"))).outcome, Outcome::different);
  EXPECT_EQ(judged("up", one, vector_of(element("x", "1") + "," + element("y", "2.0000000000000004"))).outcome,
            Outcome::different);
  EXPECT_EQ(judged("up", vector_of(element("x", "0")), vector_of(element("x", "-0"))).outcome, Outcome::different);
  EXPECT_EQ(judged("up", vector_of(element("x", "NaN")), vector_of(element("x", "+Inf"))).outcome, Outcome::different);
  Reply refused{422, R"({"status":"error","errorType":"execution","error":"one text"})"};
  EXPECT_EQ(judged("up", refused, {422, R"({"status":"error","errorType":"execution","error":"another"})"}).outcome,
            Outcome::same);
  EXPECT_EQ(judged("up", refused, {422, R"({"status":"error","errorType":"internal","error":"one text"})"}).outcome,
            Outcome::different);
  EXPECT_EQ(judged("up", refused, one).outcome, Outcome::different);
  EXPECT_EQ(judged("up", {0, ""}, one).outcome, Outcome::different);
  Reply warned = one;
  warned.body.insert(1, R"("warnings":["w"],)");
  EXPECT_EQ(judged("up", one, warned).outcome, Outcome::different);
}

TEST(comparison, allows_last_digits_in_their_classes_alone) {
  const Reply there = vector_of(element("x", "2")), here = vector_of(element("x", "2.0000000000000004"));
  for (const char* expression : {"exp(up)", "-(ln(up))", "up ^ 2", "2 ^ up", "up atan2 up"}) {
    const Verdict verdict = judged(expression, there, here);
    EXPECT_EQ(verdict.outcome, Outcome::allowed) << expression;
    EXPECT_EQ(verdict.by, Deviation::library_digits);
    EXPECT_GT(verdict.units, 0);
    EXPECT_LE(verdict.units, 1);
  }
  for (const char* expression : {"sum(up + 1)", "avg by (a) (sum without (b) (up))", "sum(up + 1) or up"})
    EXPECT_EQ(judged(expression, there, here).by, Deviation::order_of_sums) << expression;
  for (const char* expression : {"sum(up)", "avg(rate(up[5m]))", "stddev(-up)", "max(up + 1)", "abs(exp(up))", "exp(up) + 1",
                                 "sqrt(up)", "sum_over_time(up[5m])"})
    EXPECT_EQ(judged(expression, there, here).outcome, Outcome::different) << expression;
  EXPECT_EQ(judged("exp(up)", there, vector_of(element("x", "2.00000000000001"))).outcome, Outcome::different) << "too far";
  const Reply much = vector_of(element("x", "2e+200")), as_much = vector_of(element("x", "2.0000000000000300e+200"));
  EXPECT_EQ(judged("up ^ 2", much, as_much).by, Deviation::library_digits) << "of a power the exponent counts";
  EXPECT_EQ(judged("exp(up)", much, as_much).outcome, Outcome::different);
  const Reply little = vector_of(element("x", "1e-10")), as_little = vector_of(element("x", "1.000001e-10"));
  EXPECT_EQ(judged("log2(up)", little, as_little).by, Deviation::library_digits) << "near 1 it has the digits of 1";
  EXPECT_EQ(judged("ln(up)", little, as_little).outcome, Outcome::different);
  const Reply zero = vector_of(element("x", "0")), minus = vector_of(element("x", "-0"));
  EXPECT_EQ(judged("max(up + 1)", zero, minus).by, Deviation::order_of_sums);
  EXPECT_EQ(judged("max(up)", zero, minus).outcome, Outcome::different);
  EXPECT_EQ(judged("hour(up)", there, vector_of(element("x", "NaN"))).by, Deviation::calendar_of_no_time);
  EXPECT_EQ(judged("hour(up)", there, vector_of(element("x", "3"))).outcome, Outcome::different);
}

TEST(comparison, allows_ties_of_topk_and_names_of_prometheus_3) {
  const Reply there = vector_of(element("x", "2")), here = vector_of(element("y", "2"));
  EXPECT_EQ(judged("topk(1, up)", there, here).by, Deviation::ties_of_top);
  EXPECT_EQ(judged("topk(1, up)", there, vector_of(element("x", "3"))).outcome, Outcome::different);
  EXPECT_EQ(judged("max(up)", there, here).outcome, Outcome::different);
  const Reply refused{422, R"({"status":"error","errorType":"execution","error":"invalid"})"};
  EXPECT_EQ(judged("label_replace(up, \"0a\", \"x\", \"a\", \".*\")", refused, here).by, Deviation::label_names);
  EXPECT_EQ(judged("label_replace(up, \"a\", \"x\", \"a\", \".*\")", refused, here).outcome, Outcome::different);
}

TEST(classes, what_may_differ_in_any_way_is_told_by_its_tree) {
  const auto other = [](const std::string& text) { return class_of(*promql::parse(text)).other; };
  EXPECT_EQ(other("1 + predict_linear(up[5m] @ 5, 1)"), Deviation::window_read_anew);
  EXPECT_EQ(other("quantile_over_time(scalar(up), up[5m] @ end())"), Deviation::window_read_anew);
  EXPECT_EQ(other("topk(scalar(up), up @ 5)"), Deviation::parameter_read_once);
  EXPECT_EQ(other("quantile(scalar(up @ 5), up)"), Deviation::parameter_read_once);
  EXPECT_EQ(other("(up @ 5)[15s:1m]"), Deviation::subquery_without_steps);
  EXPECT_EQ(other("(up + up @ 5)[15s:]"), Deviation::subquery_without_steps);
  EXPECT_EQ(other("timestamp(up @ 5 offset 1m)"), Deviation::time_without_offset);
  EXPECT_EQ(other("histogram_quantile(0.5, sum(rate(latency[5m])))"), Deviation::native_interpolation);
  EXPECT_EQ(other("histogram_sum(sum by (job) (rate(latency[5m])))"), Deviation::native_sums);
  for (const char* text :
       {"rate(up[5m] @ 5)", "predict_linear(up[5m], 1)", "quantile_over_time(0.5, up[5m] @ 5)", "topk(2, up @ 5)",
        "topk(scalar(up), up)", "(up @ 5)[1m:1m]", "(up)[15s:1m]", "timestamp(up @ 5)", "timestamp(up offset 1m)",
        "up @ 5 offset 1m", "histogram_quantile(0.5, took_seconds_bucket)", "histogram_count(sum(latency))",
        "histogram_sum(rate(latency[5m]))", "sum(rate(took_seconds_bucket[5m]))", "holt_winters(up[5m] @ 5, 0.5, 0.5)"})
    EXPECT_FALSE(other(text)) << text;
}

TEST(classes, what_makes_more_of_last_digits_is_not_judged) {
  const auto is_judgeable = [](const std::string& text) { return class_of(*promql::parse(text)).is_judgeable; };
  for (const char* text : {"exp(up)", "-(exp(up))", "abs(round(clamp(exp(up), -100000, 100000), 0.00137))", "sum(topk(2, up))",
                           "topk(1, up)", "(bottomk(1, up))", "scalar(round(clamp(vector(2 ^ 3), -100000, 100000), 0.00137))"})
    EXPECT_TRUE(is_judgeable(text)) << text;
  for (const char* text : {"abs(exp(up))", "exp(up) > 2", "exp(exp(up))", "round(exp(up), 0.00137)", "sum(up ^ 2)",
                           "abs(topk(1, up))", "sum by (a) (topk(1, up))", "round(clamp(exp(up), -1, 1), 0.00137)",
                           "round(clamp(exp(up), -100000, 100000), 0.5)", "topk(1, up) + 1"})
    EXPECT_FALSE(is_judgeable(text)) << text;
}

// --- beside a real Prometheus ---

TEST(differential, generated_expressions_are_answered_as_a_real_prometheus_does) {
  const auto program = serve_test::Prometheus::program();
  if (!program) GTEST_SKIP() << "no prometheus in the PATH, and WB_PROMETHEUS is not set";
#ifdef WB_SANITIZED
  constexpr std::uint64_t count = 200;
#else
  constexpr std::uint64_t count = 1500;
#endif
  Sides sides(*program, 1);
  ASSERT_EQ(sides.trouble(), "");
  const Tally tally = run(sides, 1, count, 5);
  for (const Difference& difference : tally.differences) ADD_FAILURE() << difference.text();
  if (!tally.differences.empty()) return;
  EXPECT_EQ(tally.answers, 2 * count);
  EXPECT_GT(tally.with_values, tally.answers / 3) << tally.text();
  EXPECT_GT(tally.errors, tally.answers / 50) << tally.text();
}

}  // namespace
}  // namespace watchbill::differential
