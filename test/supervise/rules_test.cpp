#include <gtest/gtest.h>

#include "supervise/hang.h"
#include "supervise/health.h"
#include "supervise/restart.h"
#include "supervise/stop.h"

namespace watchbill::supervise {
namespace {

constexpr Instant start{1'000'000};
const StartKey key{"prod", "web", 2};

Decision fail(const RestartRule& rule, RestartBudget& budget, RestartCount& count, Instant now) {
  return decide_restart(rule, Ended{EndReason::exit, false}, key, budget, count, now);
}

TEST(restart, an_immediate_first_restart_is_followed_by_a_tenth_of_a_second) {
  Backoff backoff;
  backoff.initial = Duration{};
  backoff.jitter_millionths = 0;
  EXPECT_EQ(restart_delay(backoff, key, 1).ms, 0);
  EXPECT_EQ(restart_delay(backoff, key, 2).ms, 100);
  EXPECT_EQ(restart_delay(backoff, key, 3).ms, 200);
  EXPECT_EQ(restart_delay(backoff, key, 4'000'000'000U).ms, 60'000);
}

TEST(restart, a_delay_passes_max_by_the_jitter_share_at_most) {
  Backoff backoff;
  backoff.max = Duration::seconds(10);
  for (std::uint64_t incarnation = 1; incarnation < 2000; ++incarnation) {
    const Duration delay = restart_delay(backoff, StartKey{"n", "w", incarnation}, 50);
    EXPECT_GE(delay.ms, 9'000);
    EXPECT_LE(delay.ms, 11'000);
  }
}

TEST(restart, what_follows_an_end_is_the_table_of_states) {
  struct Row {
    RestartPolicy policy;
    Ended ended;
    Verdict verdict;
  };
  const Ended success{EndReason::exit, true};
  const Ended failure{EndReason::exit, false};
  const Ended hang{EndReason::hang, false};
  const Ended cancelled{EndReason::cancelled, false};
  const Row rows[] = {
      {RestartPolicy::always, success, Verdict::restart},     {RestartPolicy::always, failure, Verdict::restart},
      {RestartPolicy::always, cancelled, Verdict::stopped},   {RestartPolicy::on_failure, success, Verdict::completed},
      {RestartPolicy::on_failure, failure, Verdict::restart}, {RestartPolicy::on_failure, hang, Verdict::restart},
      {RestartPolicy::never, success, Verdict::completed},    {RestartPolicy::never, failure, Verdict::failed},
      {RestartPolicy::never, hang, Verdict::failed},          {RestartPolicy::never, cancelled, Verdict::stopped},
  };
  for (const Row& row : rows) {
    RestartRule rule;
    rule.policy = row.policy;
    RestartBudget budget;
    RestartCount count;
    EXPECT_EQ(decide_restart(rule, row.ended, key, budget, count, start).verdict, row.verdict);
    EXPECT_EQ(budget.used(Duration::hours(1), start), row.verdict == Verdict::restart ? 1U : 0U);
  }
}

TEST(restart, a_limit_of_nothing_equals_never) {
  RestartRule rule;
  rule.limit = RestartLimit{0, Duration::minutes(1)};
  RestartBudget budget;
  RestartCount count;
  EXPECT_EQ(fail(rule, budget, count, start).verdict, Verdict::failed);
}

TEST(restart, without_a_limit_no_number_of_failures_ends_it) {
  RestartRule rule;
  rule.limit.reset();
  RestartBudget budget;
  RestartCount count;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(fail(rule, budget, count, start).verdict, Verdict::restart);
  EXPECT_EQ(budget.used(Duration::hours(1), start), restart_limit_max) << "memory stays bounded";
}

TEST(restart, a_decision_leaves_the_window_at_its_end) {
  RestartBudget budget;
  budget.count(start);
  const RestartLimit limit{1, Duration::seconds(10)};
  EXPECT_FALSE(budget.allows(limit, start + Duration{9'999}));
  EXPECT_TRUE(budget.allows(limit, start + Duration{10'000}));
}

TEST(restart, a_stable_run_starts_the_backoff_over_and_leaves_the_budget) {
  RestartRule rule;
  rule.backoff.jitter_millionths = 0;
  RestartBudget budget;
  RestartCount count;
  EXPECT_EQ(fail(rule, budget, count, start).delay.ms, 1000);
  count.became_stable(start);
  EXPECT_EQ(fail(rule, budget, count, start + Duration{59'999}).delay.ms, 2000) << "not stable for long enough";
  const Instant later = start + Duration::minutes(5);
  count.became_stable(later);
  count.became_stable(later + Duration::seconds(50));
  EXPECT_EQ(fail(rule, budget, count, later + Duration::seconds(60)).delay.ms, 1000);
  EXPECT_EQ(budget.used(Duration::minutes(10), later + Duration::seconds(60)), 3U);
}

TEST(restart, a_break_in_readiness_begins_reset_after_anew) {
  RestartCount count;
  count.count = 4;
  count.became_stable(start);
  count.broke(Duration::seconds(60), start + Duration::seconds(40));
  count.became_stable(start + Duration::seconds(50));
  count.broke(Duration::seconds(60), start + Duration::seconds(100));
  EXPECT_EQ(count.count, 4U);
}

TEST(hang, a_beat_from_before_the_last_one_does_not_move_time_back) {
  Beats beats = Beats::since_start(start);
  beats.beat(start + Duration::seconds(10));
  beats.beat(start);
  EXPECT_EQ(beats.last_beat, start + Duration::seconds(10));
}

TEST(health, a_fall_back_to_unknown_begins_both_runs_at_zero) {
  const HealthRule rule{2, 2, Duration::seconds(30)};
  HealthState state = HealthState::begin(start);
  (void)observe(rule, state, ProbeResult::pass, start);
  EXPECT_FALSE(observe(rule, state, ProbeResult::pass, start + Duration::seconds(31))) << "the first pass went stale";
  EXPECT_EQ(state.health, Health::unknown);
  EXPECT_TRUE(observe(rule, state, ProbeResult::pass, start + Duration::seconds(40)));
  EXPECT_EQ(stale_at(rule, state), start + Duration::seconds(70));
  EXPECT_FALSE(expire(rule, state, start + Duration{69'999}));
  EXPECT_TRUE(expire(rule, state, start + Duration{70'000}));
  EXPECT_EQ(stale_at(rule, state), Instant::never());
}

TEST(stop, a_group_that_ignores_everything_goes_through_every_step_in_order) {
  const StopRule rule{true, Duration::seconds(5), Duration::seconds(10), Duration::seconds(5)};
  StopState state;
  EXPECT_EQ(begin_stop(rule, state, false, start), StopAction::run_pre_stop);
  EXPECT_EQ(advance_stop(rule, state, {}, start + Duration::seconds(4)), StopAction::none);
  const Instant term = start + Duration::seconds(5);
  EXPECT_EQ(advance_stop(rule, state, {}, stop_due(state)), StopAction::send_term);
  EXPECT_EQ(stop_due(state), term + Duration::seconds(10));
  EXPECT_EQ(advance_stop(rule, state, {}, term + Duration{9'999}), StopAction::none);
  EXPECT_EQ(advance_stop(rule, state, {}, stop_due(state)), StopAction::diagnose);
  const Instant kill = stop_due(state);
  EXPECT_EQ(kill, term + Duration::seconds(10) + diagnosis_max);
  EXPECT_EQ(advance_stop(rule, state, {}, kill), StopAction::send_kill);
  EXPECT_EQ(advance_stop(rule, state, {}, kill + kill_repeat), StopAction::send_kill) << "a member may have forked meanwhile";
  EXPECT_EQ(advance_stop(rule, state, {}, kill + Duration::seconds(5)), StopAction::report_unkillable);
  EXPECT_EQ(state.phase, StopPhase::unkillable);
  EXPECT_EQ(advance_stop(rule, state, {}, kill + Duration::seconds(9)), StopAction::send_kill);
  EXPECT_EQ(advance_stop(rule, state, {true, false}, kill + Duration::seconds(10)), StopAction::finished);
  EXPECT_EQ(stop_due(state), Instant::never());
}

TEST(stop, each_step_ends_early_when_it_is_done) {
  const StopRule rule{true, Duration::seconds(5), Duration::seconds(10), Duration::seconds(5)};
  StopState state;
  (void)begin_stop(rule, state, false, start);
  EXPECT_EQ(advance_stop(rule, state, {false, true}, start), StopAction::send_term);
  EXPECT_EQ(advance_stop(rule, state, {true, false}, start), StopAction::finished);
  EXPECT_EQ(begin_stop(rule, state, true, start), StopAction::send_term) << "no hook for a leader that has gone";
}

TEST(stop, the_shutdown_deadline_leaves_half_a_second) {
  const StopRule rule{false, {}, Duration::seconds(60), Duration::seconds(5)};
  StopState state;
  (void)begin_stop(rule, state, false, start);
  EXPECT_EQ(hasten_stop(state, start + Duration::seconds(1)), StopAction::send_term);
  EXPECT_EQ(stop_due(state), start + Duration{1'500});
  EXPECT_EQ(advance_stop(rule, state, {}, start + Duration{1'500}), StopAction::diagnose);
  EXPECT_EQ(hasten_stop(state, start + Duration{1'600}), StopAction::none);
}

}  // namespace
}  // namespace watchbill::supervise
