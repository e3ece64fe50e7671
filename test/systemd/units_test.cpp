// Units of systemd: with a systemctl of our own, whose words are known, and where there is systemd with the real one.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "drivers/net/loop.h"
#include "drivers/systemd/command.h"
#include "drivers/systemd/units.h"
#include "serve/program.h"

namespace watchbill::systemd_test {
namespace {

using drivers::systemd::Units;
using ports::OneShotEnd;
using ports::UnitEnd;
using ports::UnitOutcome;
using ports::UnitState;
using ports::UnitVerb;

// Runs one-shots as the keeper would, without remembering them.
class PlainShots final : public ports::OneShotPort {
 public:
  explicit PlainShots(ports::IoLoop& loop) : loop_(loop) {}
  void run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) override {
    user = shot.user;
    drivers::systemd::run_command(loop_, shot.argv, shot.timeout, [done](const Result<drivers::systemd::CommandAnswer>& answer) {
      ports::OneShotOutcome outcome;
      outcome.end = answer ? OneShotEnd::exited : OneShotEnd::timed_out;
      if (answer) outcome.value = answer->exit_code;
      done(outcome);
    });
  }
  void recorded(const std::string&, std::uint32_t) override {}
  void end(const std::string&) override {}
  void look(std::string, std::function<void(ports::OneShotKnown)> done) override { done({}); }
  std::string user;

 private:
  ports::IoLoop& loop_;
};

class units : public ::testing::Test {
 protected:
  units() : shots_(loop_), thread_([this] { loop_.run(); }) {}
  ~units() override {
    loop_.stop();
    thread_.join();
  }
  // A systemctl that keeps the state of its one unit in a file and writes down how it was called.
  void write_systemctl(const std::string& on_change) {
    const std::string path = directory_.path() + "/systemctl";
    std::ofstream(path) << "#!/bin/sh\ncd " << directory_.path() << "\necho \"$@\" >> calls\n"
                        << "if [ \"$1\" = show ]; then echo LoadState=loaded; echo ActiveState=$(cat active); echo SubState=x; "
                           "echo MainPID=42; echo InvocationID=$(cat calls | wc -l); echo Result=success; exit 0; fi\n"
                        << on_change << "\n";
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
    std::ofstream(directory_.path() + "/active") << "inactive\n";
  }
  [[nodiscard]] std::string systemctl() const { return directory_.path() + "/systemctl"; }
  [[nodiscard]] std::string calls() const {
    std::ostringstream text;
    text << std::ifstream(directory_.path() + "/calls").rdbuf();
    return text.str();
  }
  Result<UnitState> read(Units& driver, const std::string& unit) {
    std::promise<Result<UnitState>> promise;
    loop_.post([&] { driver.read(unit, [&promise](Result<UnitState> state) { promise.set_value(std::move(state)); }); });
    return promise.get_future().get();
  }
  UnitOutcome change(Units& driver, UnitVerb verb, Duration timeout = Duration::seconds(10)) {
    std::promise<UnitOutcome> promise;
    loop_.post([&] {
      driver.change({"e1", 1, "web.service", verb, timeout},
                   [&promise](UnitOutcome outcome) { promise.set_value(std::move(outcome)); });
    });
    return promise.get_future().get();
  }

  serve_test::TemporaryDirectory directory_;
  drivers::net::Loop loop_;
  PlainShots shots_;
  std::thread thread_;
};

TEST_F(units, are_read_and_changed_and_read_again) {
  write_systemctl("case $1 in stop) echo inactive;; *) echo active;; esac > active");
  Units driver({systemctl(), "root"}, loop_, shots_);
  EXPECT_EQ(read(driver, "web.service")->active_state, "inactive");
  const UnitOutcome started = change(driver, UnitVerb::start);
  EXPECT_EQ(started.end, UnitEnd::done) << started.detail;
  EXPECT_EQ(started.state.active_state, "active");
  EXPECT_EQ(started.state.main_pid, 42);
  EXPECT_NE(started.state.invocation_id, "");
  EXPECT_EQ(shots_.user, "root");
  EXPECT_EQ(change(driver, UnitVerb::stop).end, UnitEnd::done);
  EXPECT_NE(calls().find("start --no-ask-password -- web.service\n"), std::string::npos) << calls();
}

TEST_F(units, that_do_not_come_up_have_failed) {
  write_systemctl("echo failed > active; exit 1");
  Units driver({systemctl(), ""}, loop_, shots_);
  EXPECT_EQ(change(driver, UnitVerb::start).end, UnitEnd::failed);
  write_systemctl("exit 0");
  const UnitOutcome outcome = change(driver, UnitVerb::restart);
  EXPECT_EQ(outcome.end, UnitEnd::failed);
  EXPECT_EQ(outcome.detail, "the job ended, and the unit is inactive");
}

TEST_F(units, that_are_not_there_are_refused_and_a_late_job_is_unknown) {
  write_systemctl("exit 5");
  Units driver({systemctl(), ""}, loop_, shots_);
  EXPECT_EQ(change(driver, UnitVerb::start).end, UnitEnd::refused);
  write_systemctl("exec sleep 1000");
  EXPECT_EQ(change(driver, UnitVerb::start, Duration::milliseconds(50)).end, UnitEnd::unknown);
}

TEST_F(units, have_names_that_no_option_can_be) {
  Units driver({systemctl(), ""}, loop_, shots_);
  for (const char* name : {"--now", "web", "../web.service", "web.service;reboot", ""})
    EXPECT_EQ(read(driver, name).error().kind, ErrorKind::invalid) << name;
  EXPECT_EQ(read(driver, "web.service").error().kind, ErrorKind::not_found) << "there is no such systemctl";
}

TEST_F(units, of_this_host_can_be_read) {
  struct stat info {};
  if (stat("/run/systemd/system", &info) != 0) GTEST_SKIP() << "this host was not booted with systemd";
  Units driver({}, loop_, shots_);
  const auto state = read(driver, "-.slice");
  ASSERT_FALSE(state.has_value()) << "a name that begins with - is refused";
  const auto init = read(driver, "init.scope");
  ASSERT_TRUE(init.has_value()) << init.error().text();
  EXPECT_EQ(init->active_state, "active");
}

}  // namespace
}  // namespace watchbill::systemd_test
