// `serve --supervised`: the real programs, each of them killed in turn (domain/supervision.md §8).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "agent/house.h"
#include "base/sha256.h"
#include "places.h"
#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

using agent_test::House;
using agent_test::is_alive;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A foreground of which nobody waits for a line about its API: it follows a controller that was there before.
class Follower {
 public:
  explicit Follower(const std::vector<std::string>& arguments) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int said = ::open(file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ::dup2(said, STDOUT_FILENO);
    ::dup2(said, STDERR_FILENO);
    std::vector<char*> words;
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(in_build("watchbill").c_str(), words.data());
    ::_exit(127);
  }
  ~Follower() {
    if (pid_ > 0) (void)end(SIGKILL);
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  [[nodiscard]] bool says(const std::string& text) const {
    return eventually([&] { return read_file(file()).find(text) != std::string::npos; });
  }
  // Its exit code.
  [[nodiscard]] int end(int signal) {
    int status = 0;
    ::kill(pid_, signal);
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  [[nodiscard]] std::string file() const { return directory_.path() + "/said"; }
  TemporaryDirectory directory_;
  pid_t pid_{-1};
};

class supervised : public ::testing::Test {
 protected:
  void write_bill_with_a_workload() const {
    house_.write_bill("workloads:\n  web:\n    command: [/bin/sleep, infinity]\n" + agent_test::user_line());
  }
  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = house_.arguments();
    all.insert(all.end(), {"--supervised", "--listen", "127.0.0.1:" + std::to_string(port_)});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] Ended serve_again(const std::string& flag = {}) const {
    std::vector<std::string> words{"serve", "--data", house_.data(), "--listen", "127.0.0.1:0"};
    if (!flag.empty()) words.push_back(flag);
    const std::vector<std::string> bill = house_.arguments();
    words.insert(words.end(), bill.begin(), bill.end());
    return run_program(words);
  }
  // The guarded controller that runs now; 0 when none does.
  [[nodiscard]] pid_t controller_pid() const {
    std::error_code error;
    const std::string keeper = sha256(std::filesystem::canonical(house_.data(), error).string()).hex().substr(0, 24);
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      if (pid <= 0) continue;
      const std::string environment = read_file(entry.path() / "environ");
      const bool is_it = environment.find("WATCHBILL_KEEPER=" + keeper) != std::string::npos &&
                         environment.find(std::string("WATCHBILL_WORKLOAD=.controller") + '\0') != std::string::npos;
      if (is_it && is_alive(pid)) return pid;
    }
    return 0;
  }
  // Waits for another controller than this one that takes an order. Its pid.
  [[nodiscard]] pid_t next_controller(const Controller& foreground, pid_t former) const {
    EXPECT_TRUE(eventually([&] {
      const pid_t pid = controller_pid();
      return pid != 0 && pid != former;
    }));
    EXPECT_TRUE(eventually([&] { return foreground.hold("all").status == 200; })) << "it decides again";
    EXPECT_EQ(foreground.release("all").status, 200);
    return controller_pid();
  }
  [[nodiscard]] bool has_no_controller() const {
    return eventually([&] { return controller_pid() == 0; });
  }
  void expect_a_journal_that_verifies() const {
    const Ended verified = run_program({"verify", "--data", house_.data()});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    const Ended replayed = run_program({"replay", "--decide", "--data", house_.data()});
    EXPECT_EQ(replayed.exit_code, 0) << replayed.out << replayed.err;
  }

  House house_;
  const std::uint16_t port_{free_port()};
};

