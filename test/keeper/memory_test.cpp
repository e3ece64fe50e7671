// What outlives connections, keepers and disks.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "keeper/harness.h"
#include "keeper/memory.h"
#include "keeper/processes.h"

namespace watchbill::keeper::testing {
namespace {

using namespace std::chrono_literals;

TEST(keeper_memory, a_keepers_death_ends_no_workload_and_its_successor_adopts) {
  KeeperProcess keeper;
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    pid = controller.run(Order("w", actor({"count", "5"})))->message.pid;
    ASSERT_TRUE(until([&] { return keeper.log("w").find("line 3\n") != std::string::npos; }));
  }
  keeper.kill_it();
  EXPECT_TRUE(is_alive(pid));
  keeper.start();
  Controller controller(keeper.data());
  const auto adopted = controller.told<wire::Adopted>();
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->message.pid, pid);
  EXPECT_EQ(adopted->message.head.incarnation, 1U);
  const auto state = controller.state_of("w");
  EXPECT_TRUE(state->message.is_adopted);
  EXPECT_EQ(state->message.pid, pid);
  // No line is lost over the death: the FIFO held what nobody read.
  const auto line_count = [&] { const std::string text = keeper.log("w"); return std::count(text.begin(), text.end(), '\n'); };
  const auto before = line_count();
  ASSERT_TRUE(until([&] { return line_count() > before + 20; }));
  const std::string log = keeper.log("w");
  for (std::ptrdiff_t i = 0; i < before + 20; ++i)
    ASSERT_NE(log.find(" line " + std::to_string(i) + "\n"), std::string::npos) << "line " << i << " is missing";
  // It can still be stopped, group and all, but how it exited cannot be learnt.
  ASSERT_EQ(controller.ask(wire::Stop{"w", 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}), std::nullopt);
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.how, wire::ExitHow::unseen);
  EXPECT_EQ(controller.told<wire::Settled>()->message.state, wire::State::stopped);
}

TEST(keeper_memory, an_adopted_workload_is_lost_only_when_it_is_gone) {
  KeeperProcess keeper;
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    pid = controller.run(Order("w", actor({"sleep"})))->message.pid;
  }
  keeper.kill_it();
  keeper.start();
  Controller controller(keeper.data());
  ASSERT_TRUE(controller.told<wire::Adopted>());
  kill(pid, SIGKILL);
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::lost);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::exit_unseen);
  const auto is_another = [](const wire::Started& started, std::uint64_t) { return started.head.incarnation > 1; };
  EXPECT_FALSE(controller.take<wire::Started>(is_another)) << "a standing order restarts what failed, not what is unknown";
}

TEST(keeper_memory, of_adopted_leaders_only_attendants_of_units_say_their_exit_code) {
  struct Case {
    bool is_attendant;
    const char *note, *code;
    wire::State state;
    wire::ExitHow how;
    std::int32_t value;
  };
  for (const Case& each : {Case{true, "EXIT_STATUS=0", "0", wire::State::completed, wire::ExitHow::code, 0},
                           Case{true, "EXIT_STATUS=3", "3", wire::State::failed, wire::ExitHow::code, 3},
                           Case{true, "EXIT_STATUS=300", "0", wire::State::lost, wire::ExitHow::unseen, 0},
                           Case{true, "STATUS=done", "0", wire::State::lost, wire::ExitHow::unseen, 0},
                           Case{false, "EXIT_STATUS=0", "0", wire::State::lost, wire::ExitHow::unseen, 0}}) {
    KeeperProcess keeper;
    const std::string file = keeper.data() + "/ends", program = keeper.data() + "/watchbill-unit";
    std::vector<std::string> command = actor({"tell_and_exit", file, each.note, each.code});
    std::filesystem::create_symlink(command.front(), program);
    if (each.is_attendant) command.front() = program;
    {
      Controller controller(keeper.data());
      Order order("w", command);
      order.order.restart.policy = wire::RestartPolicy::never;
      ASSERT_TRUE(controller.run(order));
    }
    keeper.kill_it();
    keeper.start();
    Controller controller(keeper.data());
    ASSERT_TRUE(controller.told<wire::Adopted>());
    std::ofstream(file).flush();
    const auto exited = controller.told<wire::Exited>();
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->message.how, each.how) << each.note;
    EXPECT_EQ(exited->message.value, each.value) << each.note;
    EXPECT_EQ(controller.told<wire::Settled>()->message.state, each.state) << each.note;
  }
}

