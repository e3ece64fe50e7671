#include "metrics/promql/evaluate.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "metrics/promql/evaluation.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/promql/test_language.h"
#include "metrics/tsdb/head.h"
#include "places.h"
#include "promql/conformance_data.h"

namespace watchbill::metrics::promql {
namespace {

class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    for (int i = 0; i <= 20; ++i)
      for (const char* host : {"b", "a"}) put(Labels({{"__name__", "x_total"}, {"host", host}}), i * 15'000, i);
    for (const char* name : {"first", "second"}) put(Labels({{"__name__", name}, {"host", "a"}}), 300'000, 7);
  }
  void put(const Labels& labels, std::int64_t at_ms, double value) { ASSERT_TRUE(head_.append(labels, Instant{at_ms}, value)); }

  // The answer as text: "LABELS VALUE@SECONDS …; …", "REASON LINE:COLUMN MESSAGE" when refused.
  std::string ask(std::string_view text, const QueryTime& time) {
    const auto expression = parse(text);
    if (!expression) return expression.error().text();
    const auto answer = evaluate(*expression, head_.snapshot(), time, options_);
    if (!answer) {
      const EvaluationError& error = answer.error();
      return std::string(word(error.reason)) + " " + std::to_string(error.at.line) + ":" + std::to_string(error.at.column) + " " +
             error.message;
    }
    std::string out;
    if (answer->type == ValueType::scalar && answer->series.empty()) return format_value(answer->scalar);
    if (answer->type == ValueType::string) return answer->text;
    for (const AnswerSeries& series : answer->series) {
      if (!out.empty()) out += "; ";
      out += series.labels.text();
      for (const tsdb::Sample& sample : series.samples)
        out += " " + format_value(sample.v) + "@" + std::to_string(sample.t_ms / 1000);
    }
    for (const Annotation& annotation : answer->annotations) out += " # " + annotation.text;
    return out;
  }
  std::string ask(std::string_view text) { return ask(text, QueryTime::at(Instant{300'000})); }

  tsdb::Head head_;
  EvaluationOptions options_;
};

TEST_F(Evaluate, series_come_in_label_order_whatever_order_they_were_stored_in) {
  EXPECT_EQ(ask("x_total"), "x_total{host=\"a\"} 20@300; x_total{host=\"b\"} 20@300");
  EXPECT_EQ(ask("second or on(__name__) first"), "first{host=\"a\"} 7@300; second{host=\"a\"} 7@300");
  EXPECT_EQ(ask("x_total{host=\"a\"}", QueryTime{Instant{0}, Instant{30'000}, Duration::seconds(15)}),
            "x_total{host=\"a\"} 0@0 1@15 2@30");
}

TEST_F(Evaluate, prometheus_2_keeps_the_left_end_of_windows_and_lookback) {
  EXPECT_EQ(ask("count_over_time(x_total{host=\"a\"}[1m])"), "{host=\"a\"} 4@300");
  EXPECT_EQ(ask("first", QueryTime::at(Instant{600'000})), "");
  options_.semantics = Semantics::prometheus_2;
  EXPECT_EQ(ask("count_over_time(x_total{host=\"a\"}[1m])"), "{host=\"a\"} 5@300");
  EXPECT_EQ(ask("count_over_time(x_total{host=\"a\"}[1m:15s])"), "{host=\"a\"} 5@300");
  EXPECT_EQ(ask("first", QueryTime::at(Instant{600'000})), "first{host=\"a\"} 7@600");
  EXPECT_EQ(ask("first", QueryTime::at(Instant{600'001})), "");
}

TEST_F(Evaluate, prometheus_2_adds_up_without_compensation) {
  const auto series = [&](const char* name, std::vector<double> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      put(Labels({{"__name__", name}, {"n", std::string(1, static_cast<char>('a' + i))}}), 300'000, values[i]);
  };
  series("wide", {1e16, 1, -1e16});
  series("tenths", {0.1, 0.4, 3});
  series("minus", {-0.0});
  series("below", {-std::numeric_limits<double>::infinity()});
  series("boundless", {std::numeric_limits<double>::infinity(), 1, 2});
  EXPECT_EQ(ask("sum(wide)"), "{} 1@300");
  EXPECT_EQ(ask("stddev(boundless{n=\"a\"})"), "{} NaN@300");
  EXPECT_EQ(ask("avg(tenths)"), "{} 1.1666666666666667@300");
  EXPECT_EQ(ask("stdvar(tenths)"), "{} 1.6955555555555553@300");
  options_.semantics = Semantics::prometheus_2;
  EXPECT_EQ(ask("sum(wide)"), "{} 0@300");
  EXPECT_EQ(ask("sum(minus)"), "{} -0@300");
  EXPECT_EQ(ask("avg(tenths)"), "{} 1.1666666666666665@300");
  EXPECT_EQ(ask("avg(boundless)"), "{} +Inf@300");
  EXPECT_EQ(ask("avg({__name__=~\"boundless|below\"})"), "{} NaN@300");
  EXPECT_EQ(ask("stddev(boundless{n=\"a\"})"), "{} 0@300") << "one value does not deviate";
  EXPECT_EQ(ask("stdvar(boundless)"), "{} NaN@300");
  EXPECT_EQ(ask("stdvar(tenths)"), "{} 1.6955555555555557@300");
}

TEST_F(Evaluate, prometheus_2_means_of_windows_keep_infinities_but_deviations_do_not) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double values[] = {1, infinity, 2};
  for (int i = 0; i < 3; ++i) put(Labels({{"__name__", "boundless"}, {"n", "a"}}), 240'000 + i * 30'000, values[i]);
  options_.semantics = Semantics::prometheus_2;
  EXPECT_EQ(ask("avg_over_time(boundless[1m])"), "{n=\"a\"} +Inf@300");
  EXPECT_EQ(ask("stdvar_over_time(boundless[1m])"), "{n=\"a\"} NaN@300");
  EXPECT_EQ(ask("avg_over_time(x_total{host=\"a\"}[1m])"), "{host=\"a\"} 18@300");
}

TEST_F(Evaluate, prometheus_2_counts_matches_among_the_pairs_whose_comparison_holds) {
  put(Labels({{"__name__", "pair"}, {"n", "a"}}), 300'000, 1);
  put(Labels({{"__name__", "pair"}, {"n", "b"}}), 300'000, 9);
  const std::string refused =
      "many_to_many 1:1 multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
  EXPECT_EQ(ask("pair > on () first"), refused);
  options_.semantics = Semantics::prometheus_2;
  EXPECT_EQ(ask("pair > on () first"), "{} 9@300");
  EXPECT_EQ(ask("pair > on () group_left () first"), "pair{n=\"b\"} 9@300");
  EXPECT_EQ(ask("pair != on () first"), refused);
  EXPECT_EQ(ask("pair > bool on () first"), refused);
  EXPECT_EQ(ask("pair + on () first"), refused);
}

TEST_F(Evaluate, prometheus_2_takes_small_differences_of_buckets_for_what_they_are) {
  const std::pair<const char*, double> buckets[] = {{"1", 10}, {"5", 10.0000000000001}, {"+Inf", 10.0000000000002}};
  for (const auto& [bound, count] : buckets)
    put(Labels({{"__name__", "b"}, {"le", bound}}), 300'000, count);
  EXPECT_EQ(ask("histogram_quantile(1, b)"), "{} 1@300");
  options_.semantics = Semantics::prometheus_2;
  EXPECT_EQ(ask("histogram_quantile(1, b)"), "{} 5@300");
}

TEST_F(Evaluate, names_leave_at_once_unless_removed_late) {
  EXPECT_EQ(ask("sum by (__name__) (increase(x_total[1m]))"), "{} 8@300");
  EXPECT_EQ(ask("-{__name__=~\"first|second\"}"), "duplicate_series 1:1 vector cannot contain metrics with the same labelset");
  EXPECT_EQ(ask("label_replace(-first, \"was\", \"$1\", \"__name__\", \"(.+)\")"), "{host=\"a\"} -7@300")
      << "the name is gone already";
  EXPECT_EQ(ask("sum by (__name__) (-first or sum(x_total))"), "{} 33@300") << "no name is the name of both";
  EXPECT_EQ(ask("(-first) * on (__name__) sum(x_total)"), "{} -280@300");
  const QueryTime both{Instant{0}, Instant{300'000}, Duration::seconds(300)};
  EXPECT_EQ(ask("-(first or x_total{host=\"a\"})"), "{host=\"a\"} -7@300") << "the other has no value at this step";
  EXPECT_EQ(ask("-(first or x_total{host=\"a\"})", both).substr(0, 16), "duplicate_series");
  options_.removes_names_late = true;
  EXPECT_EQ(ask("label_replace(-first, \"was\", \"$1\", \"__name__\", \"(.+)\")"), "{host=\"a\", was=\"first\"} -7@300");
}

TEST_F(Evaluate, refusals_name_the_part_that_cannot_be_evaluated) {
  EXPECT_EQ(ask("1 +\n  (first * on() group_left {__name__=~\"first|second\"})").substr(0, 16), "many_to_many 2:4");
  EXPECT_EQ(ask("sum(topk(NaN, first))"), "bad_parameter 1:5 Parameter value is NaN");
  EXPECT_EQ(ask("rate(first[1m * 0])"), "bad_duration 1:6 duration must be greater than 0");
  EXPECT_EQ(ask("first[5m]", QueryTime{Instant{0}, Instant{1000}, Duration::seconds(1)}),
            "wrong_type 1:1 invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
  EXPECT_EQ(ask("double_exponential_smoothing(first[5m], 2, 0.1)"),
            "bad_parameter 1:1 invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000");
}

// Some bits of a NaN stand for something inside, others do once their sign is gone: the mark of a histogram that nobody has, a
// step without a sample, a staleness marker.
TEST_F(Evaluate, a_nan_of_any_bits_is_a_nan) {
  constexpr std::uint64_t odd[] = {0xFFF5'0000'0000'0001, 0xFFF4'0000'0000'0ABD, 0xFFF0'0000'0000'0002, 0x7FF5'0000'0000'0001,
                                   0x7FF4'0000'0000'0ABD};
  for (std::size_t i = 0; i < std::size(odd); ++i)
    put(Labels({{"__name__", "odd"}, {"n", std::to_string(i)}}), 300'000, std::bit_cast<double>(odd[i]));
  histogram::Histogram latency;
  latency.positive = {{0, 2}};
  latency.count = 2;
  for (std::size_t i = 0; i < std::size(odd); ++i) {
    latency.sum = std::bit_cast<double>(odd[i]);
    ASSERT_TRUE(head_.append(Labels({{"__name__", "latency"}, {"n", std::to_string(i)}}), Instant{300'000}, latency));
  }
  for (const char* text : {"odd", "-odd", "abs(odd)", "-last_over_time(odd[1m])", "abs(max_over_time(odd[1m]))",
                           "clamp(-odd, 0, 1)", "-abs(odd) or odd", "histogram_sum(latency)", "-histogram_sum(latency)"}) {
    const auto expression = parse(text);
    ASSERT_TRUE(expression) << text;
    const auto answer = evaluate(*expression, head_.snapshot(), QueryTime::at(Instant{300'000}), options_);
    ASSERT_TRUE(answer) << text << ": " << answer.error().message;
    EXPECT_EQ(answer->series.size(), std::size(odd)) << text;
    for (const AnswerSeries& series : answer->series) {
      const double value = series.samples.at(0).v;
      EXPECT_TRUE(std::isnan(value) && is_float(value) && !tsdb::is_stale(value)) << text << " " << series.labels.text();
    }
  }
}

TEST_F(Evaluate, every_limit_is_met_by_name) {
  const QueryTime hour{Instant{0}, Instant{3'600'000}, Duration::seconds(15)};
  options_.limits.steps_max = 240;
  EXPECT_EQ(ask("1", hour), "too_many_steps 1:1 the range has more than 240 steps");
  options_.limits.steps_max = 241;
  EXPECT_EQ(ask("1", hour).substr(0, 7), "{} 1@0 ");
  options_.limits.subquery_steps_max = 60;
  EXPECT_EQ(ask("sum_over_time(x_total[5m:5s])").substr(0, 3), "{ho");
  EXPECT_EQ(ask("sum_over_time(x_total[5m5s:5s])"), "too_many_steps 1:15 the subquery has more than 60 steps");
  options_.limits.series_max = 1;
  EXPECT_EQ(ask("first"), "first{host=\"a\"} 7@300");
  EXPECT_EQ(ask("x_total"), "too_many_series 1:1 the selector matches more than 1 series");
  options_.limits = EvaluationLimits{};
  options_.limits.samples_max = 40;
  EXPECT_EQ(ask("sum(first + rate(x_total[5m]))"),
            "too_many_samples 1:13 query processing would load too many samples into memory: more than 40");
}

TEST_F(Evaluate, no_label_grows_without_bound) {
  std::string doubled = "first";
  for (int i = 0; i < 40; ++i) doubled = "label_join(" + doubled + ", \"host\", \"\", \"host\", \"host\")";
  EXPECT_EQ(ask(doubled).substr(0, 21), "label_value_too_long ");
  doubled = "first";
  for (int i = 0; i < 40; ++i) doubled = "label_replace(" + doubled + ", \"host\", \"$1$1\", \"host\", \"(.*)\")";
  EXPECT_EQ(ask(doubled).substr(0, 21), "label_value_too_long ");

  const auto joined = [](int length) {
    return "label_join(first, \"host\", \"" + std::string(static_cast<std::size_t>(length), 'x') + "\", \"host\", \"host\")";
  };
  options_.limits.label_value_bytes_max = 10;
  EXPECT_EQ(ask(joined(8)), "first{host=\"axxxxxxxxa\"} 7@300");
  EXPECT_EQ(ask(joined(9)),
            "label_value_too_long 1:1 label_join() would make a label value of more than 10 bytes (label_value_bytes_max)");
  EXPECT_EQ(ask("label_replace(first, \"to\", \"$1$1$1$1$1$1$1$1$1$1\", \"host\", \"(.)\")"),
            "first{host=\"a\", to=\"aaaaaaaaaa\"} 7@300");
  EXPECT_EQ(ask("label_replace(first, \"to\", \"$1$1$1$1$1$1$1$1$1$1$1\", \"host\", \"(.)\")"),
            "label_value_too_long 1:1 label_replace() would make a label value of more than 10 bytes (label_value_bytes_max)");
  EXPECT_EQ(ask("count_values(\"value\", first * 123456789)"), "{value=\"864197523\"} 1@300");
  EXPECT_EQ(ask("count_values(\"value\", first * 12345678901)"),
            "label_value_too_long 1:1 count_values() would make a label value of more than 10 bytes (label_value_bytes_max)");
}

TEST_F(Evaluate, label_sets_count_towards_a_limit_whoever_makes_them) {
  // Two series with x_total (15 bytes), host (5) and long (104), 32 for each label and each set: 504 together.
  const std::string refusal = "too_many_label_bytes";
  const std::string longer = "label_replace(x_total, \"long\", \"" + std::string(100, 'l') + "\", \"\", \"\")";
  options_.limits.label_bytes_max = 700;
  EXPECT_EQ(ask(longer).substr(0, 8), "x_total{");
  EXPECT_EQ(ask("sum by (long) (" + longer + ")").substr(0, 6), "{long=");
  for (const std::string& text :
       {"label_replace(" + longer + ", \"a\", \"b\", \"\", \"\")", "label_join(" + longer + ", \"a\", \"b\", \"host\", \"host\")",
        "sum by (host, long) (" + longer + ")", "count_values by (host, long) (\"v\", " + longer + ")", longer + " + " + longer,
        "first * on (host) group_right " + longer, "rate(" + longer + "[1m:15s])"})
    EXPECT_EQ(ask(text).substr(0, refusal.size()), refusal) << text;
  EXPECT_NE(ask(longer + " + " + longer).find("more than 700 bytes (label_bytes_max)"), std::string::npos);
}

TEST_F(Evaluate, remarks_have_a_bound) {
  for (int i = 0; i < 30; ++i)
    for (const std::int64_t at_ms : {285'000, 300'000})
      put(Labels(std::vector<Labels::Pair>{{"__name__", "gauge" + std::to_string(i)}}), at_ms, i);
  options_.limits.annotation_bytes_max = 500;
  options_.removes_names_late = true;
  const auto expression = parse("count(rate({__name__=~\"gauge.*\"}[1m]))");
  ASSERT_TRUE(expression);
  const auto answer = evaluate(*expression, head_.snapshot(), QueryTime::at(Instant{300'000}), options_);
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->annotations.size(), 6U);
  EXPECT_EQ(answer->annotations[0].text, "PromQL info: further remarks are left out (annotation_bytes_max) (1:12)");
}

TEST_F(Evaluate, operators_can_be_stopped_while_they_work) {
  for (int i = 0; i < 600; ++i) put(Labels({{"__name__", "wide"}, {"i", std::to_string(i)}}), 300'000, i);
  for (const char* text :
       {"label_replace(wide, \"x\", \"y\", \"i\", \".*\")", "label_join(wide, \"x\", \"\", \"i\")", "wide or wide", "wide + wide",
        "sum by (i) (wide)", "count_values(\"v\", wide)", "abs(wide)", "-wide"}) {
    int asked = 0;
    options_.should_stop = [&asked] { return ++asked > 1; };
    EXPECT_EQ(ask(text).substr(0, 12), "out_of_time ") << text;
  }
  options_.should_stop = [] { return true; };
  EXPECT_EQ(ask("wide").substr(0, 5), "wide{") << "reading alone does not ask yet";
  // A quantile sorts each window anew: 600 steps with 300 samples each and two series are 360,000, of which 1,200 are read.
  int asked = 0;
  options_.should_stop = [&asked] { return ++asked > 15; };
  EXPECT_EQ(
      ask("quantile_over_time(0.5, x_total[1h:1s])", QueryTime{Instant{3'600'000}, Instant{4'600'000}, Duration::seconds(1)})
          .substr(0, 12),
      "out_of_time ");
}

TEST_F(Evaluate, the_caller_can_stop_a_long_evaluation) {
  int asked = 0;
  options_.should_stop = [&asked] { return ++asked == 2; };
  EXPECT_EQ(ask("sum_over_time((x_total * 2)[5m:1ms])").substr(0, 11), "out_of_time");
  EXPECT_EQ(asked, 2);
  options_.should_stop = [] { return true; };
  EXPECT_EQ(ask("x_total{host=\"a\"}"), "x_total{host=\"a\"} 20@300") << "short evaluations never ask";
}

TEST_F(Evaluate, constants_at_many_steps_can_be_stopped_too) {
  options_.should_stop = [] { return true; };
  EXPECT_EQ(ask("sum_over_time((vector(1 + 2 * 3))[100000s:1s])").substr(0, 11), "out_of_time");
}

TEST_F(Evaluate, the_deepest_expression_that_parses_is_evaluated) {
  const auto nested = [](std::string_view before, std::string_view inner, std::string_view after, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += before;
    text += inner;
    for (int i = 0; i < count; ++i) text += after;
    return text;
  };
  const int depth = ParseLimits{}.depth_max;
  EXPECT_EQ(ask(nested("abs(", "vector(1)", ")", depth - 2)), "{} 1@300");
  EXPECT_NE(ask(nested("abs(", "vector(1)", ")", depth - 1)).find("nested deeper than 400 levels"), std::string::npos);
  EXPECT_EQ(ask(nested("", "1", "+1", depth - 1)), std::to_string(depth));
  EXPECT_EQ(ask(nested("sum(", "first", ")", depth - 1)), "{} 7@300");
  EXPECT_EQ(ask(nested("max_over_time(", "vector(2)", "[1m:1m])", depth / 2 - 1)), "{} 2@300");
}

TEST_F(Evaluate, stored_bits_that_mean_absent_inside_are_a_plain_nan) {
  put(Labels(std::vector<Labels::Pair>{{"__name__", "odd"}}), 300'000, absent_value);
  EXPECT_EQ(ask("odd"), "odd NaN@300");
  EXPECT_EQ(ask("count(odd)"), "{} 1@300");
  EXPECT_EQ(ask("max_over_time(odd[1m])"), "{} NaN@300");
}

TEST_F(Evaluate, remarks_name_their_place_and_come_once) {
  EXPECT_EQ(ask("rate(first[10m]) or increase(x_total[1m])"), "{host=\"a\"} 4@300; {host=\"b\"} 4@300")
      << "one sample has no rate and so no remark";
  put(Labels({{"__name__", "first"}, {"host", "a"}}), 315'000, 8);
  EXPECT_EQ(
      ask("rate(first[10m])", QueryTime::at(Instant{315'000})),
      "{host=\"a\"} 0.0025@315 # PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket:"
      " \"first\" (1:6)");
}

TEST_F(Evaluate, an_answer_tells_what_its_selectors_found) {
  const auto expression = parse("first + on() group_left gone or rate(x_total[1m] offset 1m)");
  ASSERT_TRUE(expression);
  const auto answer = evaluate(*expression, head_.snapshot(), QueryTime::at(Instant{330'000}));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->found.size(), 3U);
  EXPECT_EQ(answer->found[0].newest_sample, Instant{300'000});
  EXPECT_FALSE(answer->found[1].newest_sample);
  EXPECT_EQ(answer->found[2].series_count, 2U);
  EXPECT_EQ(answer->found[2].newest_sample, Instant{270'000});
}

TEST_F(Evaluate, the_series_that_a_selector_found_are_listed_on_request) {
  const auto expression = parse("rate(x_total[1m]) > 5 or first");
  ASSERT_TRUE(expression);
  options_.lists_found_series = true;
  const tsdb::Snapshot snapshot = head_.snapshot();
  const auto answer = evaluate(*expression, snapshot, QueryTime::at(Instant{300'000}), options_);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->series.size(), 1U) << "the rate is too small, yet its series were there";
  ASSERT_EQ(answer->found.at(0).series.size(), 2U);
  EXPECT_EQ(answer->found[0].series[0]->text(), "x_total{host=\"a\"}");
  EXPECT_EQ(answer->found[0].series[1]->text(), "x_total{host=\"b\"}");
  EXPECT_EQ(answer->found.at(1).series.size(), 1U);
}

TEST(Functions, every_row_is_found_by_its_name_and_asks_for_types_that_exist) {
  std::string_view before;
  for (const FunctionSignature& row : all_functions()) {
    EXPECT_LT(before, row.name) << "the look-up needs the order of names";
    before = row.name;
    EXPECT_EQ(find_function(row.name), &row);
    EXPECT_LE(row.count_min, row.count_max) << row.name;
    EXPECT_FALSE(row.since.empty()) << row.name;
  }
  EXPECT_EQ(find_function("Rate"), nullptr);
  EXPECT_EQ(find_function(""), nullptr);
  EXPECT_EQ(argument_type(*find_function("label_join"), 9), ValueType::string);
  EXPECT_EQ(argument_type(*find_function("histogram_quantiles"), 7), ValueType::scalar);
  EXPECT_EQ(argument_type(*find_function("sort_by_label"), 3), ValueType::string);
  EXPECT_EQ(argument_type(*find_function("quantile_over_time"), 1), ValueType::range_vector);
}

TEST(Scripts, our_own_scripts_pass_whole) {
  for (const std::string name : {"windows", "matching", "found_by_generated_queries"}) {
    const auto result = run_script(test::read_file(in_test_data("promql/scripts/" + name + ".test")));
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_GT(result->passed, 15U);
    EXPECT_EQ(result->failed + result->refused, 0U) << name << ": " << result->text();
  }
}

TEST(Scripts, a_wrong_expectation_is_found) {
  const std::string load = "load 1m\n  x{a=\"1\"} 1 2\n  x{a=\"2\"} 3 4\n\n";
  const std::pair<const char*, std::size_t> cases[] = {
      {"eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 4\n", 0},
      {"eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 4.0001\n", 1},
      {"eval instant at 1m x\n  x{a=\"1\"} 2\n", 1},
      {"eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 4\n  x{a=\"3\"} 4\n", 1},
      {"eval instant at 1m sort(x)\n  expect ordered\n  x{a=\"2\"} 4\n  x{a=\"1\"} 2\n", 1},
      {"eval instant at 1m x\n  expect fail\n", 1},
      {"eval instant at 1m x +\n", 1},
      {"eval instant at 1m x\n  expect warn\n  x{a=\"1\"} 2\n  x{a=\"2\"} 4\n", 1},
      {"eval range from 0 to 1m step 1m x{a=\"1\"}\n  x{a=\"1\"} 1 _\n", 1},
      {"eval instant at 0 1 + 1\n  3\n", 1},
      {"eval instant at 0 \"a\"\n  expect string \"b\"\n", 1},
  };
  for (const auto& [script, failed] : cases) {
    const auto result = run_script(load + script);
    ASSERT_TRUE(result) << script << result.error().text();
    EXPECT_EQ(result->failed, failed) << script << result->text();
    EXPECT_EQ(result->passed, 1 - failed) << script;
  }
}

TEST(Scripts, a_script_that_cannot_be_read_names_its_line) {
  const std::pair<const char*, const char*> cases[] = {
      {"load 5x\n", "line 1: "},
      {"\nload 5m\n  x 1 y\n", "line 3: "},
      {"clear\nevil\n", "line 2: unknown command"},
      {"eval instant x\n", "line 1: expected `instant at TIME QUERY`"},
      {"load 1m\n x 1x999999999\n", "line 2: "},
      {"eval instant at 0 x\n  expect nothing\n", "line 2: unknown expectation"},
  };
  for (const auto& [script, wanted] : cases) {
    const auto result = run_script(script);
    ASSERT_FALSE(result) << script;
    EXPECT_EQ(result.error().detail.substr(0, std::string_view(wanted).size()), wanted) << result.error().detail;
  }
}

TEST(Scripts, start_times_stand_before_the_samples_that_they_belong_to) {
  const auto result = run_script(
      "load 1m\n  c@st _ -30s-1mx1 _\n  c 1 2 3 4\n\n"
      "eval range from 0 to 3m step 1m start_timestamp(c)\n  {} 0 30 30 0\n\n"
      "eval instant at 3m count({__name__=~\".+\"})\n  {} 1\n");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->text(), "passed 2, failed 0, refused 0");
  for (const char* wrong : {"load 1m\n  c@st -1m\n  d 1\n", "load 1m\n  c@st -1m\n", "load 1m\n  c@st -1m -1m\n  c 1\n",
                            "load 1m\n  c@st stale\n  c 1\n", "load 1m\n  c@st -1q\n  c 1\n"})
    EXPECT_FALSE(run_script(wrong)) << wrong;
}

TEST(Scripts, a_native_histogram_is_compared_in_all_its_parts) {
  const std::string load = "load 1m\n  h {{schema:1 count:4 sum:6 buckets:[1 2 1]}}\n\neval instant at 0 h\n  h ";
  const std::pair<const char*, bool> cases[] = {
      {"{{schema:1 count:4 sum:6 buckets:[1 2 1]}}", true},
      {"{{schema:1 count:4 sum:6 buckets:[1 2 1 0 0]}}", true},  // buckets without observations say nothing
      {"{{schema:0 count:4 sum:6 buckets:[1 2 1]}}", false},
      {"{{schema:1 count:5 sum:6 buckets:[1 2 1]}}", false},
      {"{{schema:1 count:4 sum:6.1 buckets:[1 2 1]}}", false},
      {"{{schema:1 count:4 sum:6 buckets:[1 2 1] offset:1}}", false},
      {"{{schema:1 count:4 sum:6 n_buckets:[1 2 1]}}", false},
      {"{{schema:1 count:4 sum:6 buckets:[1 2 1] counter_reset_hint:gauge}}", false},
      {"4", false},
  };
  for (const auto& [expected, is_met] : cases) {
    const auto result = run_script(load + expected + "\n");
    ASSERT_TRUE(result) << expected;
    EXPECT_EQ(result->passed, is_met ? 1U : 0U) << expected << ": " << result->text();
  }
}

// What a histogram is called where a float would be, and the other way round: every function says nothing or says why.
TEST(Histograms, are_passed_over_where_only_numbers_count) {
  const std::string load = "load 1m\n  h {{schema:0 count:2 sum:3 buckets:[1 1]}}x5\n  f 1x5\n\n";
  const std::pair<const char*, const char*> cases[] = {
      {"abs(h)", ""},
      {"ceil(h)", ""},
      {"clamp(h, 0, 1)", ""},
      {"hour(h)", ""},
      {"sort(h)", ""},
      {"round(h)", ""},
      {"scalar(h)", "NaN"},
      {"max_over_time(h[5m])", ""},
      {"stddev_over_time(h[5m])", ""},
      {"deriv(h[5m])", ""},
      {"count(h)", "{} 1"},
      {"group(h)", "{} 1"},
      {"count_over_time(h[5m])", "{} 5"},
      {"present_over_time(h[5m])", "{} 1"},
      {"max(h)", "expect info msg: PromQL info: ignored histogram in max aggregation (1:5)"},
      {"topk(1, h)", "expect info msg: PromQL info: ignored histogram in topk aggregation (1:1)"},
      {"h + 1",
       "expect info msg: PromQL info: incompatible sample types encountered for binary operator \"+\": histogram + float (1:1)"},
      {"1 / h",
       "expect info msg: PromQL info: incompatible sample types encountered for binary operator \"/\": float / histogram (1:1)"},
      {"h > on() h",
       "expect info msg: PromQL info: incompatible sample types encountered for binary operator \">\": histogram > histogram "
       "(1:1)"},
      {"f </ on() f",
       "expect info msg: PromQL info: incompatible sample types encountered for binary operator \"</\": float </ float (1:1)"},
      {"h == bool on() h", "{} 1"},
      {"h != on() h", ""},
      {"sum({__name__=~\"h|f\"})",
       "expect warn msg: PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)"},
      {"-h", "{} {{schema:0 count:-2 sum:-3 buckets:[-1 -1] counter_reset_hint:gauge}}"},
      {"histogram_count(f)", ""},
      {"histogram_quantile(0.5, h)", "{} 1"},
      {"absent(h)", ""},
      {"absent_over_time(h[5m])", ""},
      {"timestamp(h)", "{} 300"},
      {"last_over_time(h[5m])", "h {{schema:0 count:2 sum:3 buckets:[1 1]}}"},
      {"label_replace(h, \"a\", \"b\", \"\", \"\")", "h{a=\"b\"} {{schema:0 count:2 sum:3 buckets:[1 1]}}"},
      {"count_values(\"v\", h)", "{v=\"{count:2, sum:3, (0.5,1]:1, (1,2]:1}\"} 1"},
  };
  for (const auto& [query, expected] : cases) {
    const auto result = run_script(load + "eval instant at 5m " + query + "\n  " + expected + "\n");
    ASSERT_TRUE(result) << query << ": " << result.error().text();
    EXPECT_EQ(result->passed, 1U) << result->text();
  }
}

TEST(Histograms, are_passed_over_by_sort_at_each_step_too) {
  const auto result = run_script(
      "load 1m\n  h {{schema:0 count:2 sum:3 buckets:[1 1]}}x5\n  f 1x5\n\n"
      "eval range from 0 to 2m step 1m sort({__name__=~\"h|f\"})\n  f 1 1 1\n\n"
      "eval range from 0 to 2m step 1m sort_desc(h)\n\n"
      "eval range from 0 to 2m step 1m count(sort_by_label(h, \"x\"))\n  {} 1 1 1\n\n"
      "eval instant at 2m count_over_time(sort({__name__=~\"h|f\"})[2m:1m])\n  {} 2\n");
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->text(), "passed 4, failed 0, refused 0");
}

TEST(Histograms, count_towards_the_limit_of_samples_by_their_size) {
  tsdb::Head head;
  histogram::Histogram large;
  for (std::int32_t i = 0; i < 2'000; ++i) large.positive.push_back({i, 1});
  large.count = 2'000;
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(head.append(Labels(std::vector<Labels::Pair>{{"__name__", "h"}}), Instant{1'000 * i}, large).has_value());
  const auto expression = parse("sum_over_time(h[1m])");
  ASSERT_TRUE(expression);
  EvaluationOptions options;
  options.limits.samples_max = 10'000;
  const auto refused = evaluate(*expression, head.snapshot(), QueryTime::at(Instant{10'000}), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, EvaluationRefusal::too_many_samples);
  options.limits.samples_max = 100'000;
  EXPECT_TRUE(evaluate(*expression, head.snapshot(), QueryTime::at(Instant{10'000}), options));
}

}  // namespace
}  // namespace watchbill::metrics::promql
