// The guarded controller (`serve --supervised`): restarted by a standing order, told to guardians only, adopted as a workload is.
#include <signal.h>

#include <fstream>

#include "keeper/harness.h"
#include "places.h"

namespace watchbill::keeper::testing {
namespace {

using wire::State;

// What a guardian gives; owns its texts.
struct Guard {
  explicit Guard(const std::vector<std::string>& command) : texts("unused", command) {
    request.program = texts.order.program;
    request.restart.initial = Duration{};
    request.restart.limit = wire::LimitTerms{5, Duration::minutes(5)};
    for (const std::int32_t code : {2, 4, 6}) (void)request.final_exit_codes.add(code);
  }
  Order texts;
  wire::GuardController request;
};

class keeper_guard : public ::testing::Test {
 protected:
  // The next news of this state.
  static std::optional<Told<wire::ControllerState>> hears(Controller& guardian, State state) {
    return guardian.told<wire::ControllerState>([state](const wire::ControllerState& told) { return told.state == state; });
  }
  // Has the command guarded, and gives its first state.
  static std::optional<Told<wire::ControllerState>> guard(Controller& guardian, const std::vector<std::string>& command) {
    EXPECT_EQ(guardian.ask(Guard(command).request), std::nullopt);
    return hears(guardian, State::running);
  }
  [[nodiscard]] std::string file() const { return keeper_.data() + "/go"; }
  void make_file() const { std::ofstream(file()) << "go"; }
  void replace_by_another_keeper() {
    keeper_.kill_it();
    keeper_.start();
  }

  KeeperProcess keeper_;
};

TEST_F(keeper_guard, a_killed_controller_is_started_again_and_only_its_guardian_is_told) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  ASSERT_TRUE(guardian.welcome());
  EXPECT_EQ(hears(guardian, State::idle)->message.incarnation, 0U) << "none was ever guarded";
  const auto first = guard(guardian, actor({"sleep"}));
  ASSERT_TRUE(first);
  Controller agent(keeper_.data());
  EXPECT_EQ(agent.welcome()->message.workload_count, 0U);
  kill(first->message.pid, SIGKILL);
  const auto ended = hears(guardian, State::backoff);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->message.how, wire::ExitHow::signal);
  EXPECT_EQ(ended->message.value, SIGKILL);
  EXPECT_EQ(ended->message.next_start_in.ms, 0) << "the first restart waits for nothing";
  const auto second = hears(guardian, State::running);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message.incarnation, 2U);
  EXPECT_EQ(second->message.starts_in_window, 2U);
  EXPECT_TRUE(is_alive(second->message.pid));
  EXPECT_TRUE(agent.snapshot().empty());
  ASSERT_TRUE(agent.run(Order("web", actor({"sleep"})))) << "what was told before this has come too";
  EXPECT_EQ(agent.count<wire::Started>() + agent.count<wire::Exited>() + agent.count<wire::RestartDecided>(), 0U);
}

TEST_F(keeper_guard, an_agent_can_neither_order_nor_end_it) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto running = guard(guardian, actor({"sleep"}));
  ASSERT_TRUE(running);
  Controller agent(keeper_.data());
  const std::string name(wire::guarded_name);
  EXPECT_EQ(agent.ask(wire::GiveOrder{Order(name, actor({"sleep"})).order, {}}), wire::Refusal::invalid_name);
  EXPECT_EQ(agent.ask(wire::Start{name, 9, false}), wire::Refusal::unknown_workload);
  EXPECT_EQ(agent.ask(wire::Stop{name, 1, wire::EndReason::cancelled, wire::Afterwards::stay_stopped}),
            wire::Refusal::unknown_workload);
  EXPECT_EQ(agent.ask(wire::Signal{name, 1, SIGKILL}), wire::Refusal::unknown_workload);
  EXPECT_EQ(agent.ask(wire::ForgetOrder{name}), wire::Refusal::unknown_workload);
  EXPECT_EQ(agent.ask(wire::EndController{}), wire::Refusal::malformed) << "that is a guardian's word";
  EXPECT_TRUE(is_alive(running->message.pid));
}

TEST_F(keeper_guard, a_guardian_takes_no_reports_from_the_agent_and_knows_no_epoch) {
  Controller agent(keeper_.data(), 7);
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto running = guard(guardian, actor({"sleep"}));
  const auto web = agent.run(Order("web", actor({"sleep"})));
  ASSERT_TRUE(running && web);
  kill(web->message.pid, SIGKILL);
  EXPECT_TRUE(agent.told<wire::Exited>());
  Controller successor(keeper_.data(), 8);
  EXPECT_EQ(guardian.ask(wire::GiveOrder{Order("x", actor({"sleep"})).order, {}}), wire::Refusal::malformed);
  EXPECT_EQ(guardian.ask(wire::EndController{}), std::nullopt) << "whatever the epoch";
  EXPECT_TRUE(hears(guardian, State::stopped));
}

