// The engine's time against walls that are suspended, drift, are set, and begin behind the journal.
#include "engine/engine_clock.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace watchbill::engine {
namespace {

constexpr Instant noon{1'772'366'400'000};
constexpr Duration hours_8 = Duration::hours(8);

Duration back(Duration by) { return Duration{} - by; }

ports::ClockReading reading(Duration passed, Duration off = {}) { return {noon + passed + off, passed.ms}; }

TEST(engine_clock, a_suspended_host_loses_no_time_and_reports_no_jump) {
  EngineClock clock(reading({}), Instant{});
  static_cast<void>(clock.at(reading(Duration::seconds(10))));
  EXPECT_EQ(clock.at(reading(Duration::seconds(10) + hours_8)), noon + Duration::seconds(10) + hours_8);
  EXPECT_FALSE(clock.take_jump());
}

TEST(engine_clock, a_wall_that_slept_through_the_suspension_is_a_jump_of_its_own) {
  EngineClock clock(reading({}), Instant{});
  EXPECT_EQ(clock.at(reading(hours_8, back(hours_8))), noon + hours_8) << "boot time went on";
  const auto jump = clock.take_jump();
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->by, back(hours_8));
  EXPECT_EQ(jump->wall, noon);
}

TEST(engine_clock, it_slews_by_at_most_a_tenth_until_it_has_reached_the_wall) {
  for (const Duration off : {Duration::seconds(20), back(Duration::seconds(20))})
    for (const std::int64_t step_ms : {1, 7, 250, 1000, 30'000}) {
      EngineClock clock(reading({}), Instant{});
      Instant last = noon;
      std::int64_t passed = 0;
      for (; passed < 400'000; passed += step_ms) {
        const Instant next = clock.at(reading(Duration{passed + step_ms}, off));
        const std::int64_t slewed = (next - last).ms - step_ms;
        // Whole milliseconds: a tenth that was not used before may come with this one.
        ASSERT_LE(std::abs(slewed), step_ms / 10 + 1) << step_ms << " ms steps";
        ASSERT_GE(next, last);
        last = next;
        const Duration rest = (noon + Duration{passed + step_ms} + off) - next;
        if (passed + step_ms >= 200'000 + step_ms) {
          ASSERT_EQ(rest, Duration{}) << "20 s at a tenth: 200 s";
        } else if (passed + step_ms <= 190'000) {
          ASSERT_NE(rest, Duration{}) << "not before";
        }
      }
      EXPECT_FALSE(clock.take_jump());
    }
}

TEST(engine_clock, thirty_seconds_are_followed_and_a_millisecond_more_is_a_step) {
  for (const Duration off : {Duration::seconds(30), back(Duration::seconds(30))}) {
    EngineClock followed(reading({}), Instant{});
    const Instant slewed = followed.at(reading(Duration::seconds(10), off));
    EXPECT_EQ(slewed, noon + Duration::seconds(10) + Duration{off.ms / 30}) << "a second in ten";
    EXPECT_FALSE(followed.take_jump());

    const Duration more = off + Duration{off.ms > 0 ? 1 : -1};
    EngineClock stepped(reading({}), Instant{});
    EXPECT_EQ(stepped.at(reading(Duration::seconds(10), more)), noon + Duration::seconds(10));
    const auto jump = stepped.take_jump();
    ASSERT_TRUE(jump);
    EXPECT_EQ(jump->by, more);
  }
}

TEST(engine_clock, each_step_is_reported_once_and_the_way_back_is_another) {
  EngineClock clock(reading({}), Instant{});
  const Duration set = Duration::hours(3);
  std::vector<Duration> jumps;
  for (std::int64_t second = 1; second <= 60; ++second) {
    const Duration passed = Duration::seconds(second);
    EXPECT_EQ(clock.at(reading(passed, second > 20 && second <= 40 ? set : Duration{})), noon + passed) << "its own pace";
    if (const auto jump = clock.take_jump()) jumps.push_back(jump->by);
  }
  EXPECT_EQ(jumps, (std::vector<Duration>{set, back(set)}));
}

TEST(engine_clock, a_record_ahead_is_where_it_starts_and_the_wall_is_not_a_jump) {
  const Instant last_record = noon + Duration::hours(2);
  EngineClock clock(reading({}), last_record);
  EXPECT_EQ(clock.started_ahead(), Duration::hours(2));
  for (std::int64_t second = 0; second <= 100; ++second) {
    EXPECT_EQ(clock.at(reading(Duration::seconds(second))), last_record + Duration::seconds(second));
    EXPECT_FALSE(clock.take_jump());
  }
  // The wall is set right: that is a step like any other, and time goes on evenly.
  EXPECT_EQ(clock.at(reading(Duration::seconds(101), Duration::hours(2))), last_record + Duration::seconds(101));
  const auto jump = clock.take_jump();
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->by, Duration::hours(2));
}

}  // namespace
}  // namespace watchbill::engine
