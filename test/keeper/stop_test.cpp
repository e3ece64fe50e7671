// Stops: whole groups, hooks, what does not want to end.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/harness.h"

namespace watchbill::keeper::testing {
namespace {

using namespace std::chrono_literals;

wire::Stop stop_of(std::string_view name, std::uint64_t incarnation = 1) {
  return {name, incarnation, wire::EndReason::cancelled, wire::Afterwards::stay_stopped};
}

int bind_loopback(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int free_port() {
  const int fd = bind_loopback(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

TEST(keeper_stop, a_stop_leaves_no_grandchild) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const int port = free_port();
  Order order("runner", actor({"family", std::to_string(port)}));
  order.order.stop.grace = Duration{500};
  order.order.stop.kill_grace = Duration{1000};
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.told<wire::BecameReady>());
  ASSERT_TRUE(until([&] { return marked(keeper.data(), "runner").size() == 3; }));
  const auto members = marked(keeper.data(), "runner");
  EXPECT_EQ(bind_loopback(port), -1) << "the child holds the port";
  ASSERT_EQ(controller.ask(stop_of("runner")), std::nullopt);
  const auto diagnosed = controller.told<wire::Diagnosed>();
  ASSERT_TRUE(diagnosed);
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::stopped);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::cancelled);
  EXPECT_GE((diagnosed->message.head.monotonic_at - settled->message.head.monotonic_at).ms, -1000);
  EXPECT_GE(diagnosed->message.terminating_took.ms, 500);
  EXPECT_TRUE(diagnosed->message.is_complete);
  const std::string facts(diagnosed->message.members);
  std::size_t listed = 0;
  for (const pid_t pid : members) listed += facts.find(std::to_string(pid) + "\t") != std::string::npos ? 1U : 0U;
  EXPECT_EQ(listed, 2U) << "the leader answered TERM, its children did not:\n" << facts;
  EXPECT_NE(facts.find("keeper_actor family"), std::string::npos) << facts;
  EXPECT_TRUE(marked(keeper.data(), "runner").empty());
  const int bound = bind_loopback(port);
  EXPECT_GE(bound, 0) << "the port binds again";
  close(bound);
}

TEST(keeper_stop, a_leader_that_ignores_term_is_killed_after_grace) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("stubborn", actor({"ignore_term"}));
  order.order.stop.grace = Duration{100};
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.told<wire::BecameReady>());
  ASSERT_EQ(controller.ask(stop_of("stubborn")), std::nullopt);
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.how, wire::ExitHow::signal);
  EXPECT_EQ(exited->message.value, SIGKILL);
  EXPECT_EQ(exited->message.reason, wire::EndReason::cancelled);
  EXPECT_TRUE(controller.told<wire::Diagnosed>());
  for (const auto phase : {wire::StopPhase::terminating, wire::StopPhase::diagnosing, wire::StopPhase::killing})
    EXPECT_TRUE(controller.told<wire::StopAdvanced>([&](const wire::StopAdvanced& s) { return s.phase == phase; }));
}

TEST(keeper_stop, one_that_obeys_is_not_diagnosed) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  ASSERT_TRUE(controller.run(Order("good", actor({"sleep"}))));
  ASSERT_EQ(controller.ask(stop_of("good")), std::nullopt);
  ASSERT_TRUE(controller.told<wire::Settled>());
  EXPECT_EQ(controller.count<wire::Diagnosed>(), 0U);
  EXPECT_EQ(controller.ask(stop_of("good")), wire::Refusal::not_running);
  EXPECT_EQ(controller.ask(stop_of("nobody")), wire::Refusal::unknown_workload);
}

TEST(keeper_stop, a_leader_that_leaves_children_ends_when_they_are_ended) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  for (const char* own_session : {"0", "1"}) {
    Order order(std::string("parent") + own_session, actor({"leave_child", own_session, "3", "600000"}));
    order.order.restart.policy = wire::RestartPolicy::never;
    ASSERT_TRUE(controller.run(order));
    const auto exited = controller.told<wire::Exited>();
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->message.value, 3) << "the exit status is the leader's";
    EXPECT_EQ(exited->message.orphans, 1U) << "own session: " << own_session;
    const auto settled = controller.told<wire::Settled>();
    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->message.state, wire::State::failed);
    EXPECT_EQ(settled->message.reason, wire::SettledReason::exit);
    EXPECT_TRUE(marked(keeper.data(), std::string("parent") + own_session).empty());
  }
}

TEST(keeper_stop, wait_group_waits_for_the_children_of_a_leader_that_is_gone) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("daemon", actor({"leave_child", "1", "0", "400"}));
  order.order.leader_exit = wire::LeaderExit::wait_group;
  ASSERT_TRUE(controller.run(order));
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(controller.state_of("daemon")->message.state, wire::State::running);
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::completed);
  EXPECT_GE((settled->message.head.monotonic_at - exited->message.head.monotonic_at).ms, 200);
}

