#include "drivers/scrape/scraper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>

#include "exposition/protobuf_page.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/exemplar_store.h"

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
    for (int count = 0; !timers_.empty() && timers_.begin()->first.first <= end; ++count) {
      if (count == 10'000) {
        ADD_FAILURE() << "timers without end";
        break;
      }
      now_ = timers_.begin()->first.first - early_;
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
      else done(ports::HttpAnswer{status_, headers_, page_, {}});
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

  static std::shared_ptr<const SampleTerms> terms(const std::function<void(SampleTerms&)>& change) {
    SampleTerms out;
    change(out);
    auto compiled = metrics::relabel::Rules::compile(out.written);
    EXPECT_TRUE(compiled);
    out.relabel = std::move(*compiled);
    return std::make_shared<const SampleTerms>(std::move(out));
  }
  static RelabelConfiguration rule(RelabelAction action, const std::string& source, const std::string& regex) {
    RelabelConfiguration out;
    out.action = action;
    if (!source.empty()) out.source_labels = {source};
    out.regex = regex;
    return out;
  }

  struct Call {
    ports::HttpCall call;
    ports::HttpDone done;
  };
  const Instant begin_{1'772'366'400'000};
  Instant now_{begin_};
  Duration early_;  // so much before its time a timer comes
  std::uint64_t last_id_{0};
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> timers_;
  std::deque<Call> calls_;
  std::size_t answered_{0};
  bool answers_{true};
  std::optional<ports::HttpFailureKind> failure_;
  std::uint32_t status_{200};
  ports::HttpFields headers_;
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

TEST_F(Bench, whatever_the_order_of_its_lines_a_page_is_what_the_store_shows) {
  scraper_.configure({target("a:1")});
  std::mt19937 random(3);
  const auto roll = [&](int sides) { return static_cast<int>(random() % static_cast<unsigned>(sides)); };
  std::vector<int> lines{0, 1, 2, 3, 4, 5, 6, 7};
  for (int round = 0; round < 300; ++round) {
    // Mostly a line more or less somewhere, sometimes another order, twice the same, or a page that cannot be read.
    if (roll(3) == 0 && lines.size() > 1) lines.erase(lines.begin() + roll(static_cast<int>(lines.size())));
    if (roll(3) == 0) lines.insert(lines.begin() + roll(static_cast<int>(lines.size() + 1)), roll(20));
    if (roll(10) == 0) std::shuffle(lines.begin(), lines.end(), random);
    const bool is_broken = roll(20) == 0;
    page_.clear();
    std::map<int, int> wanted;
    for (const int line : lines) {
      const int value = wanted.contains(line) ? wanted[line] : roll(100);
      wanted[line] = value;
      page_ += "x{line=\"" + std::to_string(line) + "\"} " + std::to_string(value) + "\n";
    }
    if (is_broken) page_ += "x{\n";
    pass(Duration::seconds(15));
    std::map<std::string, std::string> shown;
    if (!is_broken)
      for (const auto& [line, value] : wanted)
        shown["x{instance=\"a:1\", job=\"web\", line=\"" + std::to_string(line) + "\"}"] = std::to_string(value);
    std::string text;
    for (const auto& [series, value] : shown) text += (text.empty() ? "" : "; ") + series + " " + value;
    ASSERT_EQ(ask("x"), text) << "in round " << round;
  }
}

TEST_F(Bench, native_histograms_are_asked_for_in_protobuf_and_stored_as_the_job_says) {
  namespace exposition = metrics::exposition;
  page_ = exposition::protobuf_family(
      "took", "How long.", 4,
      {exposition::protobuf_metric({{"a", "b"}}, 7, exposition::protobuf_histogram({{1, 5}}, true))});
  headers_ = {{"Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"}};
  Target native = target("native:1");
  native.terms = terms([](SampleTerms& out) { out.keeps_native_histograms = true; });
  Target both = target("both:1");
  both.terms = terms([](SampleTerms& out) { out.keeps_native_histograms = out.keeps_classic_histograms = true; });
  scraper_.configure({native, both, target("classic:1")});
  pass(Duration::seconds(15));
  ASSERT_EQ(calls_.size(), 3U);
  std::size_t protobuf_count = 0;
  for (const Call& call : calls_)
    if (ports::find_field(call.call.headers, "Accept")->starts_with("application/vnd.google.protobuf;")) ++protobuf_count;
  EXPECT_EQ(protobuf_count, 2U) << "who wants no native histograms asks for text";
  EXPECT_EQ(ask("histogram_count(took)"),
            "{a=\"b\", instance=\"both:1\", job=\"web\"} 7; {a=\"b\", instance=\"native:1\", job=\"web\"} 7");
  EXPECT_EQ(ask("took_bucket{le='1.0'}"), "took_bucket{a=\"b\", instance=\"both:1\", job=\"web\", le=\"1.0\"} 5; "
                                          "took_bucket{a=\"b\", instance=\"classic:1\", job=\"web\", le=\"1.0\"} 5");
  EXPECT_EQ(ask("scrape_samples_scraped{instance='both:1'}"),
            "scrape_samples_scraped{instance=\"both:1\", job=\"web\"} 5");
  EXPECT_EQ(head_.snapshot().metadata("took")->type, "histogram");
  page_.clear();
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("histogram_count(took)"), "") << "it ended";
  EXPECT_EQ(ask("sum(up)"), "{} 3");
  page_ = "x 1\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("sum(up)"), "{} 0") << "text is no protobuf";
}

