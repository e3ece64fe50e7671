// Crashes, failed starts, delays and budgets, with real processes.
#include <signal.h>

#include <cerrno>

#include "keeper/harness.h"

namespace watchbill::keeper::testing {
namespace {

using namespace std::chrono_literals;

TEST(keeper_restart, a_killed_leader_is_started_again_at_once_with_the_next_number) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const auto first = controller.run(Order("web", actor({"sleep"})));
  ASSERT_TRUE(first);
  kill(first->message.pid, SIGKILL);
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.how, wire::ExitHow::signal);
  EXPECT_EQ(exited->message.value, SIGKILL);
  EXPECT_EQ(exited->message.reason, wire::EndReason::signal);
  EXPECT_EQ(exited->message.head.incarnation, 1U);
  EXPECT_EQ(exited->message.pid, first->message.pid);
  EXPECT_EQ(exited->message.start_ticks, first->message.start_ticks);
  const auto decided = controller.told<wire::RestartDecided>();
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->message.delay.ms, 0);
  const auto second = controller.told<wire::Started>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message.head.incarnation, 2U);
  EXPECT_EQ(second->message.cause, wire::StartCause::standing_order);
  EXPECT_TRUE(is_alive(second->message.pid));
  EXPECT_LT(exited->number, decided->number);
  EXPECT_LT(decided->number, second->number);
}

TEST(keeper_restart, one_workloads_crashes_leave_its_siblings_alone) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const auto sibling = controller.run(Order("b", actor({"sleep"})));
  Order a("a", actor({"sleep"}));
  a.order.restart.initial = Duration{1};
  a.order.restart.max = Duration{5};
  auto crashing = controller.run(a);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(crashing);
    kill(crashing->message.pid, SIGKILL);
    crashing = controller.told<wire::Started>();
  }
  EXPECT_EQ(crashing->message.head.incarnation, 4U);
  const auto state = controller.state_of("b");
  EXPECT_EQ(state->message.incarnation, 1U);
  EXPECT_EQ(state->message.pid, sibling->message.pid);
}

TEST(keeper_restart, a_command_that_cannot_be_executed_is_a_failed_start_with_its_reason) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order missing("missing", {"/no/such/program"});
  missing.order.restart.policy = wire::RestartPolicy::never;
  Order directory("directory", {"/tmp"});
  directory.order.restart.policy = wire::RestartPolicy::never;
  for (const auto& [order, error] : {std::pair(&missing, ENOENT), std::pair(&directory, EACCES)}) {
    ASSERT_EQ(controller.ask(wire::GiveOrder{order->order, {}}), std::nullopt);
    ASSERT_EQ(controller.ask(wire::Start{order->order.name, 1, false}), std::nullopt);
    const auto exited = controller.told<wire::Exited>();
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->message.how, wire::ExitHow::not_executed);
    EXPECT_EQ(exited->message.value, error);
    const auto settled = controller.told<wire::Settled>();
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->message.state, wire::State::failed);
    EXPECT_EQ(settled->message.reason, wire::SettledReason::start_failed);
  }
}

TEST(keeper_restart, exit_127_is_an_exit_and_its_code_is_told) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", shell("exec /no/such/program"));
  order.order.restart.policy = wire::RestartPolicy::never;
  ASSERT_TRUE(controller.run(order));
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.how, wire::ExitHow::code);
  EXPECT_EQ(exited->message.value, 127);
}

TEST(keeper_restart, a_crash_loop_backs_off_and_never_gives_up_in_silence) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order endless("endless", actor({"exit", "1"}));
  endless.order.restart.limit.reset();
  endless.order.restart.initial = Duration{10};
  endless.order.restart.max = Duration{80};
  endless.order.restart.jitter_millionths = 0;
  Order limited("limited", actor({"exit", "1"}));
  limited.order.restart.initial = Duration{1};
  limited.order.restart.max = Duration{1};
  ASSERT_TRUE(controller.run(endless));
  ASSERT_TRUE(controller.run(limited));
  const auto is_endless = [](const wire::RestartDecided& d) { return d.head.name == "endless"; };
  for (const std::int64_t delay_ms : {10, 20, 40, 80, 80, 80, 80}) {
    const auto decided = controller.told<wire::RestartDecided>(is_endless);
    ASSERT_TRUE(decided);
    EXPECT_EQ(decided->message.delay.ms, delay_ms);
  }
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.head.name, "limited");
  EXPECT_EQ(settled->message.state, wire::State::failed);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::restart_budget_exhausted);
  EXPECT_EQ(settled->message.head.incarnation, 6U) << "five restarts, and the sixth refused";
}

TEST(keeper_restart, a_start_by_hand_spends_no_budget) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("web", actor({"sleep"}));
  order.order.restart.limit = wire::LimitTerms{2, Duration::minutes(10)};
  auto started = controller.run(order);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ASSERT_EQ(controller.ask(wire::Stop{"web", i, wire::EndReason::cancelled, wire::Afterwards::start_again}), std::nullopt);
    started = controller.told<wire::Started>();
    ASSERT_TRUE(started);
    EXPECT_EQ(started->message.head.incarnation, i + 1);
    EXPECT_EQ(started->message.cause, wire::StartCause::asked);
  }
  EXPECT_EQ(controller.state_of("web")->message.restarts_in_window, 0U);
  kill(started->message.pid, SIGKILL);
  ASSERT_TRUE(controller.told<wire::Started>());
  EXPECT_EQ(controller.state_of("web")->message.restarts_in_window, 1U);
}

TEST(keeper_restart, a_finished_job_is_completed_and_stays_so) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  ASSERT_TRUE(controller.run(Order("job", actor({"exit", "0"}))));
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::completed);
  EXPECT_EQ(controller.ask(wire::Start{"job", 1, false}), wire::Refusal::stale_incarnation);
  EXPECT_EQ(controller.ask(wire::Start{"job", 2, false}), std::nullopt) << "a person may run it again";
}

TEST(keeper_restart, a_run_that_takes_too_long_ends_as_runtime_exceeded) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("job", actor({"sleep"}));
  order.order.max_runtime = Duration{100};
  order.order.restart.policy = wire::RestartPolicy::never;
  ASSERT_TRUE(controller.run(order));
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::failed);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::runtime_exceeded);
}

TEST(keeper_restart, a_stop_during_backoff_ends_it_without_a_start) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("w", actor({"exit", "1"}));
  order.order.restart.initial = order.order.restart.max = Duration::minutes(5);
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.told<wire::RestartDecided>());
  ASSERT_EQ(controller.ask(wire::Stop{"w", 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}), std::nullopt);
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::stopped);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::cancelled);
}

}  // namespace
}  // namespace watchbill::keeper::testing
