// Runs whose processes die, do not end or have nobody to tell: the real program, the real keeper.
// Source: domain/peer-failures.md, domain/plans.md §2.1, §4.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "agent/house.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

using agent_test::House;
using agent_test::is_alive;
using agent_test::RecordedFact;

// `stubborn`: neither the step nor its child ends at TERM. `lost`: works until somebody says go; `lost-once` may not be done
// twice.
constexpr const char* runbooks = R"(
runbooks:
  stubborn:
    summary: A step that does not end
    steps:
      - name: mark
        do: {file: {path: marker, content: changed}}
        verify: {query: "vector(1) == 1", within: 5s}
      - name: hang
        timeout: 5m
        do:
          shell: "trap '' TERM; (while :; do sleep 1; done) & echo $! > child; while :; do sleep 1; done"
        verify: {query: "vector(1) == 1", within: 5s}
        undo: {exec: [/usr/bin/touch, undone]}
  lost:
    summary: A step whose process is lost
    steps:
      - name: act
        do: {shell: "echo $$ >> begun; while ! test -e go; do sleep 0.1; done; touch acted", idempotent: true}
        verify: {exec: [/usr/bin/test, -e, acted], within: 10s}
        undo: {exec: [/usr/bin/touch, undone]}
  lost-once:
    summary: A step whose process is lost
    steps:
      - name: act
        do: {shell: "echo $$ >> begun; while ! test -e go; do sleep 0.1; done; touch acted"}
        verify: {exec: [/usr/bin/test, -e, acted], within: 10s}
        undo: {exec: [/usr/bin/touch, undone]}
  unit:
    summary: A unit that is not there
    steps:
      - name: start
        do: {service: {name: watchbill-test-of-nothing, state: started}}
        verify: {query: "vector(1) == 1", within: 5s}
        undo: {service: {name: watchbill-test-of-nothing, state: stopped}}
  tell:
    summary: Say that it begins
    steps:
      - name: say
        notify: {receiver: ops, text: we begin}
)";

class scenario : public ::testing::Test {
 protected:
  scenario() {
    const std::string user = agent_test::user_line();
    const std::string account = user.empty() ? "" : ", exec_user: " + user.substr(10, user.size() - 11);
    house_.write("watchbill.yaml", "watchbill: 1\nlisten: 127.0.0.1:0\nalertmanager_config: am.yml\n"
                                   "supervisor: {namespace: test" + account + "}\n" + runbooks);
    house_.write("am.yml", "route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: \"http://" +
                               sink_.address() + "/\"}]}]\n");
  }
  [[nodiscard]] Ended verb(const Controller& controller, std::vector<std::string> words) const {
    for (const std::string& word : {std::string("--server"), controller.url(), std::string("--data"), house_.data()})
      words.push_back(word);
    return run_program(std::move(words));
  }
  [[nodiscard]] std::string start(const Controller& controller, const std::string& runbook) const {
    const Ended ended = verb(controller, {"run", runbook});
    const std::size_t at = ended.out.find("run-");
    return at == std::string::npos ? "" : ended.out.substr(at, 30);
  }
  static bool becomes(const Controller& controller, const std::string& run, const std::string& state) {
    return eventually([&] { return controller.get("/runs/" + run).member("state") == state; });
  }
  // The numbers in a file, one in each line.
  [[nodiscard]] std::vector<pid_t> pids(const std::string& name) const {
    std::ifstream in(house_.path(name));
    std::vector<pid_t> out;
    for (pid_t pid = 0; in >> pid;) out.push_back(pid);
    return out;
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(house_.path(name)); }

  // Starts the runbook and kills its executor, keeper and process group, in the middle of its step.
  std::string lose(const Controller& controller, const std::string& runbook) {
    std::string run = start(controller, runbook);
    EXPECT_TRUE(eventually([&] { return pids("begun").size() == 1; }));
    kill(house_.keeper_pid(), SIGKILL);
    for (const pid_t pid : pids("begun")) kill(-pid, SIGKILL);
    return run;
  }

  Target sink_{""};
  House house_;
};

using std::chrono::steady_clock;