TEST_F(Bench, exemplars_are_kept_beside_the_samples_of_their_series) {
  const auto kept = [&] {
    const std::vector<std::vector<metrics::tsdb::Matcher>> everything{{}};
    std::string out;
    for (const auto& [series, exemplars] : head_.exemplars().select(everything, Instant{}, Instant::never()))
      for (const metrics::tsdb::Exemplar& each : exemplars)
        out += series.text() + " " + each.labels.text() + " " + promql::format_value(each.value) + " " +
               std::to_string(each.at.ms - begin_.ms) + "\n";
    return out;
  };
  headers_ = {{"Content-Type", "application/openmetrics-text; version=1.0.0"}};
  page_ = "a_total 1 # {trace=\"x\"} 0.5 1772366401.25\nb_total 1 # {trace=\"y\"} 2\nc 1\n# EOF\n";
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  const std::string first = kept();
  ASSERT_EQ(first.substr(0, first.find('\n')), "a_total{instance=\"a:1\", job=\"web\"} {trace=\"x\"} 0.5 1250");
  EXPECT_NE(first.find("\nb_total{instance=\"a:1\", job=\"web\"} {trace=\"y\"} 2 "), std::string::npos);
  pass(Duration::seconds(30));
  EXPECT_EQ(kept(), first) << "the same again";
  page_ = "a_total 2 # {trace=\"z\"} 0.25 1772366405\n# EOF\n";
  pass(Duration::seconds(15));
  EXPECT_NE(kept().find("{trace=\"z\"} 0.25 5000\n"), std::string::npos);
  EXPECT_EQ(head_.exemplars().statistics().exemplar_count, 3U);
  page_ = "a_total 3 # {trace=\"lost\"} 0.25 1772366407\nbad{\n# EOF\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(head_.exemplars().statistics().exemplar_count, 3U) << "of a page that is refused nothing is kept";
}

