// The loop on a simulated disk: what is released and when, what a full disk leaves possible, and what a start believes.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "engine/desk.h"
#include "engine/engine_clock.h"

namespace watchbill::engine {
namespace {

using Lines = std::vector<std::string>;
RequestNotification message() { return {sha256("m"), DeliveryKind::step, "team", "x"}; }

TEST(engine, nothing_is_released_before_it_is_durable) {
  Desk desk;
  desk.start();
  desk.person(message());
  EXPECT_EQ(desk.step().commands, 3U);
  EXPECT_EQ(desk.take_log(), (Lines{"durable 3", "answer 3", "effect 1"}));
}

TEST(engine, an_unknown_append_ends_the_process_and_releases_nothing) {
  Desk desk;
  desk.start();
  static_cast<void>(desk.step());
  desk.take_log();
  desk.person(message());
  desk.disk.arm(sim::DiskFault::lost);
  EXPECT_TRUE(desk.step().has_failed);
  EXPECT_EQ(desk.take_log(), Lines{});
}

TEST(engine, a_full_disk_serves_outcomes_and_people_from_the_reserve_and_recovers) {
  Desk desk;
  desk.start();
  static_cast<void>(desk.step());
  desk.disk.arm(sim::DiskFault::full);
  desk.person(SetHold{"x", false, "all"});
  desk.take_log();
  EXPECT_FALSE(desk.step().has_failed);
  EXPECT_EQ(desk.take_log(), (Lines{"journal_full"}));
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::nothing);
  desk.person(SetHold{"x", false, "all"});
  desk.offer(NoteSnapshot{sha256(""), 1}, engine_actor());
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::outcomes_and_people);
  EXPECT_EQ(desk.take_log(), (Lines{"durable 1", "journal_full", "durable 1", "answer 4"}));
  desk.disk.heal();
  static_cast<void>(desk.step(Duration::seconds(1)));
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::normal);
  EXPECT_EQ(desk.history(), "LineageStarted EpochStarted JournalBecameReadOnly HoldSet JournalBecameWritable ");
}

TEST(engine, a_read_only_disk_is_asked_once_a_second_and_both_events_follow_together) {
  Desk desk;
  desk.start();
  static_cast<void>(desk.step());
  desk.disk.arm(sim::DiskFault::read_only);
  desk.person(SetHold{"x", false, "all"});
  static_cast<void>(desk.step());
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::nothing);
  EXPECT_EQ(desk.engine->next_due(), desk.now + Duration::seconds(1)) << "nothing to do before that, whatever is due";
  static_cast<void>(desk.step(Duration::seconds(1)));
  desk.disk.heal();
  static_cast<void>(desk.step(Duration::seconds(1)));
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::normal);
  EXPECT_EQ(desk.history(), "LineageStarted EpochStarted JournalBecameReadOnly JournalBecameWritable ");
}

TEST(engine, a_start_after_a_crash_on_a_full_disk_ends_the_read_only_time) {
  Desk desk;
  desk.start();
  static_cast<void>(desk.step());
  desk.disk.arm(sim::DiskFault::full);
  desk.person(SetHold{"x", false, "all"});
  static_cast<void>(desk.step());
  static_cast<void>(desk.step());
  ASSERT_EQ(desk.engine->write_mode(), WriteMode::outcomes_and_people);
  desk.start();
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::outcomes_and_people);
  desk.disk.heal();
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::normal);
  EXPECT_EQ(desk.history(),
            "LineageStarted EpochStarted JournalBecameReadOnly EpochStarted JournalBecameWritable ");
}

