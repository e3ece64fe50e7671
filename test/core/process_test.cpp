// One command whole: what is decided, what follows, what is counted and what is refused before it could do harm.
#include "core/process.h"

#include <gtest/gtest.h>

#include <array>

namespace watchbill::core {
namespace {

class Desk {
 public:
  Limits limits;
  std::vector<Reaction> table;  // none unless a test wants some
  State state;
  Seen seen;
  Instant now{1'772'366'400'000};

  Processed run(const Command& command) {
    Processed done = process(state, seen, command, {now, limits, table, {}});
    if (done.events.empty()) return done;
    RecordHeader header;
    header.sequence = state.progress.sequence + 1;
    header.time = now;
    apply_end(state, RecordEnd{header, command.actor.name, command.request, done.events, done.pending}, limits);
    return done;
  }
};

Command by(const std::string& name, CommandBody body, std::string request = {}) {
  Command command{std::move(body), Actor{ActorKind::caller, name, {"operator", "approver"}}, std::nullopt, std::nullopt, {}};
  if (!request.empty()) command.request = Request{sha256(canonical_body(command.body)), std::move(request)};
  return command;
}

SetHold hold(const std::string& scope) { return SetHold{"disks", false, scope}; }

std::optional<Refusal> reason_of(const Processed& done) {
  return done.answer.refused ? std::optional(done.answer.refused->reason) : std::nullopt;
}

TEST(process, the_events_of_one_decision_are_a_chain) {
  Desk desk;
  const Digest body = sha256("m");
  const auto intended = desk.run(by("ana", RequestNotification{body, DeliveryKind::page, "team", "x"}));
  ASSERT_EQ(intended.events.size(), 1U);
  EXPECT_FALSE(intended.events[0].after);
  const DeliveryId id = std::get<NotificationIntended>(intended.events[0].event).delivery;
  const auto ended =
      desk.run(Command{NoteDelivery{DeliveryAnswer::final, 1, id, "http 404", {}}, engine_actor("notify"), {}, {}, {}});
  ASSERT_EQ(ended.events.size(), 2U) << "an attempt that failed for good, and the dead letter";
  EXPECT_EQ(ended.events[1].after, 0U);
}

TEST(process, a_request_id_gives_its_recorded_answer_and_takes_no_other_body) {
  Desk desk;
  const auto first = desk.run(by("ana", hold("all"), "req-1"));
  const auto again = desk.run(by("ana", hold("all"), "req-1"));
  EXPECT_TRUE(again.answer.is_replayed);
  EXPECT_EQ(again.answer.sequence, first.answer.sequence);
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(reason_of(desk.run(by("ana", hold("binding/x"), "req-1"))), Refusal::idempotency_key_reused);
  EXPECT_EQ(reason_of(desk.run(by("bo", hold("all"), "req-1"))), Refusal::hold_active) << "another caller's id is another id";
  EXPECT_EQ(reason_of(desk.run(by("ana", hold("all"), std::string(129, 'x')))), Refusal::bad_argument);
}

TEST(process, a_caller_whose_ids_are_all_over_is_let_in_again) {
  Desk desk;
  desk.limits.request_ids_per_caller_max = 2;
  EXPECT_FALSE(reason_of(desk.run(by("ana", hold("a/1"), "1"))));
  EXPECT_FALSE(reason_of(desk.run(by("ana", hold("a/2"), "2"))));
  EXPECT_EQ(reason_of(desk.run(by("ana", hold("a/3"), "3"))), Refusal::too_many_request_ids);
  desk.now = desk.now + desk.limits.request_id_age_max;
  EXPECT_FALSE(reason_of(desk.run(by("ana", hold("a/3"), "3"))));
  EXPECT_EQ(desk.state.access.requests.size(), 1U) << "both old ids are forgotten";
}

TEST(process, equal_refusals_are_one_record_and_a_count) {
  Desk desk;
  static_cast<void>(desk.run(by("ana", hold("all"))));
  EXPECT_EQ(desk.run(by("ana", hold("all"))).events.size(), 1U);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(desk.run(by("ana", hold("all"))).events.empty());
  desk.now = desk.now + desk.limits.refusal_interval;
  std::optional<Subject> due;
  desk.state.schedule.deadlines.each_due(desk.now, [&](Instant, const Subject& subject) {
    due = subject;
    return false;
  });
  ASSERT_TRUE(due);
  const auto meet = [&] {
    return desk.run(Command{deadline_command(desk.seen, *due, desk.now), engine_actor(), {}, {}, {}});
  };
  const auto counted = meet();
  ASSERT_EQ(counted.events.size(), 1U);
  EXPECT_EQ(std::get<CommandRefused>(counted.events[0].event).count, 5U);
  EXPECT_EQ(std::get<CommandRefused>(counted.events[0].event).caller, "ana");
  EXPECT_TRUE(std::holds_alternative<ObjectArchived>(meet().events.at(0).event)) << "none since: the counter ends";
  EXPECT_TRUE(desk.state.schedule == Schedule{});
}

TEST(process, a_name_with_a_zero_byte_keeps_its_counter_readable) {
  Desk desk;
  const std::string name("a\0SetHold\0x", 11);
  static_cast<void>(desk.run(by("bo", hold("all"))));
  static_cast<void>(desk.run(by(name, hold("all"))));
  static_cast<void>(desk.run(by(name, hold("all"))));
  const std::string counter = name + std::string("\0SetHold\0hold_active", 20);
  ASSERT_TRUE(desk.state.access.refusals.contains(counter));
  const MeetDeadline meet = deadline_command(desk.seen, Subject{Area::access, counter}, desk.now);
  const auto counted = desk.run(Command{meet, engine_actor(), {}, {}, {}});
  EXPECT_EQ(std::get<CommandRefused>(counted.events.at(0).event).caller, name);
}

// Live state and a replay of what could be written of it would part.
TEST(process, what_cannot_be_stored_as_it_is_is_refused_before_it_is_decided) {
  Desk desk;
  for (const Command& command :
       {by("ana", hold("a/\xFF")), by("\xC3", hold("all")), by("ana", hold("all"), "id\x80"),
        Command{
            NoteDelivery{DeliveryAnswer::retryable, 1, {"x"}, "", Duration{json_integer_max + 1}}, engine_actor(), {}, {}, {}},
        Command{NoteClockJump{Duration{1}, Instant::never()}, engine_actor(), {}, {}, {}}}) {
    const auto done = desk.run(command);
    EXPECT_EQ(reason_of(done), Refusal::bad_argument) << type_of(command.body);
    EXPECT_TRUE(done.events.empty());
  }
  EXPECT_FALSE(reason_of(desk.run(by("\xC3\xA8", hold("all")))));
}

// Every release sets another hold, and every hold asks for the release of another scope: a cycle between two areas.
void ask_again(const State& state, const Event& event, std::vector<Command>& commands) {
  const std::string& scope = std::get<HoldSet>(event).scope;
  commands.push_back(Command{hold(scope + std::to_string(state.control.holds.size())), engine_actor("loop"), {}, {}, {}});
}

TEST(process, reactions_end_after_their_rounds_and_the_rest_is_kept) {
  Desk desk;
  desk.table = {{HoldSet::type, SetHold::type, ask_again}};
  const auto first = desk.run(by("ana", hold("a/0")));
  ASSERT_EQ(first.events.size(), 1 + desk.limits.reaction_rounds_max);
  for (std::uint32_t i = 1; i < first.events.size(); ++i) EXPECT_EQ(first.events[i].after, i - 1);
  ASSERT_EQ(first.pending.size(), 1U);
  EXPECT_EQ(first.pending[0].because, (EventReference{1, 8}));
  EXPECT_EQ(desk.state.pending_reactions.size(), 1U);
  const auto second = desk.run(first.pending[0]);
  EXPECT_EQ(second.events.size(), 1 + desk.limits.reaction_rounds_max) << "nothing is lost: the chain goes on";
}

TEST(process, a_record_is_bounded_and_what_is_left_waits) {
  Desk desk;
  desk.limits.record_events_max = 4;
  desk.table = {{HoldSet::type, SetHold::type, ask_again}};
  const auto done = desk.run(by("ana", hold("a/0")));
  EXPECT_LE(done.events.size(), desk.limits.record_events_max);
  EXPECT_EQ(done.pending.size(), 1U);
}

void ask_the_same(const State&, const Event&, std::vector<Command>& commands) {
  commands.push_back(Command{hold("all"), engine_actor("loop"), {}, {}, {}});
}

TEST(process, a_refused_reaction_is_an_event) {
  Desk desk;
  desk.table = {{HoldSet::type, SetHold::type, ask_the_same}};
  const auto done = desk.run(by("ana", hold("all")));
  ASSERT_EQ(done.events.size(), 2U);
  EXPECT_EQ(std::get<CommandRefused>(done.events[1].event).reason, Refusal::hold_active);
  EXPECT_EQ(done.events[1].after, 0U);
}

TEST(process, a_reaction_that_was_left_and_is_refused_is_an_event_too) {
  Desk desk;
  static_cast<void>(desk.run(by("ana", hold("all"))));
  const auto done = desk.run(Command{hold("all"), engine_actor("loop"), std::nullopt, EventReference{1, 0}, {}});
  ASSERT_EQ(done.events.size(), 1U);
  EXPECT_EQ(std::get<CommandRefused>(done.events[0].event).caller, "loop");
}

TEST(process, an_event_whose_bytes_are_nowhere_is_refused) {
  Desk desk;
  Command command = by("ana", AcceptConfig{sha256("nowhere")});
  command.actor.roles = {"admin"};
  EXPECT_EQ(reason_of(desk.run(command)), Refusal::bad_argument);
}

}  // namespace
}  // namespace watchbill::core