TEST_F(Bench, exemplars_of_protobuf_are_those_of_their_sample) {
  namespace exposition = metrics::exposition;
  const std::int64_t at_ms = now_.ms + 1250;
  const std::string one = exposition::protobuf_exemplar("trace", "x", 0.5, at_ms);
  const std::string timeless = exposition::protobuf_exemplar("trace", "y", 3, 0);
  std::string counter = exposition::protobuf_single(4);
  protozero::pbf_writer(counter).add_message(2, exposition::protobuf_exemplar("trace", "c", 4, at_ms));
  page_ =
      exposition::protobuf_family(
          "took", "", 4,
          {exposition::protobuf_metric({{"a", "b"}}, 7, exposition::protobuf_histogram({{1, 5, one}, {2, 6, timeless}}, true))}) +
      exposition::protobuf_family("asked_total", "", 0, {exposition::protobuf_metric({}, 3, counter)});
  headers_ = {{"Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"}};
  Target both = target("both:1");
  both.terms = terms([](SampleTerms& out) { out.keeps_native_histograms = out.keeps_classic_histograms = true; });
  scraper_.configure({both});
  pass(Duration::seconds(15));
  std::vector<std::string> found;
  const std::vector<std::vector<metrics::tsdb::Matcher>> everything{{}};
  for (const auto& [series, exemplars] : head_.exemplars().select(everything, Instant{}, Instant::never()))
    for (const metrics::tsdb::Exemplar& each : exemplars)
      found.push_back(std::string(series.get("__name__")) + " " + std::string(series.get("le")) + " " + each.labels.text() +
                      (each.has_own_time ? " at " + std::to_string(each.at.ms - at_ms) : ""));
  EXPECT_EQ(found, (std::vector<std::string>{"asked_total  {trace=\"c\"} at 0", "took  {trace=\"x\"} at 0",
                                             "took_bucket 1.0 {trace=\"x\"} at 0", "took_bucket 2.0 {trace=\"y\"}"}))
      << "a native histogram has those with a time";
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
  ScrapeLimits samples, labels, names, values;
  samples.sample_count_max = 2;
  labels.label_count_max = 4;
  names.label_name_bytes_max = 8;
  values.label_value_bytes_max = 5;
  const std::vector<std::pair<ScrapeLimits, std::string>> cases{
      {samples, "scrape 3 samples: sample_limit exceeded (limit: 2)"},
      {labels, "scrape y: label_limit exceeded (limit: 4)"},
      {names, "scrape z, label instance_of: label_name_length_limit exceeded (limit: 8)"},
      {values, "scrape y, label b: label_value_length_limit exceeded (limit: 5)"}};
  page_ = "x 1\ny{a=\"1\",b=\"value!\"} 1\nz{instance_of=\"1\"} 1\n";
  for (const auto& [taken, what] : cases) {
    const ScrapeLimits& limits = taken;  // a name of a binding is not captured
    Target limited = target("a:" + std::to_string(limits.label_count_max + limits.label_name_bytes_max));
    limited.terms = terms([&limits](SampleTerms& out) { out.limits = limits; });
    scraper_.configure({limited});
    pass(Duration::seconds(15));
    EXPECT_EQ(ask("up"), "up" + limited.labels.text() + " 0") << what;
    EXPECT_EQ(ask("x"), "");
    EXPECT_EQ(scraper_.statuses().front().last_error, what);
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
  honest.terms = terms([](SampleTerms& out) { out.honors_timestamps = true; });
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

// The scraper keeps no labels: it reads them again when the store gave up a series that had no sample left.
TEST_F(Bench, what_the_store_has_forgotten_comes_back_with_the_page_that_shows_it) {
  Target honest = target("a:1");
  honest.terms = terms([](SampleTerms& out) { out.honors_timestamps = true; });
  scraper_.configure({honest});
  page_ = "x 1 " + std::to_string(now_.ms) + "\ny 1\n";
  for (int hour = 0; hour < 26; ++hour) {
    pass(Duration::hours(1));
    head_.advance(now_);
  }
  ASSERT_EQ(ask("count_over_time(x[2d])"), "") << "the store has given it up";
  page_ = "x 2 " + std::to_string(now_.ms) + "\ny 2\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("{job=\"web\", __name__=~\"x|y\"}"),
            "x{instance=\"a:1\", job=\"web\"} 2; y{instance=\"a:1\", job=\"web\"} 2");
  EXPECT_EQ(ask("scrape_series_added"), "scrape_series_added{instance=\"a:1\", job=\"web\"} 0");
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

TEST_F(Bench, a_timer_that_comes_beside_its_time_stands_for_its_slot) {
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(30));
  ASSERT_EQ(calls_.size(), 2U);
  const std::string place = ask("timestamp(x) % 15");
  for (const int early_ms : {1, 9, 0, -1, -2, -3}) {
    SCOPED_TRACE(early_ms);
    early_ = Duration::milliseconds(early_ms);
    const std::size_t before = calls_.size();
    pass(Duration::minutes(1));
    EXPECT_EQ(calls_.size() - before, 4U);
    EXPECT_EQ(ask("count_over_time(x[1m])"), "{instance=\"a:1\", job=\"web\"} 4");
    EXPECT_EQ(ask("timestamp(x) % 15") == place, early_ms <= 0 && early_ms >= -2) << "the slot's time, and none to come";
  }
}

// 1 % of the interval, 2 ms at most.
TEST_F(Bench, of_a_short_interval_less_lateness_is_the_slots) {
  Target quick = target("a:1");
  quick.interval = quick.timeout = Duration::milliseconds(100);
  scraper_.configure({quick});
  pass(Duration::seconds(1));
  const std::string place = ask("timestamp(x) * 1000 % 100");
  for (const int late_ms : {1, 2}) {
    early_ = Duration::milliseconds(-late_ms);
    pass(Duration::seconds(1));
    EXPECT_EQ(ask("timestamp(x) * 1000 % 100") == place, late_ms == 1) << late_ms;
  }
}

// A clock that is set back is no timer that comes early: the slots go on from where it stands.
TEST_F(Bench, a_clock_that_is_set_back_leaves_no_gap) {
  scraper_.configure({target("a:1")});
  pass(Duration::minutes(1));
  now_ = timers_.begin()->first.first - Duration::minutes(10);
  const std::function<void()> task = std::move(timers_.begin()->second);
  timers_.erase(timers_.begin());
  task();
  ASSERT_FALSE(timers_.empty());
  EXPECT_LE(timers_.begin()->first.first - now_, Duration::seconds(15));
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
  const std::vector<OwnSample> its_end{{at_once.front().labels, metrics::tsdb::stale_marker()}};
  scraper_.append_own(its_end);  // in the same millisecond
  pass(Duration::seconds(1));
  EXPECT_EQ(ask("watchbill_workload_ready"), "");
}

TEST_F(Bench, the_content_type_says_which_format_a_page_has) {
  page_ = "# TYPE x counter\n# UNIT x_seconds seconds\nx_total 1 " + std::to_string(now_.ms / 1000) + " # {t=\"1\"} 1\n# EOF\n";
  headers_ = {{"Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8"}};
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x_total"), "x_total{instance=\"a:1\", job=\"web\"} 1") << scraper_.statuses().front().last_error;
  ASSERT_NE(head_.snapshot().metadata("x_seconds"), nullptr);
  EXPECT_EQ(head_.snapshot().metadata("x_seconds")->unit, "seconds");
  EXPECT_TRUE(calls_.front().call.headers.front().value.starts_with("application/openmetrics-text;version=1.0.0,"));
  page_ = "x_total 1\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(scraper_.statuses().front().last_error, "read metrics page line 2, column 1: expected # EOF where the page ends")
      << "half a page is not a page";
  headers_.clear();
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("up"), "up{instance=\"a:1\", job=\"web\"} 1") << "without a type it is text";
}

