#include "drivers/scrape/scraper.h"

#include <gtest/gtest.h>

#include <deque>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"

namespace watchbill::drivers::scrape {
namespace {

namespace promql = metrics::promql;

// Timers on a clock that the test moves, and pages that the test writes.
class Bench : public ::testing::Test, public ports::IoLoop, public ports::HttpClient {
 protected:
  Bench()
      : scraper_(Scraper::Links{*this, *this, head_, [this] { return now_; }, [this](const TargetSeries&) { ++stored_count_; }}) {
  }

  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration delay, std::function<void()> task) override {
    const auto id = ports::TimerId{++last_id_};
    timers_.emplace(std::pair{now_ + delay, last_id_}, std::move(task));
    return id;
  }
  void cancel(ports::TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == static_cast<std::uint64_t>(timer); });
  }
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}

  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override {
    calls_.push_back({std::move(call), std::move(done)});
    return ports::HttpCallId{calls_.size()};
  }
  void cancel(ports::HttpCallId) override { ++cancelled_count_; }

  // Moves time; every call that is made is answered at once with `page`.
  void pass(Duration time) {
    const Instant end = now_ + time;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      now_ = timers_.begin()->first.first;
      auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      answer_calls();
    }
    now_ = end;
  }
  void answer_calls() {
    for (; answered_ < calls_.size() && answers_; ++answered_) {
      ports::HttpDone done = std::move(calls_[answered_].done);
      if (failure_) done(ports::HttpFailure{*failure_, "connect to 192.0.2.1:80"});
      else done(ports::HttpAnswer{status_, {}, page_, {}});
    }
  }
  std::string ask(std::string_view text) {
    const auto expression = promql::parse(text);
    if (!expression) return expression.error().text();
    const auto answer = promql::evaluate(*expression, head_.snapshot(), promql::QueryTime::at(now_));
    if (!answer) return answer.error().message;
    std::string out;
    for (const promql::AnswerSeries& series : answer->series)
      out += (out.empty() ? "" : "; ") + series.labels.text() + " " + promql::format_value(series.samples.front().v);
    return out;
  }
  static Target target(const std::string& instance) {
    Target out;
    out.labels = Labels({{"instance", instance}, {"job", "web"}});
    out.url = "http://" + instance + "/metrics";
    out.interval = Duration::seconds(15);
    out.timeout = Duration::seconds(10);
    return out;
  }

  struct Call {
    ports::HttpCall call;
    ports::HttpDone done;
  };
  Instant now_{1'772'366'400'000};
  std::uint64_t last_id_{0};
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> timers_;
  std::deque<Call> calls_;
  std::size_t answered_{0};
  bool answers_{true};
  std::optional<ports::HttpFailureKind> failure_;
  std::uint32_t status_{200};
  std::string page_{"x 1\n"};
  int cancelled_count_{0};
  int stored_count_{0};
  metrics::tsdb::Head head_;
  Scraper scraper_;
};

TEST_F(Bench, a_page_is_stored_with_the_labels_of_its_target_and_a_report) {
  page_ = "# HELP x what\n# TYPE x gauge\nx{a=\"b\"} 1\nx{instance=\"mine\",job=\"theirs\",exported_job=\"old\"} 2 5\n";
  scraper_.configure({target("a:1")});
  EXPECT_EQ(scraper_.unscraped().size(), 1U);
  pass(Duration::seconds(15));
  EXPECT_EQ(calls_.size(), 1U);
  EXPECT_EQ(ask("x"), "x{a=\"b\", instance=\"a:1\", job=\"web\"} 1; "
                      "x{exported_exported_job=\"theirs\", exported_instance=\"mine\", exported_job=\"old\", instance=\"a:1\", "
                      "job=\"web\"} 2");
  EXPECT_EQ(ask("up"), "up{instance=\"a:1\", job=\"web\"} 1");
  EXPECT_EQ(ask("scrape_samples_scraped + scrape_series_added"), "{instance=\"a:1\", job=\"web\"} 4");
  EXPECT_EQ(ask("scrape_samples_post_metric_relabeling"),
            "scrape_samples_post_metric_relabeling{instance=\"a:1\", job=\"web\"} 2");
  ASSERT_NE(head_.snapshot().metadata("x"), nullptr);
  EXPECT_EQ(head_.snapshot().metadata("x")->type, "gauge");
  EXPECT_TRUE(scraper_.unscraped().empty());
  EXPECT_EQ(stored_count_, 1);
  pass(Duration::seconds(15));
  EXPECT_EQ(calls_.size(), 2U);
  EXPECT_EQ(ask("scrape_series_added"), "scrape_series_added{instance=\"a:1\", job=\"web\"} 0");
}

TEST_F(Bench, a_series_that_vanishes_ends_at_once_and_one_that_returns_is_new) {
  page_ = "x 1\ny 1\n";
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  page_ = "y 1\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "");
  EXPECT_EQ(ask("y"), "y{instance=\"a:1\", job=\"web\"} 1");
  page_ = "x 7\ny 1\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{instance=\"a:1\", job=\"web\"} 7");
  EXPECT_EQ(ask("scrape_series_added"), "scrape_series_added{instance=\"a:1\", job=\"web\"} 1");
}