// Otherwise each exit costs a look at every workload.
TEST(keeper_stop, who_looks_for_orphans_finds_no_workload_among_them) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  for (const char* name : {"one", "two"}) ASSERT_TRUE(controller.run(Order(name, actor({"sleep"}))));
  const std::string first = std::to_string(keeper.pid());
  const auto looked_at = [&] { return read_file("/proc/" + first + "/task/" + first + "/children"); };
  EXPECT_EQ(looked_at(), "");
  Order daemon("daemon", actor({"leave_child", "1", "0", "600000"}));
  daemon.order.leader_exit = wire::LeaderExit::wait_group;
  ASSERT_TRUE(controller.run(daemon));
  ASSERT_TRUE(controller.told<wire::Exited>());
  const auto left = marked(keeper.data(), "daemon");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(looked_at(), std::to_string(left.front()) + " ");
}

TEST(keeper_stop, hooks_run_before_term_and_after_the_group_is_empty) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const std::string trace = keeper.data() + "/trace";
  Order order("hooked",
              shell("trap 'echo term >> " + trace + "; exit 0' TERM; echo up >> " + trace + "; while :; do sleep 0.05; done"));
  order.pre_stop(shell("echo pre $WATCHBILL_INCARNATION >> " + trace));
  order.post_stop(shell("echo post >> " + trace + "; exit 4"));
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(until([&] { return read_file(trace) == "up\n"; }));
  ASSERT_EQ(controller.ask(stop_of("hooked")), std::nullopt);
  ASSERT_TRUE(controller.told<wire::Settled>());
  EXPECT_EQ(read_file(trace), "up\npre 1\nterm\npost\n");
  const auto failed = controller.told<wire::HookFailed>();
  ASSERT_TRUE(failed) << "a hook that fails is a warning";
  EXPECT_EQ(failed->message.hook, wire::Hook::post_stop);
  EXPECT_EQ(failed->message.value, 4);
}

TEST(keeper_stop, a_hook_that_hangs_is_ended_at_its_time_limit) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("hooked", actor({"sleep"}));
  order.pre_stop({"/bin/sleep", "600"});
  order.order.stop.pre_stop_timeout = Duration{100};
  ASSERT_TRUE(controller.run(order));
  ASSERT_EQ(controller.ask(stop_of("hooked")), std::nullopt);
  ASSERT_TRUE(controller.told<wire::Settled>());
  const auto failed = controller.told<wire::HookFailed>();
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->message.timed_out);
}

TEST(keeper_stop, post_stop_runs_after_a_crash_before_the_next_start) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const std::string trace = keeper.data() + "/trace";
  Order order("crashing", shell("echo up >> " + trace + "; exec sleep 600"));
  order.post_stop(shell("echo post >> " + trace));
  const auto started = controller.run(order);
  ASSERT_TRUE(until([&] { return read_file(trace) == "up\n"; }));
  kill(started->message.pid, SIGKILL);
  ASSERT_TRUE(controller.told<wire::Started>());
  EXPECT_TRUE(until([&] { return read_file(trace) == "up\npost\nup\n"; })) << read_file(trace);
}

TEST(keeper_stop, the_shutdown_deadline_kills_after_half_a_second) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order order("slow", actor({"ignore_term"}));
  order.order.stop.grace = Duration::minutes(5);
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.told<wire::BecameReady>());
  ASSERT_EQ(controller.ask(stop_of("slow")), std::nullopt);
  wire::Stop deadline = stop_of("slow");
  deadline.reason = wire::EndReason::deadline;
  ASSERT_EQ(controller.ask(deadline), std::nullopt);
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.value, SIGKILL);
}

TEST(keeper_stop, a_signal_reaches_the_leader_of_the_incarnation_it_names) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const std::string trace = keeper.data() + "/trace";
  ASSERT_TRUE(controller.run(
      Order("w", shell("trap 'echo hup >> " + trace + "' HUP; echo up >> " + trace + "; while :; do sleep 0.05; done"))));
  ASSERT_TRUE(until([&] { return read_file(trace) == "up\n"; }));
  EXPECT_EQ(controller.ask(wire::Signal{"w", 2, SIGHUP}), wire::Refusal::not_running);
  EXPECT_EQ(controller.ask(wire::Signal{"w", 1, SIGHUP}), std::nullopt);
  EXPECT_TRUE(until([&] { return read_file(trace) == "up\nhup\n"; }));
}

}  // namespace
}  // namespace watchbill::keeper::testing