TEST_F(scenario, cancel_always_ends) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string run = start(controller, "stubborn");
  ASSERT_TRUE(eventually([&] { return pids("child").size() == 1; }));
  const pid_t child = pids("child").front();
  const auto asked_at = steady_clock::now();
  EXPECT_EQ(verb(controller, {"cancel", run, "--reason", "it hangs"}).exit_code, 0);
  EXPECT_EQ(verb(controller, {"cancel", run, "--reason", "it still hangs"}).exit_code, 0);
  ASSERT_TRUE(house_.sees("CompensationStarted", 1));
  const auto took = steady_clock::now() - asked_at;
  EXPECT_GE(took, std::chrono::seconds(9)) << "TERM has its grace";
  EXPECT_LE(took, std::chrono::seconds(10 + 5 + 1));
  EXPECT_FALSE(is_alive(child));
  EXPECT_TRUE(becomes(controller, run, "compensated"));
  EXPECT_TRUE(has("undone"));
  EXPECT_FALSE(has("marker"));
  const std::vector<RecordedFact> failed = house_.facts("EffectFailed");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].text("reason"), "signal 9");
  EXPECT_EQ(house_.facts("CompensationStarted").size(), 1U) << "the repeat changes nothing";
  EXPECT_EQ(house_.facts("EffectIntended").size(), 4U) << "two steps, and each taken back once";
}

TEST_F(scenario, a_dead_executor_is_unknown_not_running) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string run = lose(controller, "lost");
  ASSERT_TRUE(house_.sees("EffectOutcomeUnknown", 1));
  ASSERT_TRUE(house_.sees("EffectFoundAbsent", 1)) << "its verify is asked before anything is done again";
  ASSERT_TRUE(eventually([&] { return pids("begun").size() == 2; }));
  const std::vector<RecordedFact> intended = house_.facts("EffectIntended");
  ASSERT_EQ(intended.size(), 2U);
  EXPECT_EQ(intended[0].text("effect_id"), intended[1].text("effect_id"));
  EXPECT_EQ(intended[1].number("attempt"), 2);
  house_.write("go", "");
  EXPECT_TRUE(becomes(controller, run, "done"));
}

TEST_F(scenario, a_dead_executor_that_did_its_work_is_found_done_and_nothing_is_repeated) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string run = start(controller, "lost-once");
  ASSERT_TRUE(eventually([&] { return pids("begun").size() == 1; }));
  house_.write("acted", "");
  kill(house_.keeper_pid(), SIGKILL);
  kill(-pids("begun").front(), SIGKILL);
  ASSERT_TRUE(house_.sees("EffectOutcomeUnknown", 1));
  EXPECT_TRUE(becomes(controller, run, "done"));
  EXPECT_EQ(house_.facts("EffectFoundDone").size(), 1U);
  EXPECT_EQ(pids("begun").size(), 1U);
}

TEST_F(scenario, a_dead_executor_that_nobody_can_tell_of_waits_for_a_person_and_repeats_nothing) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const std::string run = lose(controller, "lost-once");
  ASSERT_TRUE(becomes(controller, run, "outcome_unknown"));
  EXPECT_EQ(pids("begun").size(), 1U);
  EXPECT_EQ(verb(controller, {"run", "resolve", run, "--step", "1", "--answer", "not_done", "--reason", "looked"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return pids("begun").size() == 2; }));
  const std::vector<RecordedFact> intended = house_.facts("EffectIntended");
  ASSERT_EQ(intended.size(), 2U);
  EXPECT_EQ(intended[0].text("effect_id"), intended[1].text("effect_id"));
  house_.write("go", "");
  EXPECT_TRUE(becomes(controller, run, "done"));
}

// Where there is systemd it knows no such unit; elsewhere there is nobody to ask. Nothing is sent in either case.
TEST_F(scenario, a_unit_that_cannot_be_looked_at_is_refused_by_name_before_anything_is_sent) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended ended = verb(controller, {"run", "unit", "--wait", "--timeout", "20s"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const bool names_it = ended.out.find("systemd_missing: ") != std::string::npos ||
                        ended.out.find("unit_missing: systemd knows no watchbill-test-of-nothing.service") != std::string::npos;
  EXPECT_TRUE(names_it) << ended.out;
  EXPECT_TRUE(house_.facts("StepIntended").empty());
  EXPECT_TRUE(house_.facts("EffectIntended").empty());
}

TEST_F(scenario, a_notice_arrives_at_the_webhook_of_the_root_routes_receiver) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_EQ(verb(controller, {"run", "tell", "--wait", "--timeout", "20s"}).exit_code, 0);
  ASSERT_TRUE(house_.sees("NotificationSent", 1));
  const std::vector<RecordedFact> intended = house_.facts("NotificationIntended");
  ASSERT_EQ(intended.size(), 1U);
  EXPECT_EQ(intended[0].text("receiver"), "ops/webhook[0]");
  EXPECT_EQ(intended[0].text("kind"), "step");
  EXPECT_EQ(sink_.answered_count(), 1U);
}

}  // namespace
}  // namespace watchbill::serve_test