TEST(engine, a_disk_without_room_for_the_reserve_is_written_again_without_it) {
  Desk desk;
  desk.disk.shrink();
  desk.start();
  desk.disk.arm(sim::DiskFault::read_only);  // as a full disk on which no reserve was ever made
  static_cast<void>(desk.step());
  static_cast<void>(desk.step());
  ASSERT_EQ(desk.engine->write_mode(), WriteMode::nothing);
  EXPECT_EQ(desk.engine->read_only_reason(), "read_only");
  desk.disk.heal();
  static_cast<void>(desk.step(Duration::seconds(1)));
  EXPECT_EQ(desk.engine->write_mode(), WriteMode::normal) << "there is room to write";
  // The reserve comes when there is room for it.
  EXPECT_FALSE(desk.disk.has_ballast());
  desk.disk.grow();
  static_cast<void>(desk.step(Duration::seconds(10)));
  EXPECT_TRUE(desk.disk.has_ballast());
  EXPECT_EQ(desk.history(), "LineageStarted EpochStarted JournalBecameReadOnly JournalBecameWritable ");
}

TEST(engine, a_start_without_the_reserve_makes_it_when_there_is_room) {
  Desk desk;
  desk.disk.shrink();
  desk.start();
  static_cast<void>(desk.step());
  ASSERT_EQ(desk.engine->write_mode(), WriteMode::normal);
  EXPECT_FALSE(desk.disk.has_ballast());
  desk.disk.grow();
  static_cast<void>(desk.step(Duration::seconds(10)));
  EXPECT_TRUE(desk.disk.has_ballast()) << "not only after the disk was full in this life";
}

TEST(engine, a_second_report_of_an_earlier_attempt_frees_no_seat) {
  Desk desk;
  desk.start();
  desk.person(message());
  static_cast<void>(desk.step());
  const DeliveryId id{desk.answers.at(0).subject};
  const NoteDelivery failed{DeliveryAnswer::retryable, 1, id, "http 500", {}};
  desk.offer(failed, engine_actor("notify"));
  static_cast<void>(desk.step());
  static_cast<void>(desk.step(Duration::seconds(2)));  // the second attempt leaves
  desk.take_log();
  desk.offer(failed, engine_actor("notify"));
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.take_log(), (Lines{"answer 0"})) << "the second attempt is not sent twice";
  EXPECT_EQ(desk.engine->in_flight().size(), 1U);
}

TEST(engine, a_channel_that_hangs_keeps_no_other_channels_messages_waiting) {
  Desk desk;
  desk.limits.deliveries_in_flight_max = 2;
  desk.start();
  for (int i = 0; i < 5; ++i) desk.person(message());
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->in_flight().size(), 2U);
  desk.take_log();
  RequestNotification other = message();
  other.receiver = "other";
  desk.person(other);
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.engine->in_flight().size(), 3U) << "nobody of the first channel answered";
  EXPECT_EQ(desk.engine->next_due(), Instant::never()) << "and nothing is due that has no seat";
}

TEST(engine, segments_are_sealed_and_go_on_after_a_restart) {
  Desk desk;
  desk.limits.segment_bytes_max = 1500;
  desk.start();
  for (int i = 0; i < 12; ++i) {
    desk.person(SetHold{"x", false, "a/" + std::to_string(i)});
    static_cast<void>(desk.step());
    if (i == 6) desk.start();
  }
  const ChainHead head = desk.engine->head();
  EXPECT_GT(head.segment, 3U);
  const auto verified = verify_chain(desk.journal);
  ASSERT_TRUE(verified);
  EXPECT_EQ(*verified, head);
  const Segment segment = desk.engine->state().progress.segment;
  EXPECT_EQ(desk.start().state.progress.segment, segment);
}

TEST(recovery, only_a_snapshot_that_the_journal_vouches_for_is_used) {
  Desk desk;
  desk.start();
  for (int i = 0; i < 12; ++i) {
    desk.person(SetHold{"x", false, "a/" + std::to_string(i)});
    static_cast<void>(desk.step());
  }
  desk.follower->run(100);
  Digest digest;
  auto snapshot = desk.follower->take_snapshot(digest);
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(desk.journal.save_snapshot(*snapshot));
  EXPECT_EQ(desk.start().from_snapshot, 0U) << "no record holds its digest";
  desk.offer(NoteSnapshot{digest, snapshot->head.sequence}, engine_actor());
  static_cast<void>(desk.step());
  EXPECT_EQ(desk.start().from_snapshot, snapshot->head.sequence);
  const std::size_t at = snapshot->text.find("\"x\"");
  snapshot->text[at + 1] = 'y';
  ASSERT_TRUE(desk.journal.save_snapshot(*snapshot));
  Recovered recovered = desk.start();
  EXPECT_EQ(recovered.from_snapshot, snapshot->head.sequence) << "the one before it is good";
  EXPECT_EQ(recovered.state.control.holds.find("a/0")->reason, "x");
}