TEST_F(supervised, a_killed_controller_is_back_over_the_same_workloads) {
  write_bill_with_a_workload();
  Controller foreground(house_.data(), arguments());
  ASSERT_TRUE(foreground.is_serving()) << foreground.ended().err;
  ASSERT_TRUE(house_.becomes("web", "running"));
  const pid_t workload = house_.pid_of("web");
  const pid_t first = controller_pid();
  ASSERT_GT(first, 0);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  const pid_t second = next_controller(foreground, first);
  EXPECT_TRUE(house_.sees("WorkloadAdopted", 1, "web"));
  EXPECT_TRUE(is_alive(workload));
  ASSERT_EQ(::kill(second, SIGABRT), 0);  // SIGSEGV would be a sanitizer's
  static_cast<void>(next_controller(foreground, second));
  EXPECT_EQ(house_.facts("EpochStarted").size(), 3U);
  EXPECT_EQ(house_.facts("WorkloadStarted").size(), 1U);
  const Ended ended = foreground.stop();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("was ended by signal 9"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("was ended by signal 6"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.err.find("pid 0"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("runs again, pid " + std::to_string(second)), std::string::npos) << ended.err;
  EXPECT_EQ(controller_pid(), 0) << "it was told to end";
  EXPECT_TRUE(is_alive(workload)) << "workloads outlive it, unless it is told otherwise";
  expect_a_journal_that_verifies();
}

TEST_F(supervised, stop_workloads_stops_them_when_the_foreground_is_told_to_end) {
  write_bill_with_a_workload();
  Controller foreground(house_.data(), arguments({"--stop-workloads"}));
  ASSERT_TRUE(house_.becomes("web", "running"));
  const pid_t workload = house_.pid_of("web");
  foreground.signal(SIGINT);
  const Ended ended = foreground.ended();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("stopping all workloads"), std::string::npos) << "what the controller prints is shown: " << ended.err;
  EXPECT_FALSE(is_alive(workload));
  EXPECT_EQ(controller_pid(), 0);
  EXPECT_EQ(house_.state_of("web"), "stopped");
}

TEST_F(supervised, without_its_foreground_the_controller_is_guarded_all_the_same) {
  write_bill_with_a_workload();
  Controller foreground(house_.data(), arguments());
  ASSERT_TRUE(house_.becomes("web", "running"));
  const pid_t workload = house_.pid_of("web");
  pid_t pid = controller_pid();
  foreground.kill_at_once();
  EXPECT_TRUE(is_alive(pid));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    // It runs again or is about to: nobody else may begin, and that disturbs nothing.
    const Ended second = serve_again("");
    EXPECT_EQ(second.exit_code, 4) << second.err;
    EXPECT_NE(second.err.find("data_in_use"), std::string::npos) << second.err;
    pid = next_controller(foreground, pid);
  }
  EXPECT_TRUE(is_alive(workload));
  // An end by itself is no crash.
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  ASSERT_TRUE(has_no_controller());
  const std::string log = house_.log(".controller");
  EXPECT_NE(log.find("API"), std::string::npos) << log;
  Controller plain(house_.data(), house_.arguments());
  EXPECT_TRUE(plain.is_serving()) << "the data directory is free: " << plain.ended().err;
  EXPECT_EQ(controller_pid(), 0);
}

TEST_F(supervised, a_killed_foreground_has_a_successor_that_follows_and_ends_what_runs) {
  write_bill_with_a_workload();
  Controller first(house_.data(), arguments());
  ASSERT_TRUE(house_.becomes("web", "running"));
  const pid_t workload = house_.pid_of("web");
  const pid_t controller = controller_pid();
  first.kill_at_once();
  std::vector<std::string> words{"watchbill", "serve", "--data", house_.data()};
  const std::vector<std::string> more = arguments();
  words.insert(words.end(), more.begin(), more.end());
  Follower second(words);
  ASSERT_TRUE(second.says("guards the controller (pid " + std::to_string(controller) + ")"));
  const Ended third = serve_again("--supervised");
  EXPECT_EQ(third.exit_code, 4) << third.err;
  EXPECT_NE(third.err.find("data_in_use"), std::string::npos) << third.err;
  ASSERT_EQ(::kill(controller, SIGKILL), 0);
  EXPECT_TRUE(second.says("runs again, pid "));
  EXPECT_EQ(second.end(SIGTERM), 0);
  EXPECT_TRUE(has_no_controller());
  EXPECT_TRUE(is_alive(workload));
  expect_a_journal_that_verifies();
}

TEST_F(supervised, a_killed_keeper_is_replaced_and_the_next_one_guards) {
  house_.write_bill("");
  Controller foreground(house_.data(), arguments());
  ASSERT_TRUE(foreground.is_serving()) << foreground.ended().err;
  const pid_t controller = controller_pid();
  const pid_t first = house_.keeper_pid();
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  const auto has_another = [this](pid_t former) {
    return eventually([&] {
      const pid_t pid = house_.keeper_pid();
      return pid != 0 && pid != former;
    });
  };
  ASSERT_TRUE(has_another(first));
  EXPECT_EQ(controller_pid(), controller) << "it was adopted, not started again";
  // Nobody but the controller is there to miss the next one, and it supervises nothing.
  foreground.kill_at_once();
  const pid_t second = house_.keeper_pid();
  ASSERT_EQ(::kill(second, SIGKILL), 0);
  ASSERT_TRUE(has_another(second));
  EXPECT_EQ(controller_pid(), controller);
  ASSERT_EQ(::kill(controller, SIGKILL), 0);
  const pid_t next = next_controller(foreground, controller);
  EXPECT_GT(next, 0);
  ASSERT_EQ(::kill(next, SIGTERM), 0);
  EXPECT_TRUE(has_no_controller());
}