TEST_F(Bench, a_target_that_does_not_answer_is_down_and_its_series_end) {
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  failure_ = ports::HttpFailureKind::connection_refused;
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "");
  EXPECT_EQ(ask("up"), "up{instance=\"a:1\", job=\"web\"} 0");
  EXPECT_EQ(scraper_.statuses().front().last_error, "connection_refused: connect to 192.0.2.1:80");
  failure_.reset();
  status_ = 503;
  pass(Duration::seconds(15));
  EXPECT_EQ(scraper_.statuses().front().last_error, "server returned HTTP status 503");
  status_ = 200;
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x + up"), "{instance=\"a:1\", job=\"web\"} 2");
  EXPECT_EQ(scraper_.statuses().front().last_error, "");
  EXPECT_EQ(scraper_.statuses().front().latest_error, "server returned HTTP status 503")
      << "what was wrong last can still be read";
}

TEST_F(Bench, a_page_beyond_a_limit_is_refused_whole) {
  const std::vector<std::pair<TargetLimits, std::string>> cases{
      {{2, 0, 0, 0}, "samples"}, {{0, 4, 0, 0}, "labels of"}, {{0, 0, 8, 0}, "label name"}, {{0, 0, 0, 5}, "value of label b"}};
  page_ = "x 1\ny{a=\"1\",b=\"value!\"} 1\nz{instance_of=\"1\"} 1\n";
  for (const auto& [limits, what] : cases) {
    Target limited = target("a:" + std::to_string(limits.label_count_max + limits.label_name_bytes_max));
    limited.limits = limits;
    scraper_.configure({limited});
    pass(Duration::seconds(15));
    EXPECT_EQ(ask("up"), "up" + limited.labels.text() + " 0") << what;
    EXPECT_EQ(ask("x"), "");
    EXPECT_NE(scraper_.statuses().front().last_error.find(what), std::string::npos) << scraper_.statuses().front().last_error;
  }
}

TEST_F(Bench, a_malformed_page_stores_nothing) {
  page_ = "x 1\ny one\n";
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("{__name__=~\"x|y|up\"}"), "up{instance=\"a:1\", job=\"web\"} 0");
  EXPECT_NE(scraper_.statuses().front().last_error.find("line 2"), std::string::npos);
}

TEST_F(Bench, times_of_the_page_count_only_when_asked_for) {
  page_ = "x 1 " + std::to_string(now_.ms) + "\n";
  Target honest = target("a:1");
  honest.honors_timestamps = true;
  scraper_.configure({honest, target("b:1")});
  const Instant begin = now_;
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("timestamp(x{instance=\"a:1\"}) == bool " + std::to_string(begin.ms / 1000)),
            "{instance=\"a:1\", job=\"web\"} 1");
  EXPECT_EQ(ask("timestamp(x{instance=\"b:1\"}) > bool " + std::to_string(begin.ms / 1000)), "{instance=\"b:1\", job=\"web\"} 1");
  page_ = "";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{instance=\"a:1\", job=\"web\"} 1") << "who sends times says himself when a series ends";
}

TEST_F(Bench, targets_spread_over_the_interval_and_a_reload_moves_none) {
  std::vector<Target> targets;
  for (int i = 0; i < 60; ++i) targets.push_back(target("host" + std::to_string(i) + ":1"));
  scraper_.configure(targets);
  std::vector<Instant> due;
  for (const auto& [when, task] : timers_) due.push_back(when.first);
  EXPECT_GT(due.back() - due.front(), Duration::seconds(10));
  EXPECT_LE(due.back(), now_ + Duration::seconds(15));
  pass(Duration::seconds(15));
  EXPECT_EQ(calls_.size(), 60U);
  targets.pop_back();
  scraper_.configure(targets);
  EXPECT_EQ(ask("count(up)"), "{} 59") << "who is gone ends at once";
  pass(Duration::seconds(15));
  EXPECT_EQ(calls_.size(), 119U);
  EXPECT_EQ(ask("count(up)"), "{} 59");
}

TEST_F(Bench, nobody_is_called_twice_at_a_time_or_after_the_end) {
  answers_ = false;
  scraper_.configure({target("a:1")});
  pass(Duration::minutes(1));
  EXPECT_EQ(calls_.size(), 1U);
  scraper_.stop();
  EXPECT_EQ(cancelled_count_, 1);
  answers_ = true;
  answer_calls();
  EXPECT_EQ(ask("up"), "") << "an answer after the end is nobody's";
  EXPECT_TRUE(timers_.empty());
}

TEST_F(Bench, our_own_samples_are_a_target_too) {
  std::vector<OwnSample> own{{Labels({Labels::Pair("__name__", "node_load1")}), 0.5}};
  scraper_.add_internal({Labels({{"instance", "h"}, {"job", "node"}}), Duration::seconds(15), [&](Instant) { return own; }});
  scraper_.configure({});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("node_load1"), "node_load1{instance=\"h\", job=\"node\"} 0.5");
  EXPECT_EQ(ask("up"), "up{instance=\"h\", job=\"node\"} 1");
  own.clear();
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("node_load1"), "");
  const std::vector<OwnSample> at_once{{Labels({{"__name__", "watchbill_workload_ready"}, {"workload", "web"}}), 1}};
  scraper_.append_own(at_once);
  EXPECT_EQ(ask("watchbill_workload_ready"), "watchbill_workload_ready{workload=\"web\"} 1");
}

TEST(target_url, has_its_parameters_encoded) {
  EXPECT_EQ(target_url("a:1", "/metrics", {{"match[]", {"{job=\"x\"}", "y z"}}}),
            "http://a:1/metrics?match%5B%5D=%7Bjob%3D%22x%22%7D&match%5B%5D=y%20z");
  EXPECT_EQ(target_url("a", "/probe", {}), "http://a/probe");
}

}  // namespace
}  // namespace watchbill::drivers::scrape
