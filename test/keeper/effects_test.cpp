// Effects, probes, epochs, refusals and bounds.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "keeper/harness.h"
#include "places.h"

namespace watchbill::keeper::testing {
namespace {

using namespace std::chrono_literals;

wire::Exec exec_of(Order& owner, const std::string& id, const std::vector<std::string>& command, std::uint32_t attempt = 1) {
  wire::Exec exec;
  exec.effect_id = owner.texts.emplace_back(id);
  exec.attempt = attempt;
  exec.program = program(owner, command);
  exec.timeout = Duration::minutes(1);
  return exec;
}

std::optional<Told<wire::EffectKnown>> query(Controller& controller, const std::string& id) {
  (void)controller.send(wire::QueryEffect{id});
  return controller.told<wire::EffectKnown>();
}

TEST(keeper_effects, an_effect_runs_once_and_its_outcome_is_told) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  const std::string trace = keeper.data() + "/trace";
  const auto exec = exec_of(owner, "e1", shell("echo ran >> " + trace + "; echo out; echo err >&2; exit 3"));
  EXPECT_EQ(query(controller, "e1")->message.phase, wire::EffectPhase::never_seen);
  ASSERT_EQ(controller.ask(exec), std::nullopt);
  ASSERT_EQ(controller.ask(exec), std::nullopt) << "the same again is accepted and runs nothing";
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->message.effect_id, "e1");
  EXPECT_EQ(done->message.how, wire::ExitHow::code);
  EXPECT_EQ(done->message.value, 3);
  EXPECT_FALSE(done->message.timed_out);
  EXPECT_EQ(done->message.out.head, "out\n");
  EXPECT_EQ(done->message.err.head, "err\n");
  ASSERT_EQ(controller.ask(exec), std::nullopt);
  const auto known = query(controller, "e1");
  EXPECT_EQ(known->message.phase, wire::EffectPhase::ended);
  ASSERT_TRUE(known->message.done);
  EXPECT_EQ(known->message.done->value, 3);
  EXPECT_EQ(read_file(trace), "ran\n");
  EXPECT_EQ(controller.count<wire::EffectDone>(), 0U);
}

TEST(keeper_effects, another_attempt_runs_after_the_one_before_has_ended) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  ASSERT_EQ(controller.ask(exec_of(owner, "e", actor({"exit", "1", "200"}))), std::nullopt);
  EXPECT_EQ(query(controller, "e")->message.phase, wire::EffectPhase::started);
  EXPECT_EQ(controller.ask(exec_of(owner, "e", actor({"exit", "0"}), 2)), wire::Refusal::already_running);
  ASSERT_TRUE(controller.told<wire::EffectDone>());
  EXPECT_EQ(controller.ask(exec_of(owner, "e", actor({"exit", "0"}), 2)), std::nullopt);
  const auto second = controller.told<wire::EffectDone>();
  EXPECT_EQ(second->message.attempt, 2U);
  EXPECT_EQ(second->message.value, 0);
  EXPECT_EQ(controller.ask(exec_of(owner, "e", actor({"exit", "0"}), 1)), wire::Refusal::stale_attempt);
}

TEST(keeper_effects, of_a_long_output_head_and_tail_are_kept_and_the_rest_is_counted) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  constexpr std::size_t bytes = 1U << 20;
  ASSERT_EQ(controller.ask(exec_of(owner, "e", actor({"print", std::to_string(bytes), "0"}))), std::nullopt);
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  for (const auto* stream : {&done->message.out, &done->message.err}) {
    EXPECT_EQ(stream->head.size(), wire::output_head_bytes_max);
    EXPECT_EQ(stream->tail.size(), wire::output_tail_bytes_max);
    EXPECT_EQ(stream->bytes_omitted, bytes - wire::output_head_bytes_max - wire::output_tail_bytes_max);
  }
  EXPECT_EQ(done->message.out.tail.find_first_not_of('o'), std::string_view::npos);
  EXPECT_EQ(done->message.err.head.find_first_not_of('e'), std::string_view::npos);
}