TEST_F(keeper_guard, exit_codes_that_a_restart_would_repeat_are_final) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  for (const int code : {2, 4, 6}) {
    ASSERT_TRUE(guard(guardian, actor({"exit", std::to_string(code)})));
    const auto failed = hears(guardian, State::failed);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->message.value, code);
    EXPECT_EQ(failed->message.starts_in_window, 1U);
  }
  ASSERT_TRUE(guard(guardian, actor({"exit", "0"})));
  const auto completed = hears(guardian, State::completed);
  ASSERT_TRUE(completed);
  EXPECT_EQ(completed->message.incarnation, 4U);
}

TEST_F(keeper_guard, a_crash_loop_ends_after_five_starts) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  Guard crashing(actor({"exit", "7"}));
  crashing.request.restart.max = Duration{5};
  ASSERT_EQ(guardian.ask(crashing.request), std::nullopt);
  const auto failed = hears(guardian, State::failed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message.incarnation, 5U) << "the first start counts";
  EXPECT_EQ(failed->message.value, 7);
  EXPECT_EQ(failed->message.starts_in_window, 5U);
  ASSERT_EQ(guardian.ask(Guard(actor({"sleep"})).request), std::nullopt) << "a person may start it again";
  EXPECT_TRUE(guardian.told<wire::ControllerState>(
      [](const wire::ControllerState& told) { return told.state == State::running && told.incarnation == 6; }));
}

TEST_F(keeper_guard, a_second_one_is_refused_and_disturbs_nothing) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto running = guard(guardian, actor({"sleep"}));
  Controller other(keeper_.data(), Controller::Guardian{});
  EXPECT_EQ(other.ask(Guard(actor({"exit", "0"})).request), wire::Refusal::already_running);
  const auto seen = hears(other, State::running);
  ASSERT_TRUE(running && seen);
  EXPECT_EQ(seen->message.pid, running->message.pid);
  EXPECT_EQ(seen->message.incarnation, 1U);
}

TEST_F(keeper_guard, one_that_was_left_alone_is_followed_by_who_asks_next) {
  pid_t pid = 0;
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    pid = guard(guardian, actor({"sleep"}))->message.pid;
  }
  Controller next(keeper_.data(), Controller::Guardian{});
  ASSERT_EQ(next.ask(Guard(actor({"exit", "6"})).request), std::nullopt);
  const auto followed = hears(next, State::running);
  ASSERT_TRUE(followed);
  EXPECT_EQ(followed->message.pid, pid);
  EXPECT_EQ(followed->message.incarnation, 1U);
  kill(pid, SIGKILL);
  const auto ended = hears(next, State::failed);
  ASSERT_TRUE(ended) << "its next start has the terms of who asked last";
  EXPECT_EQ(ended->message.value, 6);
}

TEST_F(keeper_guard, it_goes_on_without_its_guardian_and_ends_when_asked) {
  pid_t pid = 0;
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    pid = guard(guardian, actor({"sleep"}))->message.pid;
  }
  kill(pid, SIGKILL);
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto again = guardian.told<wire::ControllerState>(
      [](const wire::ControllerState& told) { return told.state == State::running && told.incarnation == 2; });
  // It may have been started before this guardian came, or after.
  ASSERT_TRUE(again);
  EXPECT_EQ(guardian.ask(wire::EndController{}), std::nullopt);
  const auto stopped = hears(guardian, State::stopped);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->message.value, SIGTERM);
  EXPECT_EQ(guardian.ask(wire::EndController{}), wire::Refusal::not_running);
  EXPECT_EQ(guardian.ask(wire::SignalController{SIGHUP}), wire::Refusal::not_running);
}

TEST_F(keeper_guard, a_successor_of_the_keeper_adopts_it_and_goes_on_guarding) {
  pid_t pid = 0;
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    pid = guard(guardian, actor({"sleep"}))->message.pid;
  }
  replace_by_another_keeper();
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto adopted = hears(guardian, State::running);
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->message.pid, pid);
  EXPECT_EQ(adopted->message.incarnation, 1U);
  EXPECT_TRUE(adopted->message.is_adopted);
  kill(pid, SIGKILL);
  const auto ended = hears(guardian, State::backoff);
  ASSERT_TRUE(ended) << "how it ended cannot be learnt, but that it did";
  EXPECT_EQ(ended->message.how, wire::ExitHow::unseen);
  const auto second = hears(guardian, State::running);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->message.incarnation, 2U);
  EXPECT_FALSE(second->message.is_adopted);
  Controller agent(keeper_.data());
  ASSERT_TRUE(agent.run(Order("web", actor({"sleep"}))));
  EXPECT_EQ(agent.count<wire::Adopted>(), 0U);
}