TEST(keeper_memory, a_workload_that_ended_unseen_is_lost_and_never_started_twice) {
  KeeperProcess keeper;
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    pid = controller.run(Order("w", actor({"sleep"})))->message.pid;
  }
  keeper.kill_it();
  kill(pid, SIGKILL);
  ASSERT_TRUE(until([&] { return !is_alive(pid); }));
  keeper.start();
  Controller controller(keeper.data());
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::lost);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::exit_unseen);
  EXPECT_TRUE(marked(keeper.data(), "w").empty());
  EXPECT_EQ(controller.ask(wire::Start{"w", 2, false}), std::nullopt) << "the group is proved empty";
}

TEST(keeper_memory, a_start_over_a_lost_group_that_lives_is_refused) {
  KeeperProcess keeper;
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    pid = controller.run(Order("w", shell("sleep 600 & sleep 600")))->message.pid;
    ASSERT_TRUE(until([&] { return marked(keeper.data(), "w").size() == 3; }));
  }
  keeper.kill_it();
  kill(pid, SIGKILL);
  ASSERT_TRUE(until([&] { return !is_alive(pid); }));
  keeper.start();
  Controller controller(keeper.data());
  EXPECT_EQ(controller.told<wire::Settled>()->message.state, wire::State::lost);
  EXPECT_EQ(marked(keeper.data(), "w").size(), 2U);
  EXPECT_EQ(controller.ask(wire::Start{"w", 2, false}), wire::Refusal::group_not_empty);
}

TEST(keeper_memory, what_happened_without_a_controller_is_told_once_and_in_order) {
  KeeperProcess keeper;
  std::uint64_t acknowledged = 0;
  {
    Controller controller(keeper.data(), 1, false);
    const auto started = controller.run(Order("w", actor({"sleep"})));
    acknowledged = started->number;
    ASSERT_EQ(controller.ask(wire::Acknowledge{acknowledged}), std::nullopt);
    kill(started->message.pid, SIGKILL);
  }
  ASSERT_TRUE(until([&] { return marked(keeper.data(), "w").size() == 1; }));
  for (int i = 0; i < 2; ++i) {
    Controller again(keeper.data(), 2, false);
    const auto exited = again.told<wire::Exited>();
    const auto decided = again.told<wire::RestartDecided>();
    const auto started = again.told<wire::Started>();
    ASSERT_TRUE(exited && decided && started) << "not acknowledged, so told again";
    EXPECT_LT(acknowledged, exited->number);
    EXPECT_LT(decided->number, started->number);
    if (i == 1) {
      ASSERT_EQ(again.ask(wire::Acknowledge{started->number}), std::nullopt);
    }
  }
  Controller last(keeper.data(), 2);
  EXPECT_EQ(last.state_of("w")->message.incarnation, 2U);
  EXPECT_EQ(last.count<wire::Exited>() + last.count<wire::Started>(), 0U);
}

TEST(keeper_memory, at_most_sixty_four_unacknowledged_reports_are_delivered) {
  KeeperProcess keeper;
  Controller controller(keeper.data(), 1, false);
  Order order("w", actor({"exit", "1"}));
  order.order.restart.limit.reset();
  order.order.restart.max = Duration{1};
  ASSERT_TRUE(controller.run(order));
  ASSERT_TRUE(controller.wait([&] { return controller.state_of("w")->message.incarnation > 40; }));
  EXPECT_EQ(controller.count<wire::Exited>() + controller.count<wire::Started>() + controller.count<wire::RestartDecided>() + 1,
            64U);
}

