// Effects through a real keeper: started once, remembered, and told when nobody else would know. Source: ports/one_shot.h.
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "agent/house.h"
#include "agent/stuck_keeper.h"
#include "drivers/agent/agent.h"
#include "drivers/net/http_client.h"
#include "drivers/net/loop.h"
#include "drivers/net/prober.h"
#include "places.h"

namespace watchbill::agent_test {
namespace {

using drivers::agent::Agent;
using drivers::agent::OfferOutcome;
using ports::OneShot;
using ports::OneShotEnd;
using ports::OneShotKnown;
using ports::OneShotOutcome;
using ports::OneShotPhase;
using serve_test::eventually;

// An agent on a loop of its own, as a controller has it; everything that it tells is recorded at once.
class Agency {
 public:
  explicit Agency(const std::string& data, Epoch epoch = 1)
      : caller_(std::make_unique<drivers::net::HttpCaller>(loop_)),
        prober_(loop_),
        agent_({data, in_build("watchbill-keeper"), {}},
               {loop_, prober_, *caller_,
                [](const CommandBody&, const std::vector<std::string>&, const std::function<void(OfferOutcome)>& done) {
                  done(OfferOutcome::nothing_new);
                },
                [](const std::function<void()>& task) { return task(), true; }, [](const std::string&) {}}),
        thread_([this] { loop_.run(); }) {
    agent_.open({"lineage", epoch, 1}, false);
  }
  ~Agency() {
    loop_.stop();
    thread_.join();
    caller_.reset();
  }
  Agency(const Agency&) = delete;
  Agency& operator=(const Agency&) = delete;

  OneShotOutcome run(const OneShot& shot) {
    std::promise<OneShotOutcome> promise;
    agent_.run(shot, [&promise](OneShotOutcome outcome) { promise.set_value(std::move(outcome)); });
    return promise.get_future().get();
  }
  OneShotKnown look(const std::string& effect_id) {
    std::promise<OneShotKnown> promise;
    agent_.look(effect_id, [&promise](OneShotKnown known) { promise.set_value(std::move(known)); });
    return promise.get_future().get();
  }
  [[nodiscard]] Agent& agent() { return agent_; }

