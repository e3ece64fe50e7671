// What other Alertmanagers are told, and when: a loop and a client of the test's own, so that time goes by as it says.
#include "drivers/notify/alert_relay.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace watchbill::drivers::notify {
namespace {

class StillLoop final : public ports::IoLoop {
 public:
  void post(std::function<void()> task) override { task(); }
  ports::TimerId after(Duration delay, std::function<void()> task) override {
    timers_.emplace(now + delay, std::move(task));
    return ports::TimerId{1};
  }
  void cancel(ports::TimerId) override { timers_.clear(); }
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}

  void pass(Duration span) {
    const Instant end = now + span;
    while (!timers_.empty() && timers_.begin()->first <= end) {
      auto next = timers_.extract(timers_.begin());
      now = next.key();
      next.mapped()();
    }
    now = end;
  }
  Instant now{1'772'366'400'000};

 private:
  std::multimap<Instant, std::function<void()>> timers_;
};

class Peers final : public ports::HttpClient {
 public:
  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override {
    calls.push_back(std::move(call));
    waiting.push_back(std::move(done));
    return ports::HttpCallId{calls.size()};
  }
  void cancel(ports::HttpCallId) override {}
  void answer(std::uint32_t status) {
    for (const ports::HttpDone& done : std::exchange(waiting, {}))
      done(status == 0 ? Result<ports::HttpAnswer, ports::HttpFailure>(
                             ports::HttpFailure{ports::HttpFailureKind::connection_refused, "nobody is there"})
                       : ports::HttpAnswer{status, {}, "", {}});
  }
  std::vector<ports::HttpCall> calls;
  std::vector<ports::HttpDone> waiting;
};

class Relay : public ::testing::Test {
 protected:
  Relay()
      : relay_({loop_, peers_, [this] { return loop_.now; }, [this] { return version_; },
                [this](auto done) {
                  done(alerts_);
                  return false;  // done already
                },
                [this](const std::string& text) { complaints_.push_back(text); }}) {}
  void fire(const std::string& id) {
    alerts_.push_back({id, Labels({{"alertname", id}}), {{"summary", "it is"}}, loop_.now, std::nullopt, "http://w/" + id});
    ++version_;
  }
  std::size_t calls_after(Duration span, std::uint32_t status = 200) {
    const std::size_t before = peers_.calls.size();
    for (Duration left = span; left.ms > 0; left = left - Duration::milliseconds(250)) {
      loop_.pass(Duration::milliseconds(250));
      peers_.answer(status);
    }
    return peers_.calls.size() - before;
  }
  static std::size_t count(const std::string& body) {
    std::size_t found = 0;
    for (std::size_t at = body.find("startsAt"); at != std::string::npos; at = body.find("startsAt", at + 1)) ++found;
    return found;
  }

  StillLoop loop_;
  Peers peers_;
  std::vector<RelayedAlert> alerts_;
  std::uint64_t version_{0};
  std::vector<std::string> complaints_;
  AlertRelay relay_;
};

