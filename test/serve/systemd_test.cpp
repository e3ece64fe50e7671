// A real systemd: process 1 of namespaces of its own, with units that live in its /run only. What happens there: systemd_*.sh.
// Runbooks that change units: domain/plans.md §3.3 "service". Workloads that are units: domain/supervision.md §2.1, §8.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "places.h"
#include "serve/folder.h"

namespace watchbill::serve_test {
namespace {

constexpr const char* runbooks_bill = R"(watchbill: 1
supervisor: {exec_user: root}
data: FOLDER/data
runbooks:
  restart:
    summary: Restart the sleeper
    steps:
      - name: restart
        do: {service: {name: sleeper, state: restarted}}
        verify: {exec: [/bin/systemctl, is-active, sleeper.service], within: 20s}
        undo: {service: {name: sleeper, state: started}}
  stop-in-vain:
    summary: Stop it, which does not help
    steps:
      - name: stop
        do: {service: {name: sleeper, state: stopped}}
        verify: {exec: [/bin/false], within: 1s}
        undo: {service: {name: sleeper, state: started}}
)";

constexpr const char* workloads_bill = R"(watchbill: 1
data: FOLDER/data
workloads:
  ghost: {unit: ghost, restart: {policy: never}}
  hopeless: {unit: hopeless, restart: {limit: 2 per 10m, backoff: {initial: 10ms, max: 10ms}}}
  selfish: {unit: selfish}
  steady: {unit: steady.service, restart: {backoff: {initial: 0s}}, ready: {notify: true}}
  stubborn: {unit: stubborn, stop: {grace: 1s, kill_grace: 2s}}
)";

constexpr const char* faults_bill = R"(watchbill: 1
data: FOLDER/data
workloads:
  aliased: {unit: alias}
  behind-late: {command: [/bin/sleep, infinity], user: root, requires: {late: started}}
  java: {unit: java}
  late: {unit: late}
  slow: {unit: slow}
  steady: {unit: steady, restart: {limit: none, backoff: {initial: 0s, max: 100ms}}}
  stubborn: {unit: stubborn, stop: {grace: 2s, kill_grace: 2s}}
  words: {unit: words, restart: {policy: never}}
)";

class real_systemd : public ServedFolder {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "namespaces for a systemd need root";
    if (::access("/lib/systemd/systemd", X_OK) != 0) GTEST_SKIP() << "systemd is not installed";
  }
  // Plays a story of this folder; what is left to do then is to judge it.
  void play(std::string bill, const std::string& story) {
    bill.replace(bill.find("FOLDER"), 6, folder());
    write("watchbill.yaml", bill);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setenv("FOLDER", folder().c_str(), 1);
      ::setenv("PROGRAM", in_build("watchbill").c_str(), 1);
      ::setenv("STORY", in_source("test/serve/" + story).c_str(), 1);
      const int out = ::open(path("unshare.out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execlp("unshare", "unshare", "--pid", "--fork", "--kill-child=KILL", "--mount", "--mount-proc", "--cgroup", "--uts",
               "/bin/bash", in_source("test/serve/systemd.sh").c_str(), nullptr);
      ::_exit(127);
    }
    if (!eventually([&] { return is_there("booted"); }))
      GTEST_SKIP() << "no systemd runs in namespaces here: " << read("unshare.out");
    // A story has several times the patience of one condition.
    bool is_over = false;
    for (int i = 0; i < 6 && !is_over; ++i) is_over = eventually([&] { return is_there("over"); });
    ASSERT_TRUE(is_over) << told();
  }
  // What a story has found to hold, and that the journal of it verifies.
  void expect(const std::vector<std::string>& claims) const {
    const std::string passed = "\n" + read("passed");
    for (const std::string& claim : claims)
      EXPECT_NE(passed.find("\n" + claim + "\n"), std::string::npos) << claim << "\n" << told();
    EXPECT_NE(read("verify.out").find("verified "), std::string::npos) << read("verify.out");
  }
  void TearDown() override {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // The last steps of a story, and what its commands said.
  [[nodiscard]] std::string told() const {
    const std::string log = read("story.log");
    return log.substr(log.size() - std::min<std::size_t>(log.size(), 4000)) + read("story.out") + read("serve.out");
  }
  [[nodiscard]] bool is_there(const std::string& name) const { return ::access(path(name).c_str(), F_OK) == 0; }

  pid_t pid_{-1};
};

TEST_F(real_systemd, restarts_a_unit_once_and_takes_back_a_stop_that_did_not_help) {
  ASSERT_NO_FATAL_FAILURE(play(runbooks_bill, "systemd_runbooks.sh"));
  if (IsSkipped()) return;
  EXPECT_NE(read("before"), "\n");
  EXPECT_NE(read("before"), read("after")) << read("restart.out");
  EXPECT_NE(read("restart.out").find(" done"), std::string::npos) << read("restart.out");
  EXPECT_EQ(read("stop.code"), "1\n") << "a run that was taken back is no success";
  EXPECT_NE(read("stop.out").find(" compensated"), std::string::npos) << read("stop.out");
  EXPECT_EQ(read("stopped"), "active\n") << "what was stopped in vain runs again";
  // The controller was killed while the unit was on its way.
  EXPECT_NE(read("show.out").find(" done\n"), std::string::npos) << read("show.out") << told();
  EXPECT_EQ(std::stoi("0" + read("count-after")), std::stoi("0" + read("count-before")) + 1) << "it was restarted once";
  EXPECT_NE(read("verify.out").find("verified "), std::string::npos) << read("verify.out");
}

TEST_F(real_systemd, supervises_units_as_it_supervises_commands) {
  ASSERT_NO_FATAL_FAILURE(play(workloads_bill, "systemd_workloads.sh"));
  if (IsSkipped()) return;
  expect({"a unit that runs is taken over", "a unit that does not exist says so", "a crash loop ends with its budget",
          "its words are in its log", "a crash is answered by the standing order", "restarts of systemd and by others are theirs",
          "it is stopped and started by hand", "what does not stop is killed",
          "a crash without a controller is answered and told", "a keeper that was killed knows what to kill",
          "what its processes use is counted",
          "a unit runs on without its attendant", "a stop by others is seen"});
}

TEST_F(real_systemd, is_not_misled_by_units_that_make_trouble) {
  ASSERT_NO_FATAL_FAILURE(play(faults_bill, "systemd_faults.sh"));
  if (IsSkipped()) return;
  expect({"the last words of a crash are in the log", "an alias is known by its own name",
          "what systemd has not active has not started", "a stop by others is no crash, however it ends",
          "stopped means that the unit is down", "a keeper killed in the middle of a stop leaves a successor that knows",
          "a crash is seen without the journal of the host"});
  // It went down with the host at the end: nobody wanted that.
  const Ended told_of_it = run_program({"why", "steady", "--data", path("data")});
  EXPECT_NE(told_of_it.out.find("to=running"), std::string::npos) << told_of_it.out;
  EXPECT_EQ(told_of_it.out.find("to=completed"), std::string::npos) << told_of_it.out << told();
}

}  // namespace
}  // namespace watchbill::serve_test
