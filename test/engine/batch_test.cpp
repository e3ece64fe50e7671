// How much one batch takes, and in which order what is left goes on.
#include <gtest/gtest.h>

#include "engine/desk.h"

namespace watchbill::engine {
namespace {

SetHold hold(int number, std::size_t reason_bytes = 1) {
  return {std::string(reason_bytes, 'x'), false, "a/" + std::to_string(number)};
}

// The answers of the log, in order: sequences that each follow the last.
void expect_answers_in_order(const Desk& desk, std::size_t count) {
  ASSERT_EQ(desk.answers.size(), count);
  for (std::size_t i = 1; i < count; ++i) EXPECT_EQ(desk.answers[i].sequence, desk.answers[i - 1].sequence + 1);
}

TEST(batch, it_takes_256_commands_and_the_rest_go_next) {
  Desk desk;
  desk.limits.people_max = 600;
  desk.start();
  for (int i = 0; i < 600; ++i) desk.person(hold(i));
  EXPECT_EQ(desk.step().commands, 256U) << "the two that begin the epoch are among them";
  EXPECT_EQ(desk.log.front(), "durable 256");
  EXPECT_EQ(desk.answers.size(), 254U);
  EXPECT_EQ(desk.step().commands, 256U);
  EXPECT_EQ(desk.step().commands, 90U);
  EXPECT_EQ(desk.step().commands, 0U);
  expect_answers_in_order(desk, 600);
}

TEST(batch, it_ends_with_the_record_that_fills_its_bytes_and_loses_nothing) {
  Desk desk;
  desk.limits.batch_bytes_max = 8000;
  desk.start();
  static_cast<void>(desk.step());
  for (int i = 0; i < 20; ++i) desk.person(hold(i, 1000));
  std::size_t steps = 0, record_bytes_max = 0;
  for (; steps < 40; ++steps) {
    const std::size_t before = desk.disk.records().size();
    if (desk.step().commands == 0) break;
    std::size_t bytes = 0;
    for (std::size_t i = before; i < desk.disk.records().size(); ++i) {
      const std::size_t own = desk.disk.records()[i].header.size() + desk.disk.records()[i].payload->size();
      record_bytes_max = std::max(record_bytes_max, own);
      bytes += own;
    }
    EXPECT_LT(bytes, desk.limits.batch_bytes_max + record_bytes_max);
    if (desk.answers.size() == 20) continue;
    EXPECT_GE(bytes, desk.limits.batch_bytes_max) << "no batch ends early";
    EXPECT_EQ(desk.engine->next_due(), Instant{}) << "what is left is due at once";
  }
  EXPECT_GT(steps, 4U);
  expect_answers_in_order(desk, 20);
}

TEST(batch, people_go_before_what_a_full_batch_left) {
  Desk desk;
  desk.limits.batch_bytes_max = 1;
  desk.start();
  static_cast<void>(desk.step());
  static_cast<void>(desk.step());
  for (std::uint64_t i = 1; i <= 3; ++i) desk.offer(NoteSnapshot{sha256(""), i}, engine_actor());
  static_cast<void>(desk.step());
  desk.person(hold(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(desk.step().commands, 1U);
  EXPECT_EQ(desk.history(), "LineageStarted EpochStarted SnapshotWritten HoldSet SnapshotWritten SnapshotWritten ");
}

TEST(batch, a_storm_of_deadlines_leaves_room_for_people) {
  Desk desk;
  desk.limits.deadlines_per_batch_max = 4;
  desk.start();
  for (int i = 0; i < 10; ++i) {
    desk.offer(hold(i), Actor{ActorKind::caller, "nobody-" + std::to_string(i), {}});
    static_cast<void>(desk.step());
  }
  desk.now = desk.now + desk.limits.refusal_interval;
  desk.answers.clear();
  desk.person(hold(1));
  EXPECT_EQ(desk.step().commands, 5U) << "one person, and four of the ten counters that end";
  EXPECT_EQ(desk.answers.size(), 1U);
  EXPECT_EQ(desk.step().commands, 4U);
  EXPECT_EQ(desk.step().commands, 2U);
  EXPECT_EQ(desk.step().commands, 0U);
}

TEST(start, a_record_more_than_an_hour_ahead_of_the_wall_starts_on_hold) {
  Desk desk;
  desk.start("test", Duration::hours(1));
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->state().control.holds.size(), 0U);
  desk.start("test", Duration::hours(1) + Duration{1});
  static_cast<void>(desk.step());
  const core::control::Hold* hold = desk.engine->state().control.holds.find("all");
  ASSERT_NE(hold, nullptr);
  EXPECT_EQ(hold->by, "clock");
  EXPECT_EQ(hold->reason, "the last record is 1h1ms ahead of the wall clock");
  desk.start("test", Duration::hours(2));
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.history(), "LineageStarted EpochStarted EpochStarted HoldSet EpochStarted ") << "one hold is enough";
}

TEST(start, records_never_go_back_in_time) {
  Desk desk;
  desk.start();
  static_cast<void>(desk.step());
  const Instant last = desk.now;
  desk.person(hold(1));
  static_cast<void>(desk.step(Duration{} - Duration::hours(2)));
  EXPECT_EQ(desk.engine->head().time, last);
  EXPECT_TRUE(verify_chain(desk.journal));
}

}  // namespace
}  // namespace watchbill::engine
