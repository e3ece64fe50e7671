#include "drivers/query/asker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "rules/stand.h"

namespace watchbill::drivers::query {
namespace {

namespace rules = metrics::rules;
using core::alert::Desk;

// An asker whose commands wait until the test lets the core answer them.
class Bench : public ::testing::Test {
 protected:
  Bench()
      : asker_(Asker::Links{head_, [this] { return now_; },
                            [this](Command command, std::function<void(bool)> done) {
                              waiting_.emplace_back(std::move(command), std::move(done));
                            },
                            [this] { return readiness_; }, [this] { ++wake_count_; }},
               surroundings_, {}) {
    group_.file = "f.yml";
    group_.name = "g";
    group_.interval = Duration::seconds(10);
    group_.rules = {rules::alerting("WebDown", "up == 0")};
  }
  void configure() {
    auto compiled = rules::compile(group_);
    ASSERT_TRUE(compiled);
    std::vector<rules::RuleGroup> groups;
    groups.push_back(std::move(*compiled));
    asker_.configure(std::move(groups), [](const RuleId&) { return InheritedRule{}; },
                     std::make_shared<const rules::Surroundings>(surroundings_));
    static_cast<void>(asker_.plan(now_));
  }
  void put(double value) {
    static_cast<void>(head_.append(Labels({{"__name__", "up"}, {"instance", "a"}}), now_, value));
  }
  // Moves on to the next slot and evaluates what is due.
  void slot() {
    now_ = now_ + Duration::seconds(10);
    static_cast<void>(asker_.plan(now_));
    while (asker_.run_one({})) {
    }
  }
  std::string answer(bool taken = true) {
    std::string out;
    while (!waiting_.empty()) {
      auto [command, done] = std::move(waiting_.front());
      waiting_.pop_front();
      out += (out.empty() ? "" : "; ") + (taken ? desk_.ask(command.body) : std::string("lost"));
      done(taken);
    }
    return out;
  }