TEST_F(keeper_guard, an_adopted_one_tells_its_exit_code_itself) {
  for (const auto& [note, state] : {std::pair("EXIT_STATUS=0", State::completed), {"EXIT_STATUS=6", State::failed},
                                    {"EXIT_STATUS=7", State::backoff}, {"EXIT_STATUS=", State::backoff}}) {
    std::filesystem::remove(file());
    {
      Controller guardian(keeper_.data(), Controller::Guardian{});
      ASSERT_TRUE(guard(guardian, actor({"tell_and_exit", file(), note, "0"})));
    }
    replace_by_another_keeper();
    Controller guardian(keeper_.data(), Controller::Guardian{});
    ASSERT_TRUE(hears(guardian, State::running));
    make_file();
    EXPECT_TRUE(hears(guardian, state)) << note;
    if (state != State::backoff) continue;
    // Its successor may have found the file and ended already: then there is nothing left to end.
    const std::optional<wire::Refusal> refused = guardian.ask(wire::EndController{});
    EXPECT_TRUE(refused.value_or(wire::Refusal::not_running) == wire::Refusal::not_running);
    if (!refused) {
      EXPECT_TRUE(hears(guardian, State::stopped));
    }
  }
}

TEST_F(keeper_guard, one_that_ended_while_no_keeper_was_there_is_started_again) {
  pid_t pid = 0;
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    pid = guard(guardian, actor({"sleep"}))->message.pid;
  }
  keeper_.kill_it();
  kill(pid, SIGKILL);
  ASSERT_TRUE(until([pid] { return !is_alive(pid); }));
  keeper_.start();
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto second = guardian.told<wire::ControllerState>(
      [](const wire::ControllerState& told) { return told.state == State::running && told.incarnation == 2; });
  EXPECT_TRUE(second);
}

TEST_F(keeper_guard, a_replacement_in_place_keeps_it_as_a_child) {
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    ASSERT_TRUE(guard(guardian, actor({"tell_and_exit", file(), "", "6"})));
    kill(keeper_.pid(), SIGUSR2);
    ASSERT_TRUE(guardian.wait([&] { return guardian.is_over(); }));
  }
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const auto running = hears(guardian, State::running);
  ASSERT_TRUE(running);
  EXPECT_FALSE(running->message.is_adopted);
  make_file();
  const auto failed = hears(guardian, State::failed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->message.how, wire::ExitHow::code);
  EXPECT_EQ(failed->message.value, 6);
}

TEST_F(keeper_guard, its_streams_are_told_apart_and_logged) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  ASSERT_TRUE(guard(guardian, shell("echo out; echo err >&2; exec sleep 1000")));
  for (const bool is_error : {false, true}) {
    const auto printed = guardian.told<wire::ControllerOutput>(
        [is_error](const wire::ControllerOutput& told) { return told.is_error_stream == is_error; });
    ASSERT_TRUE(printed);
    EXPECT_EQ(printed->message.bytes, is_error ? "err\n" : "out\n");
  }
  const std::string log = keeper_.log(std::string(wire::guarded_name));
  EXPECT_NE(log.find(" out\n"), std::string::npos) << log;
  EXPECT_NE(log.find(" err\n"), std::string::npos) << log;
}

TEST_F(keeper_guard, a_guardian_that_does_not_read_holds_nothing_up_and_learns_what_it_missed) {
  Controller guardian(keeper_.data(), Controller::Guardian{});
  const std::string written = keeper_.data() + "/written";
  ASSERT_TRUE(guard(guardian, shell("head -c 4000000 /dev/zero; touch " + written + "; while :; do echo on; sleep 0.05; done")));
  // More than the socket and the keeper's room for this connection, and yet all of it was taken.
  ASSERT_TRUE(until([&] { return std::filesystem::exists(written); }));
  EXPECT_TRUE(guardian.told<wire::ControllerOutput>([](const wire::ControllerOutput& told) { return told.omitted_bytes != 0; }));
  EXPECT_TRUE(guardian.told<wire::ControllerOutput>(
      [](const wire::ControllerOutput& told) { return told.bytes.ends_with("on\n"); }));
}

TEST_F(keeper_guard, a_keeper_that_it_started_itself_survives_its_stop) {
  const std::string binary = in_build("watchbill-keeper");
  {
    Controller guardian(keeper_.data(), Controller::Guardian{});
    ASSERT_TRUE(guard(guardian, shell("until test -e " + file() + "; do sleep 0.01; done; " + binary + " " + keeper_.data() +
                                      " --foreground & wait")));
  }
  keeper_.kill_it();
  make_file();
  Controller guardian(keeper_.data(), Controller::Guardian{});
  ASSERT_TRUE(hears(guardian, State::running));
  ASSERT_EQ(guardian.ask(wire::EndController{}), std::nullopt);
  EXPECT_TRUE(hears(guardian, State::stopped)) << "it carries its group's marker and must not count itself in";
}

TEST(keeper_guard_idle, a_keeper_stays_while_it_guards_and_ends_afterwards) {
  KeeperProcess keeper(true);
  {
    Controller guardian(keeper.data(), Controller::Guardian{});
    ASSERT_EQ(guardian.ask(Guard(actor({"sleep"})).request), std::nullopt);
  }
  EXPECT_FALSE(keeper.exit_code(std::chrono::milliseconds(1000))) << "three times what it waits when it is idle";
  {
    Controller guardian(keeper.data(), Controller::Guardian{});
    ASSERT_EQ(guardian.ask(wire::EndController{}), std::nullopt);
  }
  EXPECT_EQ(keeper.exit_code(), 0);
}

}  // namespace
}  // namespace watchbill::keeper::testing