TEST(follower, it_equals_the_engine_although_its_queue_holds_two_records) {
  Desk desk;
  desk.limits.follower_queue_records_max = 2;
  desk.start();
  for (int i = 0; i < 20; ++i) {
    desk.person(SetHold{"x", false, "a/" + std::to_string(i)});
    static_cast<void>(desk.step());
    if (i % 7 == 0) desk.follower->run(3);
  }
  while (desk.follower->run(3) > 0) {
  }
  EXPECT_FALSE(desk.follower->failure());
  EXPECT_TRUE(desk.follower->wait_for(desk.engine->head().sequence, Duration{}));
  desk.follower->read([&](const core::State& state, const ChainHead& head) {
    core::State a = state, b = desk.engine->state();
    EXPECT_EQ(core::digest_of(a), core::digest_of(b));
    EXPECT_EQ(head, desk.engine->head());
  });
}

TEST(follower, who_waits_for_a_record_is_called_once_readers_see_it) {
  Desk desk;
  desk.start();
  while (desk.follower->run(100) > 0) {
  }
  std::string called;
  const Sequence seen = desk.engine->head().sequence;
  desk.follower->when_applied(seen, [&] { called += "at once;"; });
  for (int i = 0; i < 2; ++i) {
    desk.person(SetHold{"x", false, "a/" + std::to_string(i)});
    static_cast<void>(desk.step());
  }
  const Sequence last = desk.engine->head().sequence;
  desk.follower->when_applied(last, [&] {
    called += "last;";
    desk.follower->read([&](const core::State& state, const ChainHead&) { EXPECT_TRUE(state.control.holds.contains("a/1")); });
  });
  desk.follower->when_applied(seen + 1, [&] { called += "first;"; });
  EXPECT_EQ(called, "at once;");
  desk.follower->run(1);
  EXPECT_EQ(called, "at once;first;");
  while (desk.follower->run(100) > 0) {
  }
  EXPECT_EQ(called, "at once;first;last;");
  desk.follower->when_applied(last + 1, [&] { called += "stopped;"; });
  desk.follower->stop();
  EXPECT_EQ(called, "at once;first;last;stopped;");
}