TEST(keeper_effects, an_effect_that_takes_too_long_is_ended_with_its_children) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  auto exec = exec_of(owner, "slow", shell("sleep 600 & echo begun; sleep 600"));
  exec.timeout = Duration{200};
  ASSERT_EQ(controller.ask(exec), std::nullopt);
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->message.timed_out);
  EXPECT_EQ(done->message.how, wire::ExitHow::signal);
  EXPECT_EQ(done->message.value, SIGTERM);
  EXPECT_EQ(done->message.out.head, "begun\n");
  EXPECT_TRUE(marked(keeper.data(), "").empty());
}

TEST(keeper_effects, an_effect_is_ended_when_asked_and_asking_twice_changes_nothing) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  EXPECT_EQ(controller.ask(wire::EndEffect{"e"}), wire::Refusal::not_running) << "nobody knows it";
  ASSERT_EQ(controller.ask(exec_of(owner, "e", shell("sleep 600 & echo begun; sleep 600"))), std::nullopt);
  ASSERT_TRUE(until([&] { return marked(keeper.data(), "").size() >= 3; })) << "the shell and both that it started";
  EXPECT_EQ(controller.ask(wire::EndEffect{"e"}), std::nullopt);
  const auto second = controller.ask(wire::EndEffect{"e"});
  EXPECT_TRUE(!second || second == wire::Refusal::not_running) << "it ends, or has ended";
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->message.timed_out) << "it had time";
  EXPECT_EQ(done->message.how, wire::ExitHow::signal);
  EXPECT_EQ(done->message.value, SIGTERM);
  EXPECT_EQ(done->message.out.head, "begun\n");
  EXPECT_TRUE(marked(keeper.data(), "").empty());
  EXPECT_EQ(controller.ask(wire::EndEffect{"e"}), wire::Refusal::not_running);
  EXPECT_EQ(controller.count<wire::EffectDone>(), 0U) << "one outcome";
}

TEST(keeper_effects, a_command_that_cannot_be_executed_is_an_outcome) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  ASSERT_EQ(controller.ask(exec_of(owner, "e", {"no-such-program"})), std::nullopt);
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->message.how, wire::ExitHow::not_executed);
  EXPECT_EQ(done->message.value, ENOENT);
}

TEST(keeper_effects, outcome_and_output_outlive_the_keeper) {
  KeeperProcess keeper;
  std::string memory;
  Order owner("unused", {"/bin/true"});
  {
    Controller controller(keeper.data(), 1, false);
    memory = controller.welcome()->message.memory;
    ASSERT_EQ(controller.ask(exec_of(owner, "ended", shell("echo said; exit 5"))), std::nullopt);
    ASSERT_TRUE(controller.told<wire::EffectDone>());
    ASSERT_EQ(controller.ask(exec_of(owner, "running", shell("sleep 0.3; echo early; sleep 1; echo late"))), std::nullopt);
  }
  keeper.kill_it();
  keeper.start();
  Controller controller(keeper.data());
  EXPECT_EQ(controller.welcome()->message.memory, memory);
  const auto ended = controller.told<wire::EffectDone>([](const wire::EffectDone& d) { return d.effect_id == "ended"; });
  ASSERT_TRUE(ended) << "not acknowledged, so told again";
  EXPECT_EQ(ended->message.value, 5);
  EXPECT_EQ(ended->message.out.head, "said\n");
  EXPECT_EQ(query(controller, "running")->message.phase, wire::EffectPhase::started);
  EXPECT_EQ(controller.ask(exec_of(owner, "running", shell("echo twice"))), std::nullopt) << "runs nothing";
  const auto adopted = controller.told<wire::EffectDone>();
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->message.effect_id, "running");
  EXPECT_EQ(adopted->message.how, wire::ExitHow::unseen) << "its exit code cannot be learnt: unknown, not failed";
  EXPECT_EQ(adopted->message.out.head, "early\nlate\n");
}