TEST_F(Relay, an_alert_is_told_at_once_then_once_a_minute_and_its_end_at_once) {
  relay_.configure({{"http://am/api/v2/alerts", Duration::seconds(10), {}}}, Duration::seconds(15));
  fire("a");
  EXPECT_EQ(calls_after(Duration::seconds(1)), 1U);
  EXPECT_EQ(peers_.calls.back().body,
            R"([{"labels":{"alertname":"a"},"annotations":{"summary":"it is"},"startsAt":"2026-03-01T12:00:00.000Z",)"
            R"("endsAt":"2026-03-01T12:04:00.250Z","generatorURL":"http://w/a"}])");
  EXPECT_EQ(calls_after(Duration::seconds(58)), 0U);
  EXPECT_EQ(calls_after(Duration::seconds(20)), 1U) << "it fires on";
  alerts_.front().ended_at = loop_.now;
  ++version_;
  EXPECT_EQ(calls_after(Duration::seconds(1)), 1U);
  EXPECT_NE(peers_.calls.back().body.find("\"endsAt\":\"2026-03-01T12:01:19.000Z\""), std::string::npos)
      << peers_.calls.back().body;
  alerts_.clear();
  EXPECT_EQ(calls_after(Duration::minutes(3)), 0U);
}

TEST_F(Relay, what_was_not_accepted_is_told_again_with_growing_pauses) {
  relay_.configure({{"http://am/api/v2/alerts", Duration::seconds(10), {}}}, Duration::seconds(15));
  fire("a");
  EXPECT_EQ(calls_after(Duration::seconds(1), 0), 1U);
  EXPECT_EQ(calls_after(Duration::minutes(2), 500), 7U) << "after 1, 2, 4, 8, 16 and 30 s, then every 30 s";
  ASSERT_EQ(complaints_.size(), 1U) << "said once";
  EXPECT_EQ(calls_after(Duration::seconds(31)), 1U);
  EXPECT_EQ(complaints_.size(), 2U) << "and that it is over";
}

TEST_F(Relay, many_go_in_calls_of_64_to_each_for_itself) {
  relay_.configure({{"http://one/", Duration::seconds(10), {}}, {"http://two/", Duration::seconds(10), {}}},
                   Duration::minutes(5));
  for (int i = 0; i < 100; ++i) fire(std::to_string(i));
  EXPECT_EQ(calls_after(Duration::seconds(2)), 4U);
  EXPECT_EQ(count(peers_.calls[0].body), 64U);
  EXPECT_EQ(count(peers_.calls.back().body), 36U);
  EXPECT_NE(peers_.calls[0].body.find("\"endsAt\":\"2026-03-01T12:20:"), std::string::npos) << "four times the longest interval";
  const RelayFigures figures = relay_.figures();
  ASSERT_EQ(figures.peers.size(), 2U);
  for (const RelayFigures::Peer& peer : figures.peers) EXPECT_EQ(peer.sent_count, 100U) << peer.url;
  EXPECT_EQ(figures.waiting_count, 0U);
  EXPECT_EQ(figures.dropped_count, 0U);
}

TEST_F(Relay, figures_count_as_prometheus_does) {
  relay_.configure({{"http://am/", Duration::seconds(10), {}}}, Duration::seconds(15));
  for (int i = 0; i < 100; ++i) fire(std::to_string(i));
  loop_.pass(Duration::milliseconds(250));
  EXPECT_EQ(relay_.figures().waiting_count, 100U);
  peers_.answer(500);  // told again
  RelayFigures figures = relay_.figures();
  ASSERT_EQ(figures.peers.size(), 1U);
  EXPECT_EQ(figures.peers[0].sent_count, 64U);
  EXPECT_EQ(figures.peers[0].error_count, 1U) << "of calls";
  EXPECT_EQ(figures.dropped_count, 0U);
  EXPECT_EQ(figures.waiting_count, 100U);
  static_cast<void>(calls_after(Duration::seconds(3), 404));  // refused for good
  figures = relay_.figures();
  EXPECT_EQ(figures.peers[0].sent_count, 164U);
  EXPECT_EQ(figures.peers[0].error_count, 3U);
  EXPECT_EQ(figures.dropped_count, 100U);
  EXPECT_EQ(figures.waiting_count, 0U);
}

TEST_F(Relay, an_alert_that_is_refused_keeps_no_other_from_being_told) {
  relay_.configure({{"http://am/", Duration::seconds(10), {}}}, Duration::seconds(15));
  for (int i = 0; i < 100; ++i) fire(std::to_string(i));
  std::set<std::string> taken;
  const auto go_on = [&](int quarters) {
    const std::size_t before = peers_.calls.size();
    for (int i = 0; i < quarters; ++i) {  // something changes all the time, so alerts are read again and again
      ++version_;
      loop_.pass(Duration::milliseconds(250));
      while (!peers_.waiting.empty()) {
        const std::string body = peers_.calls.back().body;
        const bool is_bad = body.find("\"alertname\":\"7\"") != std::string::npos;
        for (const RelayedAlert& alert : alerts_)
          if (!is_bad && body.find("\"alertname\":\"" + alert.id + "\"") != std::string::npos) taken.insert(alert.id);
        peers_.answer(is_bad ? 400 : 200);
      }
    }
    return peers_.calls.size() - before;
  };
  // 64, 32, 16 and 8 refused, 4 taken, 4 with it refused, then of two and alone, and the others in calls that grow.
  EXPECT_LE(go_on(20), 25U);
  EXPECT_EQ(taken.size(), 99U);
  EXPECT_FALSE(taken.contains("7"));
  ASSERT_EQ(complaints_.size(), 1U) << complaints_.back();
  EXPECT_EQ(complaints_.front(),
            "http://am/ refused the alert {alertname=\"7\"} with status 400; it is told again each minute, the others as ever");
  // The next minute: it goes last, and nothing is said again.
  taken.clear();
  EXPECT_LE(go_on(240), 4U);
  EXPECT_EQ(taken.size(), 99U);
  EXPECT_EQ(complaints_.size(), 1U) << complaints_.back();
  // It may be wanted after all.
  EXPECT_GE(calls_after(Duration::seconds(61)), 2U);
  complaints_.clear();
  EXPECT_GT(go_on(260), 0U);
  EXPECT_EQ(complaints_.size(), 1U) << "refused anew: it was taken meanwhile";
}

TEST_F(Relay, who_refuses_every_alert_is_asked_a_bounded_number_of_times) {
  relay_.configure({{"http://am/", Duration::seconds(10), {}}}, Duration::seconds(15));
  for (int i = 0; i < 1000; ++i) fire(std::to_string(i));
  ++version_;
  std::size_t calls = 0;
  loop_.pass(Duration::milliseconds(250));
  for (; !peers_.waiting.empty(); ++calls) peers_.answer(400);
  EXPECT_LE(calls, AlertRelay::halvings_max + 1000 / AlertRelay::alerts_of_call_max + 1);
  EXPECT_EQ(complaints_.size(), AlertRelay::names_said_max + 1) << "some by name, then all";
}

TEST_F(Relay, a_refusal_that_is_not_about_the_alerts_is_said_once_a_course) {
  relay_.configure({{"http://am/", Duration::seconds(10), {}}}, Duration::seconds(15));
  for (int i = 0; i < 100; ++i) fire(std::to_string(i));
  EXPECT_LE(calls_after(Duration::minutes(3), 401), 6U) << "two a minute: nothing is halved";
  ASSERT_EQ(complaints_.size(), 1U);
  EXPECT_EQ(complaints_.front(), "http://am/ refused alerts with status 401; they are told again in a minute");
  EXPECT_GT(calls_after(Duration::minutes(1)), 0U);
  ASSERT_EQ(complaints_.size(), 2U);
  EXPECT_EQ(complaints_.back(), "alerts are told to http://am/ again");
}

TEST_F(Relay, one_that_the_bill_no_longer_has_is_told_nothing_more) {
  relay_.configure({{"http://am/", Duration::seconds(10), {}}}, Duration::seconds(15));
  for (int i = 0; i < 100; ++i) fire(std::to_string(i));
  loop_.pass(Duration::milliseconds(250));
  ASSERT_EQ(peers_.calls.size(), 1U);
  relay_.configure({}, Duration::seconds(15));
  EXPECT_EQ(calls_after(Duration::minutes(2)), 0U) << "the other 36 were due behind the call under way";
  EXPECT_TRUE(complaints_.empty());
}

TEST_F(Relay, an_authorization_that_cannot_be_read_sends_nothing_and_is_said) {
  relay_.configure({{"http://am/", Duration::seconds(10),
                     [](ports::HttpCall&) { return Status(Error{ErrorKind::not_found, "read", "/secret", "no such file"}); }}},
                   Duration::seconds(15));
  fire("a");
  EXPECT_EQ(calls_after(Duration::seconds(5)), 0U);
  ASSERT_EQ(complaints_.size(), 1U);
  EXPECT_NE(complaints_.front().find("/secret"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::drivers::notify
