// Runbooks that change units of a real systemd: process 1 of namespaces of its own, with units that live in its /run only
// (domain/plans.md §3.3 "service"). What happens there: systemd.sh.
#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "serve/folder.h"

namespace watchbill::serve_test {
namespace {

constexpr const char* bill = R"(watchbill: 1
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

class real_systemd : public ServedFolder {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "namespaces for a systemd need root";
    if (::access("/lib/systemd/systemd", X_OK) != 0) GTEST_SKIP() << "systemd is not installed";
    std::string text = bill;
    text.replace(text.find("FOLDER"), 6, folder());
    write("watchbill.yaml", text);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setenv("FOLDER", folder().c_str(), 1);
      ::setenv("PROGRAM", WB_BINARY_DIR "/watchbill", 1);
      const int out = ::open(path("unshare.out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execlp("unshare", "unshare", "--pid", "--fork", "--kill-child=KILL", "--mount", "--mount-proc", "--cgroup", "--uts",
               "/bin/bash", WB_SOURCE_DIR "/test/serve/systemd.sh", nullptr);
      ::_exit(127);
    }
    if (!eventually([&] { return is_there("booted"); }))
      GTEST_SKIP() << "no systemd runs in namespaces here: " << read("unshare.out");
  }
  void TearDown() override {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool is_there(const std::string& name) const { return ::access(path(name).c_str(), F_OK) == 0; }

  pid_t pid_{-1};
};

TEST_F(real_systemd, restarts_a_unit_once_and_takes_back_a_stop_that_did_not_help) {
  // Each start of the unit takes two seconds: the story has three times the patience of one condition.
  bool is_over = false;
  for (int i = 0; i < 3 && !is_over; ++i) is_over = eventually([&] { return is_there("over"); });
  ASSERT_TRUE(is_over) << read("story.log") << read("serve.out");
  EXPECT_NE(read("before"), "\n");
  EXPECT_NE(read("before"), read("after")) << read("restart.out");
  EXPECT_NE(read("restart.out").find(" done"), std::string::npos) << read("restart.out");
  EXPECT_EQ(read("stop.code"), "1\n") << "a run that was taken back is no success";
  EXPECT_NE(read("stop.out").find(" compensated"), std::string::npos) << read("stop.out");
  EXPECT_EQ(read("stopped"), "active\n") << "what was stopped in vain runs again";
  // The controller was killed while the unit was on its way.
  EXPECT_NE(read("show.out").find(" done\n"), std::string::npos) << read("show.out") << read("story.log");
  EXPECT_EQ(std::stoi("0" + read("count-after")), std::stoi("0" + read("count-before")) + 1) << "it was restarted once";
  EXPECT_NE(read("verify.out").find("verified "), std::string::npos) << read("verify.out");
}

}  // namespace
}  // namespace watchbill::serve_test