 private:
  drivers::net::Loop loop_;
  std::unique_ptr<drivers::net::HttpCaller> caller_;
  drivers::net::Prober prober_;
  Agent agent_;
  std::thread thread_;
};

class one_shot : public ::testing::Test {
 protected:
  one_shot() { std::filesystem::create_directory(house_.data()); }
  static OneShot shell(const std::string& effect_id, const std::string& script) {
    OneShot shot;
    shot.effect_id = effect_id;
    shot.argv = {"/bin/sh", "-c", script};
    if (geteuid() == 0) shot.user = "root";
    shot.working_directory = "/";
    shot.timeout = Duration::seconds(30);
    return shot;
  }
  [[nodiscard]] std::size_t lines_of(const std::string& name) const {
    std::ifstream in(house_.path(name));
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }
  House house_;
};

TEST_F(one_shot, tells_how_it_ended_and_what_it_said) {
  Agency agency(house_.data());
  OneShot shot = shell("e1", "echo to out; echo to err >&2; echo $COLOUR $HOME $TZ; exit 7");
  shot.environment["COLOUR"] = "blue";
  const OneShotOutcome outcome = agency.run(shot);
  EXPECT_EQ(outcome.end, OneShotEnd::exited);
  EXPECT_EQ(outcome.value, 7);
  EXPECT_EQ(outcome.out.head, "to out\nblue " + std::string(getpwuid(geteuid())->pw_dir) + " UTC\n");
  EXPECT_EQ(outcome.err.head, "to err\n");
  EXPECT_GE(outcome.ended_at, outcome.started_at);
  EXPECT_EQ(agency.run(shell("e2", "kill -9 $$")).end, OneShotEnd::signalled);
  OneShot late = shell("e3", "exec sleep 1000");
  late.timeout = Duration::milliseconds(50);
  EXPECT_EQ(agency.run(late).end, OneShotEnd::timed_out);
  OneShot absent = shell("e4", "");
  absent.argv = {"/nowhere/program"};
  EXPECT_EQ(agency.run(absent).end, OneShotEnd::not_executed);
  OneShot stranger = shell("e5", "true");
  stranger.user = "nobody-of-that-name";
  EXPECT_EQ(agency.run(stranger).refusal, "unknown_user");
}

TEST_F(one_shot, runs_once_for_its_id_and_attempt) {
  const OneShot shot = shell("e1", "echo ran >> " + house_.path("ran"));
  {
    Agency agency(house_.data());
    EXPECT_EQ(agency.run(shot).end, OneShotEnd::exited);
    EXPECT_EQ(agency.run(shot).end, OneShotEnd::exited);
    agency.agent().recorded("e1", 1);
  }
  EXPECT_EQ(lines_of("ran"), 1U);
  // Another life, which knows nothing of the first.
  Agency agency(house_.data(), 2);
  EXPECT_EQ(agency.run(shot).end, OneShotEnd::exited);
  EXPECT_EQ(lines_of("ran"), 1U);
  OneShot again = shot;
  again.attempt = 2;
  EXPECT_EQ(agency.run(again).end, OneShotEnd::exited);
  EXPECT_EQ(lines_of("ran"), 2U);
  // A late caller of the first attempt starts nothing, and is told so once its outcome is kept no more: that depends on whether
  // the first life's word that it is durable reached the keeper.
  const OneShotOutcome late = agency.run(shot);
  EXPECT_TRUE(late.end == OneShotEnd::exited || late.refusal == "stale_attempt") << late.refusal << ": " << late.detail;
  EXPECT_EQ(lines_of("ran"), 2U);
}

TEST_F(one_shot, outlives_who_asked_and_is_told_to_who_asks_next) {
  const OneShot shot = shell("e1", "echo said; while ! test -e " + house_.path("go") + "; do sleep 0.02; done; exit 3");
  {
    Agency agency(house_.data());
    agency.agent().run(shot, [](const OneShotOutcome&) {});
    ASSERT_TRUE(eventually([&] { return agency.look("e1").phase == OneShotPhase::running; }));
  }
  house_.write("go", "");
  Agency agency(house_.data(), 2);
  ASSERT_TRUE(eventually([&] { return agency.look("e1").phase == OneShotPhase::ended; }));
  const OneShotKnown known = agency.look("e1");
  EXPECT_EQ(known.attempt, 1U);
  EXPECT_EQ(known.outcome.value, 3);
  EXPECT_EQ(known.outcome.out.head, "said\n");
  const OneShotKnown never = agency.look("never");
  EXPECT_EQ(never.phase, OneShotPhase::never_seen);
  EXPECT_TRUE(never.keeper.ends_with("/" + std::to_string(agency.agent().status().keeper_pid))) << never.keeper;
}

TEST_F(one_shot, whose_keeper_died_is_unknown_and_never_run_again) {
  Agency agency(house_.data());
  const OneShot shot = shell("e1", "echo ran >> " + house_.path("ran") + "; exec sleep 1000");
  std::promise<OneShotOutcome> promise;
  agency.agent().run(shot, [&promise](OneShotOutcome outcome) { promise.set_value(std::move(outcome)); });
  ASSERT_TRUE(eventually([&] { return lines_of("ran") == 1; }));
  kill(house_.keeper_pid(), SIGKILL);
  // The successor adopts the process and sees it end, but not how.
  ASSERT_TRUE(eventually([&] { return agency.look("e1").phase == OneShotPhase::running; }));
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    std::ostringstream text;
    text << std::ifstream(entry.path() / "environ").rdbuf();
    if (pid > 0 && text.str().find("WATCHBILL_WORKLOAD=!e1") != std::string::npos) kill(pid, SIGKILL);
  }
  EXPECT_EQ(promise.get_future().get().end, OneShotEnd::unknown);
  EXPECT_EQ(lines_of("ran"), 1U);
}

TEST_F(one_shot, is_ended_when_asked_with_its_children_and_tells_how) {
  Agency agency(house_.data());
  std::promise<OneShotOutcome> promise;
  agency.agent().run(shell("e1", "sleep 1000 & echo begun; wait"),
                     [&promise](OneShotOutcome outcome) { promise.set_value(std::move(outcome)); });
  ASSERT_TRUE(eventually([&] { return agency.look("e1").phase == OneShotPhase::running; }));
  agency.agent().end("e1");
  agency.agent().end("e1");
  const OneShotOutcome outcome = promise.get_future().get();
  EXPECT_EQ(outcome.end, OneShotEnd::signalled);
  EXPECT_EQ(outcome.value, SIGTERM);
  agency.agent().end("e1");
  agency.agent().end("never");
  EXPECT_EQ(agency.look("e1").phase, OneShotPhase::ended);
}

TEST_F(one_shot, that_is_ended_before_it_was_sent_never_runs) {
  Agency agency(house_.data());
  const OneShot shot = shell("e1", "echo ran >> " + house_.path("ran"));
  // The first effect starts the keeper: until it answers nothing is sent.
  std::promise<OneShotOutcome> promise;
  agency.agent().run(shot, [&promise](OneShotOutcome outcome) { promise.set_value(std::move(outcome)); });
  agency.agent().end("e1");
  const OneShotOutcome outcome = promise.get_future().get();
  EXPECT_EQ(outcome.end, OneShotEnd::refused);
  EXPECT_EQ(outcome.refusal, "cancelled");
  EXPECT_EQ(agency.run(shell("e2", "true")).end, OneShotEnd::exited);
  EXPECT_EQ(lines_of("ran"), 0U);
}

// Second half of cancel_always_ends: the caller is not left waiting for what cannot be killed.
TEST_F(one_shot, that_cannot_be_killed_is_told_with_its_pids_and_still_runs) {
  const StuckKeeper keeper(house_.data());
  Agency agency(house_.data());
  std::promise<OneShotOutcome> promise;
  agency.agent().run(shell("e1", "true"), [&promise](OneShotOutcome outcome) { promise.set_value(std::move(outcome)); });
  ASSERT_TRUE(eventually([&] { return agency.look("e1").phase == OneShotPhase::running; }));
  agency.agent().end("e1");
  const OneShotOutcome outcome = promise.get_future().get();
  EXPECT_EQ(outcome.end, OneShotEnd::unkillable);
  EXPECT_EQ(outcome.detail, "4711 4712");
  EXPECT_EQ(agency.look("e1").phase, OneShotPhase::running);
  EXPECT_TRUE(eventually([&] { return keeper.acknowledged_through() == 1; })) << "the keeper need not tell it again";
}

TEST_F(one_shot, gives_no_more_output_than_was_asked_for) {
  Agency agency(house_.data());
  OneShot shot = shell("e1", "i=0; while test $i -lt 5000; do echo $i; i=$((i+1)); done");
  shot.output_bytes_max = 1000;
  const OneShotOutcome outcome = agency.run(shot);
  EXPECT_EQ(outcome.out.head.size() + outcome.out.tail.size(), 1000U);
  EXPECT_EQ(outcome.out.head.substr(0, 6), "0\n1\n2\n");
  EXPECT_EQ(outcome.out.tail.substr(outcome.out.tail.size() - 5), "4999\n");
  EXPECT_EQ(outcome.out.bytes_omitted, 23'890U - 1000U);
}

}  // namespace
}  // namespace watchbill::agent_test
