// Real workloads under the real programs: `serve` as a child, the keeper that it starts, processes that are killed.
// Source: domain/supervision.md §3, §8, §13.
#include <gtest/gtest.h>
#include <signal.h>

#include "agent/house.h"

namespace watchbill::agent_test {
namespace {

using serve_test::Controller;
using serve_test::eventually;

// A workload that runs until it is stopped.
std::string forever(const std::string& name, const std::string& more = {}) {
  return "  " + name + ":\n    command: [\"/bin/sh\", \"-c\", \"echo up; exec sleep 1000\"]\n" + user_line() +
         "    restart: {policy: always, backoff: {initial: 0s, max: 1s}}\n    stop: {grace: 2s}\n" + more;
}

bool is_gone(pid_t pid) {
  return eventually([pid] { return !is_alive(pid); });
}

TEST(workload, that_is_killed_is_restarted_and_journaled) {
  House house;
  house.write_bill("workloads:\n" + forever("web") + forever("other"));
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(controller.is_serving());
  ASSERT_TRUE(house.becomes("web", "running"));
  ASSERT_TRUE(house.becomes("other", "running"));
  const pid_t first = house.pid_of("web");
  ASSERT_TRUE(is_alive(first));
  kill(first, SIGKILL);
  ASSERT_TRUE(house.sees("WorkloadStarted", 2, "web"));
  EXPECT_TRUE(is_alive(house.pid_of("web")));
  const auto exits = house.facts("WorkloadExited", "web");
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].number("pid"), first);
  EXPECT_EQ(exits[0].text("how"), "signal");
  EXPECT_EQ(exits[0].number("value"), SIGKILL);
  EXPECT_EQ(house.facts("RestartDecided", "web").size(), 1U);
  EXPECT_TRUE(house.becomes("web", "running"));
  // A sibling keeps its incarnation.
  EXPECT_EQ(house.facts("WorkloadStarted", "other").size(), 1U);
  EXPECT_TRUE(eventually([&] { return house.log("web").find("up") != std::string::npos; }));
}

TEST(workload, outlives_a_controller_that_is_killed_and_is_adopted_by_the_next_one) {
  House house;
  house.write_bill("workloads:\n" + forever("steady") + forever("web"));
  pid_t steady = 0;
  {
    Controller controller(house.data(), house.arguments());
    ASSERT_TRUE(house.becomes("web", "running"));
    ASSERT_TRUE(house.becomes("steady", "running"));
    steady = house.pid_of("steady");
    controller.kill_at_once();
  }
  const pid_t web = house.pid_of("web");
  ASSERT_TRUE(is_alive(steady));
  // Nobody but the keeper sees these two; it restarts by its standing order.
  kill(web, SIGKILL);
  ASSERT_TRUE(is_gone(web));
  Controller next(house.data(), house.arguments());
  ASSERT_TRUE(next.is_serving());
  ASSERT_TRUE(house.sees("WorkloadStarted", 2, "web"));
  ASSERT_TRUE(house.sees("WorkloadAdopted", 1, "steady"));
  EXPECT_TRUE(is_alive(steady));
  EXPECT_EQ(house.facts("WorkloadAdopted", "steady")[0].number("pid"), steady);
  EXPECT_EQ(house.facts("WorkloadStarted", "steady").size(), 1U);
  EXPECT_EQ(house.facts("WorkloadExited", "web").size(), 1U);
  EXPECT_EQ(house.facts("RestartDecided", "web").size(), 1U);
  EXPECT_TRUE(house.becomes("web", "running"));
}

TEST(workload, is_told_of_once_however_often_controllers_are_killed) {
  House house;
  house.write_bill("workloads:\n" + forever("web", "") );
  constexpr std::size_t rounds = 4;
  for (std::size_t round = 0; round < rounds; ++round) {
    Controller controller(house.data(), house.arguments());
    ASSERT_TRUE(house.sees("WorkloadStarted", round + 1, "web"));
    kill(house.pid_of("web"), SIGKILL);
    // In the middle of the report: whether it was recorded or acknowledged nobody can tell.
    controller.kill_at_once();
  }
  Controller last(house.data(), house.arguments());
  ASSERT_TRUE(house.sees("WorkloadStarted", rounds + 1, "web"));
  EXPECT_TRUE(house.becomes("web", "running"));
  const auto exits = house.facts("WorkloadExited", "web");
  ASSERT_EQ(exits.size(), rounds);
  for (std::size_t i = 0; i < exits.size(); ++i) EXPECT_EQ(exits[i].number("incarnation"), static_cast<std::int64_t>(i) + 1);
}

// The keeper delivers 64 reports that nobody has acknowledged, and then waits.
TEST(workload, that_never_stays_up_is_told_of_for_as_long_as_it_goes_on) {
  House house;
  house.write_bill("workloads:\n  web:\n    command: [\"/bin/false\"]\n" + user_line() +
                   "    restart: {policy: always, limit: none, backoff: {initial: 0s, max: 1ms}}\n");
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(house.sees("WorkloadExited", 50, "web"));
  const auto exits = house.facts("WorkloadExited", "web");
  for (std::size_t i = 0; i < exits.size(); ++i) ASSERT_EQ(exits[i].number("incarnation"), static_cast<std::int64_t>(i) + 1);
}