  Instant now_{1'772'366'400'000};
  metrics::tsdb::Head head_;
  rules::Surroundings surroundings_{text_template::AnnotationScope({}, ""), {}};
  rules::StoreReadiness readiness_;
  rules::GroupSource group_;
  std::deque<std::pair<Command, std::function<void(bool)>>> waiting_;
  int wake_count_{0};
  Desk desk_;
  Asker asker_;
};

TEST_F(Bench, a_slot_is_evaluated_and_told_once) {
  configure();
  put(0);
  slot();
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
  slot();
  EXPECT_EQ(answer(), "");
}

TEST_F(Bench, a_refused_answer_is_told_at_the_next_slot) {
  configure();
  put(0);
  slot();
  EXPECT_EQ(answer(false), "lost");
  slot();
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
}

TEST_F(Bench, a_group_whose_answer_is_open_skips_its_slots_and_counts_them) {
  configure();
  put(0);
  slot();
  slot();
  slot();
  EXPECT_EQ(waiting_.size(), 1U) << "one seat";
  EXPECT_EQ(asker_.statuses().front().missed_count, 0U);
  const int wakes = wake_count_;
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
  EXPECT_GT(wake_count_, wakes) << "the planner hears of the free seat";
  static_cast<void>(asker_.plan(now_));
  while (asker_.run_one({})) {
  }
  EXPECT_EQ(asker_.statuses().front().missed_count, 1U);
  EXPECT_EQ(answer(), "");
}

TEST_F(Bench, an_early_look_comes_before_the_slot) {
  group_.interval = Duration::minutes(10);
  group_.rules.front().looks_early = true;
  configure();
  put(0);
  now_ = now_ + Duration::seconds(1);
  asker_.arrived(std::vector<rules::RulePlace>{{0, 0}}, now_);
  static_cast<void>(asker_.plan(now_));
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
}

TEST_F(Bench, places_of_the_rules_before_a_reload_are_passed_over) {
  group_.interval = Duration::minutes(10);
  group_.rules.front().looks_early = true;
  group_.rules.push_back(rules::recording("b", "up"));
  configure();
  put(0);
  now_ = now_ + Duration::seconds(1);
  // A group that is gone, a rule that is gone, one that records.
  asker_.arrived(std::vector<rules::RulePlace>{{0, 1}, {0, 2}, {1, 0}}, now_);
  static_cast<void>(asker_.plan(now_));
  EXPECT_FALSE(asker_.run_one({}));
  asker_.arrived(std::vector<rules::RulePlace>{{0, 0}, {0, 1}, {0, 2}}, now_);
  static_cast<void>(asker_.plan(now_));
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
}

TEST_F(Bench, a_silent_group_is_raised_and_cleared) {
  surroundings_.options.limits.samples_max = 0;
  configure();
  put(0);
  std::string told;
  for (int i = 0; i < 8; ++i) {
    slot();
    const std::string text = answer();
    if (text != "nothing") told += text + "\n";
  }
  EXPECT_EQ(told, "RuleEvaluationFailed\nAlertFired; nothing\n") << "an equal failure is told, and changes nothing";
  EXPECT_TRUE(asker_.statuses().front().is_silent);
  surroundings_.options.limits.samples_max = 1000;
  configure();
  put(1);
  slot();
  answer();
  slot();
  EXPECT_EQ(answer(), "AlertResolved(firing,condition_false)");
  EXPECT_FALSE(asker_.statuses().front().is_silent);
}

TEST_F(Bench, a_reload_waits_for_the_seat_and_keeps_what_is_known) {
  configure();
  put(0);
  slot();
  group_.rules.push_back(rules::alerting("Another", "up == 5"));
  configure();
  EXPECT_EQ(answer(), "RuleEvaluated AlertFired");
  slot();
  EXPECT_EQ(answer(), "") << "the alert is known to be told";
}

TEST_F(Bench, questions_are_answered_with_their_samples_and_an_old_world_proves_nothing) {
  put(1);
  Finding found;
  const auto ask = [&](const std::string& condition, std::optional<Instant> newer_than) {
    asker_.ask(Question{condition, newer_than}, [&](Finding finding) { found = std::move(finding); });
    EXPECT_TRUE(asker_.run_one({}));
    return std::string(word(found.verdict)) + (found.reason.empty() ? "" : " " + found.reason);
  };
  EXPECT_EQ(ask("up == 1", std::nullopt), "holds");
  ASSERT_EQ(found.samples.size(), 1U);
  EXPECT_EQ(found.samples.front(), "up{instance=\"a\"} 1@2026-03-01T12:00:00.000Z");
  EXPECT_EQ(ask("up == 0", now_ - Duration{1}), "fails");
  EXPECT_EQ(ask("up == 1", now_), "no_data stale") << "as old as the outcome is not younger";
  EXPECT_EQ(ask("nothing == 1", now_), "no_data no_samples");
  EXPECT_TRUE(ask("up ==", now_).starts_with("no_data query_failed: "));
}

TEST_F(Bench, a_question_may_name_its_instant_and_is_late_after_its_deadline) {
  put(1);
  Finding found;
  const auto ask = [&](std::optional<Instant> at, std::optional<Instant> deadline) {
    asker_.ask(Question{"up == 1", std::nullopt, at, deadline}, [&](Finding finding) { found = std::move(finding); });
    EXPECT_TRUE(asker_.run_one({}));
    return std::string(word(found.verdict)) + (found.reason.empty() ? "" : " " + found.reason);
  };
  EXPECT_EQ(ask(std::nullopt, now_), "holds");
  EXPECT_EQ(ask(now_ - Duration{1}, std::nullopt), "no_data no_samples") << "there was nothing yet";
  EXPECT_EQ(ask(std::nullopt, now_ - Duration{1}), "no_data timed_out");
  EXPECT_TRUE(found.samples.empty());
}

TEST_F(Bench, a_readers_query_waits_for_rules_and_never_takes_the_last_thread) {
  put(1);
  std::string order;
  EXPECT_TRUE(asker_.run([&] {
    order += "query ";
    // While it runs, another thread takes the question and leaves the second query alone.
    while (asker_.run_one({})) {
    }
  }));
  EXPECT_TRUE(asker_.run([&] { order += "second "; }));
  asker_.ask(Question{"up == 1", std::nullopt}, [&](const Finding&) { order += "question "; });
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_EQ(order, "question ");
  asker_.ask(Question{"up == 1", std::nullopt}, [&](const Finding&) { order += "another "; });
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_EQ(order, "question another query ");
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_EQ(order, "question another query second ");
  EXPECT_FALSE(asker_.run_one({}));
}

TEST_F(Bench, too_many_queries_and_those_after_the_end_are_refused) {
  const std::size_t waiting_max = Asker::Limits{}.tasks_max;
  for (std::size_t i = 0; i < waiting_max; ++i) EXPECT_TRUE(asker_.run([] {}));
  EXPECT_FALSE(asker_.run([] {}));
  EXPECT_TRUE(asker_.run_one({}));
  EXPECT_TRUE(asker_.run([] {}));
  asker_.stop();
  EXPECT_FALSE(asker_.run([] {}));
}

TEST_F(Bench, several_threads_may_work) {
  std::atomic<int> answered{0};
  put(1);
  std::vector<std::thread> pool;
  for (int i = 0; i < 3; ++i)
    pool.emplace_back([&] {
      while (asker_.run_one(Duration::seconds(5))) {
      }
    });
  for (int i = 0; i < 200; ++i) asker_.ask(Question{"up == 1", std::nullopt}, [&](const Finding& finding) {
    answered += finding.verdict == metrics::promql::ConditionVerdict::holds ? 1 : 0;
    if (answered == 200) asker_.stop();
  });
  for (std::thread& thread : pool) thread.join();
  EXPECT_EQ(answered, 200);
  asker_.ask(Question{"up == 1", std::nullopt}, [&](const Finding& finding) { EXPECT_EQ(finding.reason, "busy"); });
}

}  // namespace
}  // namespace watchbill::drivers::query