TEST(keeper_memory, replacement_in_place_keeps_children_beats_and_exit_codes) {
  KeeperProcess keeper;
  std::uint64_t number = 0;
  pid_t pid = 0;
  {
    Controller controller(keeper.data());
    Order order("w", shell("trap 'exit 7' TERM; while :; do echo alive; sleep 0.02; done"));
    order.order.hang.emplace();
    order.order.hang->heartbeat = wire::Heartbeat::output;
    order.order.hang->timeout = order.order.hang->start_grace = Duration::minutes(1);
    order.order.restart.policy = wire::RestartPolicy::never;
    const auto started = controller.run(order);
    pid = started->message.pid;
    number = started->number;
    ASSERT_TRUE(controller.told<wire::Beat>());
    ASSERT_EQ(controller.ask(wire::Replace{""}), std::nullopt);
    EXPECT_TRUE(controller.wait([&] { return controller.is_over(); }));
  }
  Controller controller(keeper.data());
  EXPECT_EQ(controller.welcome()->message.pid, keeper.pid()) << "the same process";
  EXPECT_EQ(controller.welcome()->message.replaced_count, 1U);
  const auto replaced = controller.told<wire::Replaced>();
  ASSERT_TRUE(replaced);
  EXPECT_GT(replaced->number, number);
  EXPECT_EQ(controller.count<wire::Adopted>(), 0U);
  const auto state = controller.state_of("w");
  EXPECT_EQ(state->message.pid, pid);
  EXPECT_TRUE(state->message.has_beaten) << "beats go on";
  EXPECT_FALSE(state->message.is_adopted);
  kill(pid, SIGTERM);
  const auto exited = controller.told<wire::Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->message.how, wire::ExitHow::code);
  EXPECT_EQ(exited->message.value, 7) << "it is still our child";
  kill(keeper.pid(), SIGUSR2);
  EXPECT_TRUE(controller.wait([&] { return controller.is_over(); }));
  EXPECT_EQ(Controller(keeper.data()).welcome()->message.replaced_count, 2U);
}

TEST(keeper_memory, a_stop_that_the_keepers_death_interrupts_is_ended_by_its_successor) {
  KeeperProcess keeper;
  {
    Controller controller(keeper.data());
    Order order("w", actor({"ignore_term"}));
    order.order.stop.grace = Duration{1500};
    ASSERT_TRUE(controller.run(order));
    ASSERT_TRUE(controller.told<wire::BecameReady>());
    ASSERT_EQ(controller.ask(wire::Stop{"w", 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}), std::nullopt);
    ASSERT_TRUE(controller.told<wire::StopAdvanced>());
  }
  keeper.kill_it();
  keeper.start();
  Controller controller(keeper.data());
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::stopped);
  EXPECT_TRUE(marked(keeper.data(), "w").empty());
}

TEST(keeper_memory, another_process_under_the_old_pid_is_never_signalled) {
  KeeperProcess keeper;
  {
    Controller controller(keeper.data());
    ASSERT_TRUE(controller.run(Order("w", actor({"sleep"}))));
  }
  keeper.kill_it();
  // The record now names this test's own child, with the start time of the workload: as after a reuse of the pid.
  // Start times are counted in hundredths of a second, so the stranger comes a few of them later.
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(until([&] { return std::chrono::steady_clock::now() - begin > 50ms; }));
  const pid_t stranger = fork();
  if (stranger == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    for (;;) pause();
  }
  for (const pid_t pid : marked(keeper.data(), "w")) kill(pid, SIGKILL);
  {
    const auto former = std::filesystem::current_path();
    std::filesystem::current_path(keeper.data());
    Memory memory;
    WorkloadRecord last;
    std::string body_of_last;
    ASSERT_TRUE(memory.open([&](RecordType type, std::string_view body) {
      if (type == RecordType::workload) body_of_last = body;
    }));
    ASSERT_TRUE(wire::read_message(body_of_last, last));
    last.pid = stranger;
    memory.add(last);
    memory.commit();
    std::filesystem::current_path(former);
  }
  keeper.start();
  Controller controller(keeper.data());
  const auto settled = controller.told<wire::Settled>();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->message.state, wire::State::lost);
  EXPECT_EQ(settled->message.reason, wire::SettledReason::pid_reused);
  EXPECT_EQ(controller.ask(wire::Stop{"w", 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}),
            wire::Refusal::not_running);
  EXPECT_TRUE(is_alive(stranger));
  kill(stranger, SIGKILL);
  waitpid(stranger, nullptr, 0);
}