TEST_F(Bench, a_line_that_came_in_another_format_is_read_by_the_rules_of_its_own) {
  page_ = "x {a=\"1\",} 1\n";
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{a=\"1\", instance=\"a:1\", job=\"web\"} 1");
  headers_ = {{"Content-Type", "application/openmetrics-text; version=1.0.0"}};
  page_ = "x {a=\"1\",} 2\n# EOF\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("{__name__=~\"x|up\"}"), "up{instance=\"a:1\", job=\"web\"} 0") << "text may have blanks there, OpenMetrics not";
}

TEST_F(Bench, a_page_that_is_honored_keeps_its_labels_and_leaves_empty_what_it_leaves_empty) {
  page_ = "x{job=\"theirs\"} 1\ny{job=\"\",instance=\"\"} 1\nz 1\n";
  Target honored = target("a:1");
  honored.terms = terms([](SampleTerms& out) { out.honors_labels = true; });
  scraper_.configure({honored});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{instance=\"a:1\", job=\"theirs\"} 1");
  EXPECT_EQ(ask("y"), "y 1");
  EXPECT_EQ(ask("z"), "z{instance=\"a:1\", job=\"web\"} 1");
}

TEST_F(Bench, two_labels_that_make_way_never_meet) {
  Target crowded = target("a:1");
  crowded.labels.set("a", "1");
  crowded.labels.set("exported_a", "2");
  page_ = "x{a=\"3\",exported_a=\"4\"} 1\n";
  scraper_.configure({crowded});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{a=\"1\", exported_a=\"2\", exported_exported_a=\"3\", exported_exported_exported_a=\"4\", "
                      "instance=\"a:1\", job=\"web\"} 1");
}

TEST_F(Bench, rules_drop_and_rename_samples_after_all_labels_are_there) {
  page_ = "go_x 1\nx{path=\"/a/1\"} 2\nx{path=\"/b/1\"} 3\n";
  Target ruled = target("a:1");
  ruled.terms = terms([](SampleTerms& out) {
    RelabelConfiguration shorten = rule(RelabelAction::replace, "path", "/(.*)/.*");
    shorten.target_label = "path";
    out.written = {rule(RelabelAction::drop, "__name__", "go_.*"), rule(RelabelAction::labeldrop, "", "instance"), shorten};
  });
  scraper_.configure({ruled});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("{__name__=~\"x|go_x\"}"), "x{job=\"web\", path=\"a\"} 2; x{job=\"web\", path=\"b\"} 3");
  EXPECT_EQ(ask("scrape_samples_scraped - scrape_samples_post_metric_relabeling"), "{instance=\"a:1\", job=\"web\"} 1");
  EXPECT_EQ(ask("scrape_series_added"), "scrape_series_added{instance=\"a:1\", job=\"web\"} 2");
}

