// Heartbeats, hangs and words on the notify socket.
#include <signal.h>

#include "keeper/harness.h"

namespace watchbill::keeper::testing {
namespace {

using namespace std::chrono_literals;

wire::HangTerms hang_of(wire::Heartbeat heartbeat, std::int64_t timeout_ms, wire::HangAction action = wire::HangAction::restart) {
  wire::HangTerms terms;
  terms.heartbeat = heartbeat;
  terms.timeout = Duration{timeout_ms};
  terms.start_grace = Duration{timeout_ms};
  terms.action = action;
  return terms;
}

TEST(keeper_beats, beats_that_stop_while_output_continues_are_a_hang) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", actor({"beat_then_print", "30", "5"}));
  order.order.hang = hang_of(wire::Heartbeat::notify, 400);
  ASSERT_TRUE(controller.run(order));
  const auto hung = controller.told<wire::Hung>();
  ASSERT_TRUE(hung);
  EXPECT_GE(hung->message.silence.ms, 400);
  EXPECT_EQ(hung->message.limit.ms, 400);
  const auto decided = controller.told<wire::RestartDecided>();
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->message.reason, wire::EndReason::hang);
  EXPECT_EQ(controller.told<wire::Started>()->message.head.incarnation, 2U);
  EXPECT_NE(keeper.log("w").find("no beat"), std::string::npos) << "it wrote until the end";
}

TEST(keeper_beats, output_that_stops_while_beats_continue_is_no_hang) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", actor({"beat", "20", "0"}));
  order.order.hang = hang_of(wire::Heartbeat::notify, 300);
  ASSERT_TRUE(controller.run(order));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(controller.told<wire::Beat>());  // told once a second: more than three timeouts
  EXPECT_EQ(controller.count<wire::Hung>(), 0U);
  const auto state = controller.state_of("w");
  EXPECT_EQ(state->message.incarnation, 1U);
  EXPECT_TRUE(state->message.has_beaten);
  EXPECT_LT(state->message.last_beat_age->ms, 300);
}

TEST(keeper_beats, output_is_a_heartbeat_when_the_order_says_so) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order printing("printing", actor({"count", "20"}));
  printing.order.hang = hang_of(wire::Heartbeat::output, 400);
  Order silent("silent", actor({"beat", "20", "0"}));
  silent.order.hang = hang_of(wire::Heartbeat::output, 400);
  ASSERT_TRUE(controller.run(printing));
  ASSERT_TRUE(controller.run(silent));
  const auto hung = controller.told<wire::Hung>();
  ASSERT_TRUE(hung);
  EXPECT_EQ(hung->message.head.name, "silent");
}

TEST(keeper_beats, a_file_that_changes_is_a_heartbeat_until_it_stops) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const std::string file = keeper.data() + "/beat";
  Order order("w", actor({"touch", file, "50", "20"}));  // for a second
  order.order.hang = hang_of(wire::Heartbeat::file, 500);
  order.order.hang->file = file;
  const auto started = controller.run(order);
  ASSERT_TRUE(started);
  const auto hung = controller.told<wire::Hung>();
  ASSERT_TRUE(hung);
  EXPECT_GE((hung->message.head.monotonic_at - started->message.head.monotonic_at).ms, 1400);
}

TEST(keeper_beats, the_first_beat_has_start_grace) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", actor({"sleep"}));
  order.order.hang = hang_of(wire::Heartbeat::notify, 100);
  order.order.hang->start_grace = Duration{700};
  const auto started = controller.run(order);
  const auto hung = controller.told<wire::Hung>();
  ASSERT_TRUE(hung);
  EXPECT_EQ(hung->message.limit.ms, 700);
  EXPECT_GE((hung->message.head.monotonic_at - started->message.head.monotonic_at).ms, 700);
}

TEST(keeper_beats, hang_actions_alert_and_stop_do_not_restart) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order alert("alert", actor({"sleep"}));
  alert.order.hang = hang_of(wire::Heartbeat::notify, 100, wire::HangAction::alert);
  Order stop("stop", actor({"sleep"}));
  stop.order.hang = hang_of(wire::Heartbeat::notify, 100, wire::HangAction::stop);
  ASSERT_TRUE(controller.run(alert));
  ASSERT_TRUE(controller.run(stop));
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.head.name, "stop");
  EXPECT_EQ(settled->message.state, wire::State::failed);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::hang);
  ASSERT_TRUE(controller.told<wire::Hung>([](const wire::Hung& h) { return h.head.name == "alert"; }));
  const auto state = controller.state_of("alert");
  EXPECT_EQ(state->message.state, wire::State::running);
  EXPECT_TRUE(state->message.is_hung);
}

TEST(keeper_beats, beats_that_arrive_while_the_keeper_is_stopped_count) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", actor({"beat", "50", "0"}));
  order.order.hang = hang_of(wire::Heartbeat::notify, 600);
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.told<wire::Beat>());
  kill(keeper.pid(), SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  until([&] { return std::chrono::steady_clock::now() - begin > 1500ms; }, 5s);
  kill(keeper.pid(), SIGCONT);
  ASSERT_TRUE(controller.told<wire::Beat>());
  const auto state = controller.state_of("w");
  ASSERT_TRUE(state);
  EXPECT_EQ(controller.count<wire::Hung>(), 0U);
  EXPECT_EQ(state->message.incarnation, 1U);
}

TEST(keeper_beats, ready_and_tasks_are_told_with_their_sender) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const auto started =
      controller.run(Order("w", actor({"notify", "READY=1\nWATCHBILL_TASK=+fetch feed=x", "WATCHBILL_TASK=-fetch ok"})));
  ASSERT_TRUE(controller.told<wire::BecameReady>());
  const auto begun = controller.told<wire::TaskNoted>();
  const auto ended = controller.told<wire::TaskNoted>();
  ASSERT_TRUE(begun && ended);
  EXPECT_EQ(begun->message.note, "+fetch feed=x");
  EXPECT_EQ(begun->message.pid, started->message.pid);
  EXPECT_EQ(ended->message.note, "-fetch ok");
  EXPECT_TRUE(controller.state_of("w")->message.is_ready);
}

}  // namespace
}  // namespace watchbill::keeper::testing
