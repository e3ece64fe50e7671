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

TEST_F(Common, a_part_that_is_evaluated_again_for_its_series_takes_nothing_from_larger_ones) {
  const std::string long_label(100, 'l');  // on the heap
  for (const char* host : {"a", "b"})
    ASSERT_TRUE(head_.append(Labels({{"__name__", "m"}, {"host", host + long_label}}), Instant{600'000}, 10));
  const CommonParts parts =
      parts_of({"sum by (host) (m)", "sum by (host) (m) > 5", "sum by (host) (m) < -100", "sum by (host) (m) > 5"});
  EXPECT_EQ(parts.count(), 2U);
  CommonValues values(parts);
  for (std::size_t i = 0; i < expressions_.size(); ++i) {
    EvaluationOptions options;
    options.lists_found_series = i == 2;  // an alert among rules that record
    const QueryTime time = QueryTime::at(Instant{600'000});
    const auto shared = evaluate(expressions_[i], head_.snapshot(), time, options, {&parts, i, &values});
    const auto alone = evaluate(expressions_[i], head_.snapshot(), time, options);
    ASSERT_TRUE(alone && shared);
    EXPECT_EQ(all_of(*alone), all_of(*shared)) << expressions_[i].text;
  }
}

// An expression of a few pieces, so that the rules of a group have many in common.
std::string some_expression(std::mt19937& random, int depth) {
  const auto one_of = [&random](std::initializer_list<const char*> list) {
    return std::string(list.begin()[random() % list.size()]);
  };
  if (depth == 0) return one_of({"x_total", "rate(x_total[5m])", "rate(g[2m])", "g", "y_total offset 1m"});
  const std::string inner = some_expression(random, depth - 1);
  switch (random() % 6) {
    case 0: return "sum by (zone) (" + inner + ")";
    case 1: return one_of({"topk", "bottomk"}) + "(2, " + inner + ")";
    case 2: return inner + one_of({" > 3", " < -100", " * 2"});
    case 3: return "label_replace(" + inner + ", \"host\", \"$1-and-a-long-tail-of-its-own\", \"host\", \"(.*)\")";
    case 4: return "(" + inner + ") " + one_of({"or", "and", "unless"}) + " (" + some_expression(random, depth - 1) + ")";
    default: return "max by (host, zone) (" + inner + ")";
  }
}

TEST_F(Common, answers_of_any_group_are_those_of_its_rules_alone) {
  std::mt19937 random(11);
  std::size_t shared_count = 0;
  for (int group = 0; group < 400; ++group) {
    std::vector<std::string> texts;
    for (std::size_t count = 2 + random() % 7; texts.size() < count;)
      texts.push_back(!texts.empty() && random() % 3 == 0 ? texts[random() % texts.size()]
                                                          : some_expression(random, static_cast<int>(random() % 4)));
    expressions_.clear();
    std::vector<const char*> list;
    for (const std::string& text : texts) list.push_back(text.c_str());
    const CommonParts parts = parts_of(list);
    shared_count += parts.count();
    CommonValues values(parts);
    const QueryTime time = QueryTime::at(Instant{300'000 + static_cast<std::int64_t>(random() % 300) * 1000});
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EvaluationOptions options;
      options.lists_found_series = random() % 3 == 0;
      const auto shared = evaluate(expressions_[i], head_.snapshot(), time, options, {&parts, i, &values});
      const auto alone = evaluate(expressions_[i], head_.snapshot(), time, options);
      ASSERT_EQ(alone.has_value(), shared.has_value()) << texts[i];
      if (alone) ASSERT_EQ(all_of(*alone), all_of(*shared)) << texts[i] << " in group " << group;
      else EXPECT_EQ(alone.error().message, shared.error().message);
    }
  }
  EXPECT_GT(shared_count, 400U) << "groups that share nothing prove nothing";
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
  EXPECT_EQ(parts_of({"sum(info(x_total)) > 1", "sum(info(x_total)) > 2"}).count(), 0U) << "target_info may change in between";
  expressions_.clear();
  EXPECT_EQ(parts_of({"sum(info(rate(x_total[5m])))", "min(info(rate(x_total[5m])))"}).count(), 1U) << "the rate alone";
  expressions_.clear();
  const auto none = [](const VectorSelector&) { return false; };
  EXPECT_EQ(parts_of({"sum(rate(x_total[5m])) > 1", "sum(rate(x_total[5m])) > 2"}, none).count(), 0U);
}

}  // namespace
}  // namespace watchbill::metrics::promql