TEST_F(Bench, a_series_that_has_another_text_on_the_page_is_not_at_its_end) {
  Target ruled = target("a:1");
  ruled.terms = terms([](SampleTerms& out) { out.written = {rule(RelabelAction::labeldrop, "", "pod")}; });
  scraper_.configure({ruled});
  page_ = "x{pod=\"1\"} 1\n";
  pass(Duration::seconds(15));
  page_ = "x{pod=\"2\"} 2\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "x{instance=\"a:1\", job=\"web\"} 2");
  page_ = "";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x"), "");
}

TEST_F(Bench, another_bill_changes_the_rules_and_ends_what_they_no_longer_make) {
  page_ = "x 1\ny 1\n";
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  Target ruled = target("a:1");
  ruled.terms = terms([](SampleTerms& out) { out.written = {rule(RelabelAction::drop, "__name__", "x")}; });
  scraper_.configure({ruled});
  EXPECT_EQ(ask("x"), "x{instance=\"a:1\", job=\"web\"} 1") << "until the next page";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("{__name__=~\"x|y\"}"), "y{instance=\"a:1\", job=\"web\"} 1");
  scraper_.configure({target("a:1")});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("x + y"), "{instance=\"a:1\", job=\"web\"} 2");
  page_ = "x 1\n";
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("y"), "");
}

TEST_F(Bench, rules_that_make_no_series_fail_the_scrape) {
  Target ruled = target("a:1");
  ruled.terms = terms([](SampleTerms& out) { out.written = {rule(RelabelAction::labeldrop, "", "__name__")}; });
  scraper_.configure({ruled});
  pass(Duration::seconds(15));
  EXPECT_EQ(ask("up"), "up{instance=\"a:1\", job=\"web\"} 0");
  EXPECT_NE(scraper_.statuses().front().last_error.find("expected a metric name as __name__"), std::string::npos);
}

TEST_F(Bench, a_target_beyond_the_limit_of_its_job_is_not_asked) {
  Target refused = target("a:1");
  refused.refused = "target_limit exceeded (number of targets: 2, limit: 1)";
  scraper_.configure({refused});
  pass(Duration::seconds(15));
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(ask("up"), "up{instance=\"a:1\", job=\"web\"} 0");
  EXPECT_EQ(scraper_.statuses().front().last_error, refused.refused);
}

TEST_F(Bench, a_secret_goes_into_the_call_and_its_absence_is_told_without_it) {
  Target guarded = target("a:1");
  guarded.client.authorization = "Basic";
  guarded.client.username = "me";
  guarded.client.secret = "env:WB_TEST_SCRAPE_PASSWORD";
  scraper_.configure({guarded});
  pass(Duration::seconds(15));
  EXPECT_TRUE(calls_.empty());
  EXPECT_EQ(scraper_.statuses().front().last_error,
            "read the secret env:WB_TEST_SCRAPE_PASSWORD: the environment has no such name");
  ASSERT_EQ(::setenv("WB_TEST_SCRAPE_PASSWORD", "open sesame", 1), 0);
  pass(Duration::seconds(15));
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(*ports::find_field(calls_[0].call.headers, "Authorization"), "Basic bWU6b3BlbiBzZXNhbWU=");
  ::unsetenv("WB_TEST_SCRAPE_PASSWORD");
  guarded.client.authorization = "Bearer";
  guarded.client.secret.clear();
  guarded.client.secret_file = "/nowhere/token";
  scraper_.configure({guarded});
  pass(Duration::seconds(15));
  EXPECT_EQ(scraper_.statuses().front().last_error, "read the secret in /nowhere/token: No such file or directory");
}

TEST(target_url, has_its_parameters_encoded) {
  EXPECT_EQ(target_url("http", "a:1", "/metrics", {{"match[]", {"{job=\"x\"}", "y z"}}}),
            "http://a:1/metrics?match%5B%5D=%7Bjob%3D%22x%22%7D&match%5B%5D=y%20z");
  EXPECT_EQ(target_url("https", "a", "/probe", {}), "https://a/probe");
}

}  // namespace
}  // namespace watchbill::drivers::scrape