TEST(follower, the_number_of_its_newest_record_is_never_ahead_of_what_is_read) {
  Desk desk;
  desk.start();
  while (desk.follower->run(100) > 0) {
  }
  desk.person(SetHold{"x", false, "all"});
  static_cast<void>(desk.step());
  std::thread following;
  desk.follower->read([&](const core::State&, const ChainHead& head) {
    following = std::thread([&desk] { desk.follower->run(100); });
    // It has come to the lock long before this ends, and waits there.
    for (int i = 0; i < 2'000 && desk.follower->head_sequence() == head.sequence; ++i) std::this_thread::yield();
    EXPECT_EQ(desk.follower->head_sequence(), head.sequence);
  });
  following.join();
  EXPECT_EQ(desk.follower->head_sequence(), desk.engine->head().sequence);
}

TEST(follower, it_runs_on_a_thread_of_its_own_while_others_read) {
  Desk desk;
  desk.start();
  Follower& follower = *desk.follower;
  std::thread following([&follower] {
    while (follower.wait() && !follower.failure()) follower.run(7);
  });
  std::atomic<bool> is_done{false};
  std::thread reading([&follower, &is_done] {
    Sequence last = 0;
    while (!is_done) {
      const Sequence told = follower.head_sequence();
      follower.read([&last, told](const core::State& state, const ChainHead& head) {
        EXPECT_EQ(state.progress.sequence, head.sequence) << "never between two records";
        EXPECT_GE(head.sequence, last);
        EXPECT_GE(head.sequence, told);
        last = head.sequence;
      });
      EXPECT_GE(follower.head_sequence(), last);
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 200; ++i) {
    desk.person(SetHold{"x", false, "a/" + std::to_string(i)});
    static_cast<void>(desk.step());
  }
  EXPECT_TRUE(follower.wait_for(desk.engine->head().sequence, Duration::seconds(60)));
  is_done = true;
  reading.join();
  follower.stop();
  following.join();
  EXPECT_FALSE(follower.failure());
}

TEST(inbox, each_lane_in_use_has_its_turn_and_each_full_lane_its_refusal) {
  Limits limits;
  limits.people_max = 2;
  Inbox inbox(limits);
  const auto person = [&] { return inbox.offer(Command{SetHold{}, {}, {}, {}, {}}, {}); };
  EXPECT_FALSE(person());
  EXPECT_FALSE(person());
  EXPECT_EQ(person()->reason, Refusal::busy);
  EXPECT_FALSE(inbox.offer(Command{NoteSnapshot{}, {}, {}, {}, {}}, {}));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(inbox.offer(Command{NoteDelivery{}, {}, {}, {}, {}}, {}));
  std::string order;
  for (const Envelope& envelope : inbox.take(Lane::outcomes, Lane::ingest, 4))
    order.append(word(lane_of(envelope.command.body))) += ' ';
  EXPECT_EQ(order, "outcomes outcomes people answers ");
  inbox.close();
  EXPECT_EQ(person()->reason, Refusal::closing);
}

TEST(inbox, commands_of_many_threads_are_all_taken_once) {
  Limits limits;
  limits.people_max = 100'000;
  Inbox inbox(limits);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&inbox] {
      for (int k = 0; k < 500; ++k) static_cast<void>(inbox.offer(Command{SetHold{}, {}, {}, {}, {}}, {}));
    });
  std::size_t taken = 0;
  while (taken < 2000) {
    inbox.wait(Duration::seconds(5));
    const std::size_t count = inbox.take(Lane::outcomes, Lane::ingest, 64).size();
    if (count == 0) break;
    taken += count;
  }
  for (std::thread& thread : threads) thread.join();
  taken += inbox.take(Lane::outcomes, Lane::ingest, 10'000).size();
  EXPECT_EQ(taken, 2000U);
}

TEST(engine_clock, it_follows_a_small_difference_slowly_and_a_step_not_at_all) {
  EngineClock clock({Instant{1'000'000}, 0}, Instant{});
  EXPECT_EQ(clock.at({Instant{1'000'000 + 10'000 + 500}, 10'000}), Instant{1'010'500}) << "half a second in ten: at once";
  EXPECT_EQ(clock.at({Instant{1'020'500 + 9'000}, 20'000}), Instant{1'021'500}) << "nine seconds: a tenth of what passed";
  EXPECT_FALSE(clock.take_jump());
  const Instant before = clock.at({Instant{1'029'500}, 20'000});
  EXPECT_EQ(clock.at({Instant{9'000'000}, 20'010}), before + Duration{10});
  const auto jump = clock.take_jump();
  ASSERT_TRUE(jump);
  EXPECT_EQ(jump->wall, Instant{9'000'000});
  static_cast<void>(clock.at({Instant{9'000'010}, 20'020}));
  EXPECT_FALSE(clock.take_jump()) << "a step is reported once";
}

TEST(engine_clock, it_starts_at_the_last_record_and_never_goes_back) {
  EngineClock clock({Instant{1'000}, 0}, Instant{8'000'000});
  EXPECT_EQ(clock.started_ahead(), Duration{7'999'000});
  Instant last = clock.at({Instant{1'000}, 0});
  EXPECT_EQ(last, Instant{8'000'000});
  for (int i = 1; i < 200; ++i) {
    const Instant next = clock.at({Instant{1'000 + i * (i % 3)}, i * 7});
    EXPECT_GE(next, last);
    last = next;
  }
}

}  // namespace
}  // namespace watchbill::engine