TEST(keeper_effects, acknowledged_effects_make_room_and_others_do_not) {
  KeeperProcess keeper(true);  // four effects are remembered
  Order owner("unused", {"/bin/true"});
  Controller controller(keeper.data(), 1, false);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(controller.ask(exec_of(owner, "e" + std::to_string(i), {"/bin/true"})), std::nullopt);
    ASSERT_TRUE(controller.told<wire::EffectDone>());
  }
  EXPECT_EQ(controller.ask(exec_of(owner, "e4", {"/bin/true"})), wire::Refusal::too_many_processes);
  ASSERT_EQ(controller.ask(wire::Acknowledge{~std::uint64_t{0}}), std::nullopt);
  EXPECT_EQ(controller.ask(exec_of(owner, "e4", {"/bin/true"})), std::nullopt);
  EXPECT_EQ(query(controller, "e0")->message.phase, wire::EffectPhase::never_seen) << "the oldest went";
  EXPECT_EQ(query(controller, "e1")->message.phase, wire::EffectPhase::ended);
}

TEST(keeper_probes, a_probe_is_answered_with_how_it_ended) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  const auto probe = [&](const std::vector<std::string>& command, std::int64_t timeout_ms) {
    (void)controller.send(wire::Probe{program(owner, command), Duration{timeout_ms}});
    return controller.told<wire::ProbeDone>();
  };
  EXPECT_EQ(probe(shell("exit 75"), 10'000)->message.value, 75);
  const auto late = probe({"/bin/sleep", "600"}, 100);
  EXPECT_TRUE(late->message.timed_out);
  EXPECT_GE(late->message.took.ms, 100);
  EXPECT_EQ(probe({"/no/such"}, 1000)->message.how, wire::ExitHow::not_executed);
}

TEST(keeper_epochs, a_controller_of_a_lower_epoch_is_refused_also_after_a_restart) {
  KeeperProcess keeper;
  Controller old(keeper.data(), 4);
  {
    Controller current(keeper.data(), 5);
    EXPECT_EQ(current.welcome()->message.epoch, 4U);
    EXPECT_EQ(old.ask(wire::ForgetOrder{"w"}), wire::Refusal::stale_epoch) << "the old one's connection is worth nothing now";
  }
  EXPECT_EQ(Controller(keeper.data(), 4).hello_refused(), wire::Refusal::stale_epoch);
  keeper.kill_it();
  keeper.start();
  EXPECT_EQ(Controller(keeper.data(), 4).hello_refused(), wire::Refusal::stale_epoch);
  EXPECT_EQ(Controller(keeper.data(), 1, true, "another").hello_refused(), wire::Refusal::stale_epoch);
  const Controller next(keeper.data(), 6);
  ASSERT_TRUE(next.welcome());
  EXPECT_EQ(next.welcome()->message.epoch, 5U);
}

TEST(keeper_refusals, wrong_orders_are_refused_by_name) {
  KeeperProcess keeper;
  Controller controller(keeper.data());
  const auto refused = [&](const std::function<void(Order&)>& change) {
    Order order("w", {"/bin/true"});
    change(order);
    return controller.ask(wire::GiveOrder{order.order, {}});
  };
  EXPECT_EQ(refused([](Order&) {}), std::nullopt);
  EXPECT_EQ(refused([](Order& o) { o.order.name = "../../etc/cron.d/x"; }), wire::Refusal::invalid_name);
  EXPECT_EQ(refused([](Order& o) { o.order.name = "!effect"; }), wire::Refusal::invalid_name);
  EXPECT_EQ(refused([](Order& o) { o.order.program.argv = {}; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.program.directory = "relative"; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.restart.limit->count = 65; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.restart.factor_millionths = 999'999; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.restart.max = Duration{-1}; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.stop.signal = 0; }), wire::Refusal::invalid_order);
  EXPECT_EQ(refused([](Order& o) { o.order.hang.emplace(); }), wire::Refusal::invalid_order);
  if (geteuid() == 0) {
    EXPECT_EQ(refused([](Order& o) { o.order.program.account.reset(); }), wire::Refusal::user_required);
  } else {
    EXPECT_EQ(refused([](Order& o) { o.order.program.account.emplace().uid = 1; }), wire::Refusal::user_not_permitted);
  }
}

TEST(keeper_refusals, a_table_that_is_full_refuses_one_more) {
  KeeperProcess keeper(true);  // eight workloads
  Controller controller(keeper.data());
  for (int i = 0; i < 8; ++i)
    ASSERT_EQ(controller.ask(wire::GiveOrder{Order("w" + std::to_string(i), {"/bin/true"}).order, {}}), std::nullopt);
  EXPECT_EQ(controller.ask(wire::GiveOrder{Order("w8", {"/bin/true"}).order, {}}), wire::Refusal::too_many_workloads);
  EXPECT_EQ(controller.ask(wire::ForgetOrder{"w0"}), std::nullopt);
  EXPECT_EQ(controller.ask(wire::GiveOrder{Order("w8", {"/bin/true"}).order, {}}), std::nullopt);
  EXPECT_EQ(controller.snapshot().size(), 8U);
}

TEST(keeper_refusals, another_account_is_not_served) {
  if (geteuid() != 0) GTEST_SKIP() << "taking another account takes root";
  KeeperProcess keeper;
  ASSERT_TRUE(Controller(keeper.data()).is_connected());
  ASSERT_EQ(chmod(keeper.data().c_str(), 0755), 0);
  ASSERT_EQ(chmod((keeper.data() + "/keeper.sock").c_str(), 0666), 0) << "so that only the credentials speak";
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(12345, 12345, 12345) != 0) _exit(2);
    auto client = KeeperClient::connect(keeper.data());
    if (!client) _exit(3);
    (void)client->ask(wire::Hello{});
    const bool ended = until([&] { return !client->write_some() || !client->read_some([](const wire::Frame&) { _exit(4); }); });
    _exit(ended ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "closed without a word";
}

TEST(keeper_program, a_process_gets_its_account_limits_and_nothing_else) {
  if (geteuid() != 0) GTEST_SKIP() << "taking another account takes root";
  KeeperProcess keeper;
  Controller controller(keeper.data());
  Order owner("unused", {"/bin/true"});
  auto exec = exec_of(owner, "e", shell("id -u; id -g; id -G; umask; ulimit -n; ls /proc/self/fd | wc -l; "
                                        "grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj; nice"));
  exec.program.account->uid = 12345;
  exec.program.account->gid = 23456;
  (void)exec.program.account->groups.add(34567);
  exec.program.umask = 027;
  exec.program.open_files = 99;
  ASSERT_EQ(controller.ask(exec), std::nullopt);
  const auto done = controller.told<wire::EffectDone>();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->message.out.head, "12345\n23456\n23456 34567\n0027\n99\n4\nNoNewPrivs:\t1\n0\n0\n") << done->message.err.head;
}

TEST(keeper_program, a_flood_is_discarded_beyond_its_rate_and_the_gap_is_told) {
  KeeperProcess keeper(true);
  Controller controller(keeper.data());
  Order order("flood", actor({"flood"}));
  order.order.log.rate_bytes_per_second = 64U << 10;
  order.order.log.max_bytes = 32U << 10;
  order.order.log.keep_count = 2;
  ASSERT_TRUE(controller.run(order));
  const auto first = controller.told<wire::OutputGap>();
  const auto second = controller.told<wire::OutputGap>();
  ASSERT_TRUE(first && second);
  EXPECT_GT(second->message.bytes, 100'000U);
  EXPECT_EQ(second->message.error, 0);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(keeper.data() + "/logs/flood.log.2"); })) << "it is rotated";
  EXPECT_FALSE(std::filesystem::exists(keeper.data() + "/logs/flood.log.3"));
  EXPECT_LE(std::filesystem::file_size(keeper.data() + "/logs/flood.log.1"), 200'000U);
  ASSERT_EQ(controller.ask(wire::Stop{"flood", 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}), std::nullopt);
  EXPECT_TRUE(controller.told<wire::Settled>()) << "a flood delays no stop";
}

TEST(keeper_program, it_ends_once_the_last_workload_and_controller_are_gone) {
  KeeperProcess keeper(true);  // after 300 ms
  {
    Controller controller(keeper.data());
    ASSERT_TRUE(controller.run(Order("w", actor({"exit", "0", "1000"}))));
  }
  EXPECT_FALSE(keeper.exit_code(600ms)) << "a workload runs";
  EXPECT_EQ(keeper.exit_code(), 0);
  EXPECT_FALSE(std::filesystem::exists(keeper.data() + "/keeper.sock"));
}

TEST(keeper_program, a_second_keeper_for_the_same_directory_is_refused) {
  KeeperProcess keeper;
  ASSERT_TRUE(Controller(keeper.data()).is_connected());
  const std::string binary = in_build("watchbill-keeper");
  const auto run = [&](const std::string& arguments) {
    return WEXITSTATUS(std::system((binary + " " + arguments + " 2>/dev/null").c_str()));
  };
  EXPECT_EQ(run(keeper.data()), 4);
  EXPECT_EQ(run(keeper.data() + " --foreground"), 4);
  EXPECT_EQ(run("/no/such/directory"), 1);
  EXPECT_EQ(run(""), 2);
  EXPECT_EQ(run("--wrong"), 2);
  EXPECT_TRUE(Controller(keeper.data()).is_connected()) << "the first one goes on";
}

TEST(keeper_program, a_socket_that_was_removed_is_there_again) {
  KeeperProcess keeper;
  Controller before(keeper.data());
  ASSERT_TRUE(before.run(Order("w", actor({"exit", "0", "60000"}))));
  ASSERT_TRUE(std::filesystem::remove(keeper.data() + "/keeper.sock"));
  ASSERT_TRUE(until([&] { return std::filesystem::exists(keeper.data() + "/keeper.sock"); }));
  Controller after(keeper.data(), 2);
  ASSERT_TRUE(after.is_connected());
  EXPECT_EQ(after.welcome()->message.pid, keeper.pid());
  EXPECT_TRUE(after.state_of("w"));
}

TEST(keeper_program, without_foreground_it_returns_once_it_answers) {
  KeeperProcess keeper;
  ASSERT_TRUE(Controller(keeper.data()).is_connected());
  keeper.kill_it();
  const std::string binary = in_build("watchbill-keeper");
  ASSERT_EQ(std::system((binary + " " + keeper.data()).c_str()), 0);
  auto client = KeeperClient::connect(keeper.data());
  ASSERT_TRUE(client) << "at once, without a retry";
  Controller controller(keeper.data());
  const pid_t pid = controller.welcome()->message.pid;
  kill(pid, SIGTERM);
  EXPECT_TRUE(until([&] { return !is_alive(pid); }));
}

TEST(keeper_program, one_that_a_controller_started_ends_soon_when_there_is_nothing_to_keep) {
  KeeperProcess keeper;
  ASSERT_TRUE(Controller(keeper.data()).is_connected());
  keeper.kill_it();
  ASSERT_EQ(std::system((in_build("watchbill-keeper") + " " + keeper.data()).c_str()), 0);
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    pid = controller.welcome()->message.pid;
  }
  EXPECT_TRUE(until([&] { return !is_alive(pid); }));
}

TEST(keeper_program, bytes_that_are_no_frame_end_the_connection_only) {
  KeeperProcess keeper;
  Controller good(keeper.data());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/keeper.sock", keeper.data().c_str());
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
  char answer[256];
  ASSERT_GT(read(fd, answer, sizeof answer), 0) << "a refusal";
  EXPECT_EQ(read(fd, answer, sizeof answer), 0) << "and the end";
  close(fd);
  EXPECT_EQ(good.ask(wire::ForgetOrder{"w"}), wire::Refusal::unknown_workload);
}

}  // namespace
}  // namespace watchbill::keeper::testing