TEST_F(supervised, keeper_and_controller_killed_together_are_both_back) {
  write_bill_with_a_workload();
  Controller foreground(house_.data(), arguments());
  ASSERT_TRUE(house_.becomes("web", "running"));
  const pid_t workload = house_.pid_of("web");
  const pid_t controller = controller_pid();
  ASSERT_EQ(::kill(house_.keeper_pid(), SIGKILL), 0);
  ASSERT_EQ(::kill(controller, SIGKILL), 0);
  static_cast<void>(next_controller(foreground, controller));
  EXPECT_TRUE(is_alive(workload));
  const Ended ended = foreground.stop();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("the controller (pid " + std::to_string(controller) + ") "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("nobody saw how"), std::string::npos) << ended.err;
  expect_a_journal_that_verifies();
}

TEST_F(supervised, an_adopted_controller_that_ends_by_itself_is_not_started_again) {
  house_.write_bill("");
  Controller foreground(house_.data(), arguments());
  const pid_t controller = controller_pid();
  const pid_t keeper = house_.keeper_pid();
  ASSERT_EQ(::kill(keeper, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return house_.keeper_pid() != keeper && house_.keeper_pid() != 0; }));
  ASSERT_EQ(::kill(controller, SIGTERM), 0);
  EXPECT_EQ(foreground.ended().exit_code, 0) << "its keeper is not its parent, so it told how it ended";
  EXPECT_EQ(controller_pid(), 0);
}

TEST_F(supervised, a_start_that_would_be_refused_again_is_not_repeated) {
  house_.write("watchbill.yaml", "watchbill: 1\nworkload: {}\n");
  Controller wrong(house_.data(), arguments());
  const Ended refused = wrong.ended();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE((refused.out + refused.err).find("workload"), std::string::npos) << refused.out << refused.err;
  EXPECT_FALSE(std::filesystem::exists(house_.data())) << "exit 2 has no side effect";
  house_.write_bill("");
  const TemporaryDirectory other;
  Controller neighbour(other.path());
  Controller taken(house_.data(), {"--supervised", "--listen", "127.0.0.1:" + std::to_string(neighbour.port())});
  const Ended ended = taken.ended();
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("address_in_use"), std::string::npos) << "the controller's own words: " << ended.err;
  EXPECT_EQ(controller_pid(), 0);
  Controller after(house_.data(), arguments());
  EXPECT_EQ(house_.facts("EpochStarted").size(), 1U);
}

TEST_F(supervised, folders_environment_and_signals_are_those_of_the_foreground) {
  house_.write_bill("");
  const std::filesystem::path former = std::filesystem::current_path();
  std::filesystem::current_path(house_.path(""));
  ::setenv("WATCHBILL_OVERRIDE_WEB__STOP_GRACE", "7s", 1);
  Controller foreground("data", {"--supervised", "--config", "watchbill.yaml"});
  ::unsetenv("WATCHBILL_OVERRIDE_WEB__STOP_GRACE");
  std::filesystem::current_path(former);
  ASSERT_TRUE(foreground.is_serving()) << foreground.ended().err;
  const std::filesystem::path process = "/proc/" + std::to_string(controller_pid());
  EXPECT_EQ(std::filesystem::read_symlink(process / "cwd"), std::filesystem::canonical(house_.path("")));
  EXPECT_NE(read_file(process / "environ").find("WATCHBILL_OVERRIDE_WEB__STOP_GRACE=7s"), std::string::npos);
  EXPECT_EQ(std::filesystem::read_symlink(process / "fd/0"), "/dev/null");
  house_.write_bill("workloads:\n  web:\n    command: [/bin/sleep, infinity]\n" + agent_test::user_line());
  foreground.signal(SIGHUP);
  EXPECT_TRUE(house_.becomes("web", "running")) << "the bill was read again";
  const Ended ended = foreground.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("the bill was taken"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace watchbill::serve_test
