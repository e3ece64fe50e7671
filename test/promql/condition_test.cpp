#include "metrics/promql/condition.h"

#include <cmath>

#include <gtest/gtest.h>

#include "metrics/tsdb/head.h"

namespace watchbill::metrics::promql {
namespace {

class Condition : public ::testing::Test {
 protected:
  Condition() {
    put("up", "web", "a", 1);
    put("up", "web", "b", 0);
    put("up", "db", "c", 1);
    put("errors", "web", "a", 5);
    put("errors", "web", "b", 0);
    put("requests", "web", "a", 100);
    put("requests", "web", "b", 0);
  }
  void put(const char* name, const char* job, const char* instance, double value) {
    ASSERT_TRUE(head_.append(Labels({{"__name__", name}, {"job", job}, {"instance", instance}}), Instant{60'000}, value));
  }
  // "holds", "fails" or "no_data (reason)", then each element's truth in the order of labels.
  std::string ask(std::string_view text) {
    const auto condition = parse_condition(text);
    if (!condition) return condition.error().text();
    const ConditionAnswer answer = evaluate_condition(*condition, head_.snapshot(), Instant{60'000});
    std::string out(word(answer.verdict));
    if (answer.reason != NoDataReason::none) out += " (" + std::string(word(answer.reason)) + ")";
    for (const ConditionElement& element : answer.elements) out += element.truth ? *element.truth ? " true" : " false" : " ?";
    return out;
  }
  tsdb::Head head_;
};

TEST_F(Condition, a_comparison_at_the_top_does_not_filter) {
  EXPECT_EQ(ask("up == 1"), "fails true false true");
  EXPECT_EQ(ask("(up{job=\"db\"} == 1)"), "holds true");
  EXPECT_EQ(ask("up == bool 1"), "fails true false true");
  EXPECT_EQ(ask("errors < requests"), "fails true false");
  EXPECT_EQ(ask("1 > 0"), "holds true");
  EXPECT_EQ(ask("time() > 100"), "fails false");
}

TEST_F(Condition, of_other_expressions_zero_is_false) {
  EXPECT_EQ(ask("up"), "fails true false true");
  EXPECT_EQ(ask("up{instance!=\"b\"}"), "holds true true");
  EXPECT_EQ(ask("sum(up) - 2"), "fails false");
  EXPECT_EQ(ask("sum(up > 5)"), "no_data (no_samples)") << "below the top a comparison filters";
  EXPECT_EQ(ask("-up{job=\"db\"}"), "holds true");
}

TEST_F(Condition, absent_gives_false_where_it_would_give_nothing) {
  EXPECT_EQ(ask("absent(down)"), "holds true");
  EXPECT_EQ(ask("absent(up)"), "fails false");
  EXPECT_EQ(ask("absent_over_time(up[1m])"), "fails false");
  EXPECT_EQ(ask("absent(up{job=\"db\"}) or up{job=\"web\", instance=\"a\"} == 1"), "fails true false");
  EXPECT_EQ(ask("absent(up{job=\"db\"}) and on(job) up{job=\"db\"}"), "fails false");
}

TEST_F(Condition, and_and_or_join_the_truth_of_matching_elements) {
  EXPECT_EQ(ask("up == 1 and errors < 10"), "fails true false");
  EXPECT_EQ(ask("up == 1 or errors < 10"), "holds true true true") << "b is down but has no errors; c is matched by nothing";
  EXPECT_EQ(ask("up == 1 or errors > 10"), "fails true false true");
  EXPECT_EQ(ask("(up == 1 and errors < 10) or requests > 50"), "fails true false");
  EXPECT_EQ(ask("up == 1 and on(job) up{instance=\"c\"} == 1"), "holds true");
  EXPECT_EQ(ask("up == 1 and down == 1"), "no_data (no_samples)");
}

TEST_F(Condition, no_element_and_nan_and_failures_are_no_data) {
  EXPECT_EQ(ask("down == 1"), "no_data (no_samples)");
  EXPECT_EQ(ask("errors / requests"), "no_data (not_a_number) true ?");
  EXPECT_EQ(ask("errors / requests < 0.1"), "no_data (not_a_number) true ?") << "0/0 is not a failed comparison";
  EXPECT_EQ(ask("up == on(job) up"), "no_data (query_failed)");
  EXPECT_EQ(ask("vector(NaN) != 1"), "no_data (not_a_number) ?");
  EXPECT_EQ(ask("vector(Inf) == Inf"), "holds true") << "infinities are numbers";
}

TEST_F(Condition, what_can_have_no_truth_is_refused_when_parsed) {
  EXPECT_EQ(ask("up[5m]"), "1:1: parse error: a condition must be a scalar or an instant vector, got range vector");
  EXPECT_EQ(ask("\"yes\""), "1:1: parse error: a condition must be a scalar or an instant vector, got string");
  EXPECT_EQ(ask("up =="), "1:6: parse error: unexpected end of input: expected an expression");
}

TEST_F(Condition, an_answer_tells_how_fresh_its_samples_are) {
  const auto condition = parse_condition("up == 1 and down == 1");
  ASSERT_TRUE(condition);
  const ConditionAnswer answer = evaluate_condition(*condition, head_.snapshot(), Instant{90'000});
  ASSERT_EQ(answer.found.size(), 2U);
  EXPECT_EQ(answer.found[0].series_count, 3U);
  EXPECT_EQ(answer.found[0].newest_sample, Instant{60'000});
  EXPECT_EQ(answer.found[1].series_count, 0U);
  EXPECT_FALSE(answer.found[1].newest_sample);
}

}  // namespace
}  // namespace watchbill::metrics::promql