TEST(keeper_memory, a_torn_tail_is_cut_and_the_rest_is_kept) {
  char path[] = "/tmp/wb-memory-XXXXXX";
  const std::filesystem::path folder = mkdtemp(path);
  const auto former = std::filesystem::current_path();
  std::filesystem::create_directory(folder / "keeper");
  std::filesystem::current_path(folder);
  std::size_t whole = 0;
  {
    Memory memory;
    ASSERT_TRUE(memory.open([](RecordType, std::string_view) {}));
    memory.add(AcknowledgedRecord{1});
    memory.add(ControllerRecord{"l", 3, 4});
    memory.commit();
    whole = memory.file_bytes();
    memory.add(AcknowledgedRecord{2});
    memory.commit();
  }
  for (std::size_t size = whole; size < whole + 17; ++size) {
    std::filesystem::resize_file("keeper/memory", size);
    std::size_t records = 0;
    Memory memory;
    ASSERT_TRUE(memory.open([&](RecordType, std::string_view) { ++records; }));
    EXPECT_EQ(records, 2U);
    EXPECT_EQ(std::filesystem::file_size("keeper/memory"), whole);
  }
  std::filesystem::current_path(former);
  std::filesystem::remove_all(folder);
}

TEST(keeper_memory, a_full_disk_stops_no_restart_and_is_said) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small file system takes root";
  KeeperProcess keeper(true);
  keeper.kill_it();
  if (mount("tmpfs", keeper.data().c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "no mount here";
  const auto body = [&] {
    keeper.start();
    Controller controller(keeper.data());
    Order order("w", actor({"sleep"}));
    order.order.restart.limit.reset();
    order.order.restart.max = Duration{1};
    auto started = controller.run(order);
    ASSERT_TRUE(started);
    {
      std::ofstream ballast(keeper.data() + "/ballast");
      const std::string block(4096, 'x');
      while (ballast.write(block.data(), 4096).flush()) {
      }
    }
    // The last page of the file takes a few records more.
    std::optional<Told<wire::Unlogged>> unlogged;
    std::uint64_t last = 1;
    while (last < 100 && !unlogged) {
      kill(started->message.pid, SIGKILL);
      ASSERT_TRUE(controller.told<wire::Exited>()) << "the exit record is told from memory";
      started = controller.told<wire::Started>();
      ASSERT_TRUE(started);
      EXPECT_EQ(started->message.head.incarnation, ++last);
      unlogged = controller.take<wire::Unlogged>([](const wire::Unlogged&, std::uint64_t) { return true; });
    }
    ASSERT_TRUE(unlogged);
    EXPECT_GT(unlogged->message.count, 0U);
    EXPECT_EQ(unlogged->message.error, ENOSPC);
    std::filesystem::remove(keeper.data() + "/ballast");
    ASSERT_TRUE(controller.told<wire::Unlogged>([](const wire::Unlogged& u) { return u.error == 0; }))
        << "written anew when it fits";
    keeper.kill_it();
    keeper.start();
    Controller again(keeper.data());
    EXPECT_EQ(again.state_of("w")->message.incarnation, last) << "nothing is missing from the new file";
    EXPECT_EQ(again.state_of("w")->message.state, wire::State::running);
  };
  body();
  for (const pid_t pid : marked(keeper.data(), "")) kill(pid, SIGKILL);
  keeper.kill_it();
  EXPECT_TRUE(until([&] { return umount2(keeper.data().c_str(), MNT_DETACH) == 0; }));
}

}  // namespace
}  // namespace watchbill::keeper::testing