TEST(keeper, that_is_killed_has_a_successor_that_adopts_what_runs) {
  House house;
  house.write_bill("workloads:\n" + forever("steady") + forever("gone"));
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(house.becomes("steady", "running"));
  ASSERT_TRUE(house.becomes("gone", "running"));
  const pid_t steady = house.pid_of("steady");
  const pid_t gone = house.pid_of("gone");
  const pid_t keeper = house.keeper_pid();
  ASSERT_GT(keeper, 0);
  // Stopped, the keeper cannot see what ends; killed, it never will.
  kill(keeper, SIGSTOP);
  kill(gone, SIGKILL);
  kill(keeper, SIGKILL);
  ASSERT_TRUE(house.sees("KeeperReplaced", 2));
  ASSERT_TRUE(house.sees("WorkloadAdopted", 1, "steady"));
  EXPECT_TRUE(is_alive(steady));
  EXPECT_EQ(house.facts("WorkloadStarted", "steady").size(), 1U);
  // An exit that nobody saw is unknown, and nobody decides by himself to start again what may still run.
  ASSERT_TRUE(house.becomes("gone", "lost"));
  EXPECT_EQ(house.facts("WorkloadLost", "gone")[0].text("reason"), "exit_unseen");
  EXPECT_EQ(house.facts("WorkloadExited", "gone").size(), 0U);
  EXPECT_EQ(house.facts("WorkloadStarted", "gone").size(), 1U);
  EXPECT_NE(house.keeper_pid(), keeper);
}

TEST(reload, restarts_nothing_that_need_not_be_restarted) {
  House house;
  house.write_bill("workloads:\n" + forever("kept") + forever("renewed") + forever("removed"));
  Controller controller(house.data(), house.arguments());
  for (const char* name : {"kept", "renewed", "removed"}) ASSERT_TRUE(house.becomes(name, "running")) << name;
  const pid_t removed = house.pid_of("removed");
  const std::string changed = "    reload: {on_change: restart}\n    environment: {COLOUR: blue}\n";
  house.write_bill("workloads:\n" + forever("kept", "    hang: {heartbeat: output, timeout: 1h}\n") +
                   forever("renewed", changed) + forever("added"));
  controller.signal(SIGHUP);
  ASSERT_TRUE(house.becomes("added", "running"));
  ASSERT_TRUE(is_gone(removed));
  ASSERT_TRUE(house.sees("WorkloadStarted", 2, "renewed"));
  // Another hang limit is a new standing order, and no restart.
  ASSERT_TRUE(house.sees("StandingOrderTaken", 2, "kept"));
  EXPECT_EQ(house.facts("WorkloadStarted", "kept").size(), 1U);
  EXPECT_EQ(house.facts("WorkloadExited", "kept").size(), 0U);
}

TEST(stop, with_the_controller_leaves_nothing_and_names_what_hung) {
  House house;
  house.write_bill(
      "workloads:\n" + forever("db") + forever("web", "    requires: {db: started}\n") +
      "  deaf:\n    command: [\"/bin/sh\", \"-c\", \"trap '' TERM; echo my ears are shut; while true; do sleep 0.05; done\"]\n" +
      user_line() + "    stop: {grace: 200ms}\n");
  std::vector<std::string> arguments = house.arguments();
  arguments.push_back("--stop-workloads");
  Controller controller(house.data(), arguments);
  for (const char* name : {"db", "web", "deaf"}) ASSERT_TRUE(house.becomes(name, "running")) << name;
  ASSERT_TRUE(eventually([&] { return house.log("deaf").find("my ears are shut") != std::string::npos; }));
  const serve_test::Ended ended = controller.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("deaf hung: it did not end within its grace of 200ms and was killed"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("web hung"), std::string::npos) << ended.err;
  for (const char* name : {"db", "web", "deaf"}) {
    EXPECT_FALSE(is_alive(house.pid_of(name))) << name;
    EXPECT_EQ(house.state_of(name), "stopped") << name;
  }
  // Reverse order: what depends on db is gone before db is asked.
  EXPECT_LT(house.facts("WorkloadStopped", "web")[0].sequence, house.facts("WorkloadStopped", "db")[0].sequence);
  EXPECT_EQ(house.facts("GroupDiagnosed", "deaf").size(), 1U);
  // The next controller starts them again.
  Controller next(house.data(), house.arguments());
  EXPECT_TRUE(house.becomes("web", "running"));
}

TEST(start, that_cannot_be_made_fails_with_its_reason) {
  House house;
  house.write_bill(
      "workloads:\n  ghost:\n    command: [\"/bin/true\"]\n    user: nobody-of-that-name\n"
      "  absent:\n    command: [\"/nowhere/program\"]\n" + user_line() + "    restart: {policy: never}\n");
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(house.becomes("ghost", "failed"));
  EXPECT_NE(house.facts("WorkloadStateChanged", "ghost").back().text("detail").find("unknown_user"), std::string::npos);
  ASSERT_TRUE(house.becomes("absent", "failed"));
  EXPECT_EQ(house.facts("WorkloadStateChanged", "absent").back().text("reason"), "start_failed");
}

}  // namespace
}  // namespace watchbill::agent_test
