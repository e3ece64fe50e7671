#include "metrics/promql/common_parts.h"

#include <deque>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/tsdb/head.h"

namespace watchbill::metrics::promql {
namespace {

bool any(const VectorSelector&) { return true; }

class Common : public ::testing::Test {
 protected:
  Common() {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> step(0, 9);
    for (const char* name : {"x_total", "y_total", "g"})
      for (int host = 0; host < 6; ++host) {
        const Labels labels({{"__name__", name}, {"host", std::to_string(host)}, {"zone", host % 2 == 0 ? "a" : "b"}});
        double value = 0;
        for (int i = 0; i <= 40; ++i) {
          value = step(random) == 0 ? 0 : value + step(random);
          EXPECT_TRUE(head_.append(labels, Instant{i * 15'000}, value));
        }
      }
  }
  CommonParts parts_of(const std::vector<const char*>& texts, const std::function<bool(const VectorSelector&)>& may_share = any) {
    std::vector<const Expression*> list;
    for (const char* text : texts) list.push_back(&expressions_.emplace_back(parse(text).value()));
    return CommonParts(list, may_share);
  }
  static auto all_of(const Answer& answer) {
    std::vector<std::tuple<Labels, std::int64_t, double>> series;
    for (const AnswerSeries& each : answer.series)
      for (const tsdb::Sample& sample : each.samples) series.emplace_back(each.labels, sample.t_ms, sample.v);
    std::vector<std::tuple<NodeIndex, std::size_t, std::int64_t, std::size_t>> found;
    for (const SelectorFound& each : answer.found)
      found.emplace_back(each.node, each.series_count, each.newest_sample.value_or(Instant{}).ms, each.series.size());
    return std::tuple(std::move(series), std::move(found), answer.annotations, answer.samples_touched);
  }

  tsdb::Head head_;
  std::deque<Expression> expressions_;
};

TEST_F(Common, answers_are_those_of_expressions_that_stand_alone) {
  const CommonParts parts = parts_of({
      "sum by (zone) (rate(x_total[5m])) > 0.1", "sum by (zone) (rate(x_total[5m])) > 0.2", "topk(2, rate(x_total[5m]))",
      "sum by (zone) (rate(x_total[5m])) / sum by (zone) (rate(y_total[5m]))", "rate(g[5m]) > 0", "rate(g[5m]) > 1",
      "max_over_time(sum(rate(x_total[5m]))[1m:15s])", "(sum by (zone) (rate(x_total[5m] offset 1m)))",
      "sum by (zone) (rate(x_total[5m] offset 1m)) unless on () absent(nothing)", "topk(2, rate(x_total[5m])) * 2",
      "-sum by (zone) (rate(x_total[5m]))", "absent(nothing)"});
  const tsdb::Snapshot snapshot = head_.snapshot();
  for (const bool lists_series : {false, true}) {
    CommonValues values(parts);
    EvaluationOptions options;
    options.lists_found_series = lists_series;
    const QueryTime time = QueryTime::at(Instant{590'000});
    for (const int round : {1, 2})
      for (std::size_t i = 0; i < expressions_.size(); ++i) {
        const auto alone = evaluate(expressions_[i], snapshot, time, options);
        const auto shared = evaluate(expressions_[i], snapshot, time, options, {&parts, i, &values});
        ASSERT_TRUE(alone && shared);
        EXPECT_EQ(all_of(*alone), all_of(*shared)) << expressions_[i].text << " in round " << round;
      }
  }
}

TEST_F(Common, what_was_evaluated_is_not_evaluated_again) {
  const CommonParts parts = parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[5m])) > 2"});
  ASSERT_EQ(parts.count(), 1U);
  CommonValues values(parts);
  const QueryTime time = QueryTime::at(Instant{600'000});
  const auto first = evaluate(expressions_[0], head_.snapshot(), time, {}, {&parts, 0, &values});
  ASSERT_TRUE(head_.append(Labels({{"__name__", "x_total"}, {"host", "new"}}), Instant{570'000}, 1e9));
  ASSERT_TRUE(head_.append(Labels({{"__name__", "x_total"}, {"host", "new"}}), Instant{600'000}, 3e9));
  const auto second = evaluate(expressions_[1], head_.snapshot(), time, {}, {&parts, 1, &values});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->found[0].series_count, 6U);
  EXPECT_EQ(evaluate(expressions_[1], head_.snapshot(), time)->found[0].series_count, 7U);
}

TEST_F(Common, the_largest_part_that_stands_as_often_is_the_one) {
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[5m])) > 2"}).count(), 1U);
  expressions_.clear();
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "max(rate(x_total[5m])) > 2"}).count(), 1U) << "the rate alone";
  expressions_.clear();
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[5m])) > 2", "rate(x_total[5m])"}).count(), 2U);
  expressions_.clear();
  EXPECT_EQ(
      parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[4m])) > 1", "vector(time()) > 1", "vector(time()) > 1"}).count(),
      0U);
  expressions_.clear();
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "max_over_time(sum(rate(x_total[5m]))[1m:])"}).count(), 0U)
      << "below a subquery times are others";
  expressions_.clear();
  const auto none = [](const VectorSelector&) { return false; };
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[5m])) > 2"}, none).count(), 0U);
}

}  // namespace
}  // namespace watchbill::metrics::promql
