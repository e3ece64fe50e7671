// Probes of real workloads, and of what the bill only watches. Source: domain/supervision.md §6.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "agent/house.h"
#include "drivers/agent/probes.h"
#include "places.h"

namespace watchbill::agent_test {
namespace {

using serve_test::Controller;
using serve_test::eventually;

// A workload with a probe that looks for a file.
std::string probed(const House& house, const std::string& role, const std::string& file, const std::string& more = {}) {
  return "workloads:\n  web:\n    command: [\"/bin/sh\", \"-c\", \"exec sleep 1000\"]\n" + user_line() +
         "    restart: {policy: always, backoff: {initial: 0s, max: 1s}}\n    " + role +
         ": {exec: [\"/usr/bin/test\", \"-e\", \"" + house.path(file) + "\"], every: 100ms, timeout: 2s, rise: 2, fall: 2}\n" +
         more;
}

bool has_health(const House& house, const std::string& name, const std::string& role, const std::string& health) {
  return eventually([&] {
    const auto changes = house.facts("WorkloadHealthChanged", name);
    return !changes.empty() && changes.back().text("role") == role && changes.back().text("health") == health;
  });
}

// A port of this host that somebody listens at, until it is let go.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 64), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { let_go(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void let_go() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  std::uint16_t port_{0};
};

TEST(probe, of_readiness_follows_what_it_asks_and_restarts_nothing) {
  House house;
  house.write_bill(probed(house, "ready", "ready"));
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(house.becomes("web", "running"));
  ASSERT_TRUE(has_health(house, "web", "ready", "down"));
  house.write("ready", "");
  ASSERT_TRUE(has_health(house, "web", "ready", "up"));
  std::filesystem::remove(house.path("ready"));
  ASSERT_TRUE(has_health(house, "web", "ready", "down"));
  EXPECT_EQ(house.facts("WorkloadExited", "web").size(), 0U);
}

TEST(probe, of_liveness_that_falls_restarts_its_workload) {
  House house;
  house.write("alive", "");
  house.write_bill(probed(house, "live", "alive"));
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(has_health(house, "web", "live", "up"));
  std::filesystem::remove(house.path("alive"));
  ASSERT_TRUE(house.sees("WorkloadStarted", 2, "web"));
  EXPECT_EQ(house.facts("WorkloadExited", "web")[0].text("reason"), "liveness");
}

TEST(probe, of_the_start_says_when_a_workload_runs) {
  House house;
  house.write_bill(probed(house, "started", "up", "    live: {exec: [\"/bin/false\"], every: 1h}\n"));
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(house.sees("WorkloadStarted", 1, "web"));
  EXPECT_EQ(house.state_of("web"), "starting");
  house.write("up", "");
  EXPECT_TRUE(house.becomes("web", "running"));
}

TEST(probe, by_notify_is_answered_by_the_workload_itself) {
  House house;
  house.write_bill("workloads:\n  web:\n    command: [\"" + in_build("tests/keeper_actor") + "\", \"notify\", \"READY=1\"]\n" +
                   user_line() + "    ready: {notify: true}\n");
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(has_health(house, "web", "ready", "up"));
  kill(house.pid_of("web"), SIGKILL);
  // The next incarnation has to say it again.
  ASSERT_TRUE(eventually([&] { return house.facts("WorkloadHealthChanged", "web").size() == 2; }));
  EXPECT_EQ(house.facts("WorkloadHealthChanged", "web")[1].number("incarnation"), 2);
}

TEST(probe, by_query_is_answered_from_the_samples_of_this_controller) {
  House house;
  // The probe of a port is a sample that the condition of the workload reads.
  Listener listener;
  house.write_bill("probes:\n  port: {tcp: \"" + listener.address() + "\", every: 100ms, rise: 1, fall: 1}\nworkloads:\n" +
                   "  web:\n    command: [\"/bin/sh\", \"-c\", \"exec sleep 1000\"]\n" + user_line() +
                   "    ready: {query: 'probe_success{job=\"port\"} == 1', every: 100ms, rise: 1, fall: 1}\n");
  Controller controller(house.data(), house.arguments());
  ASSERT_TRUE(has_health(house, "web", "ready", "up"));
  listener.let_go();
  ASSERT_TRUE(has_health(house, "web", "ready", "down"));
}

TEST(probe, that_cannot_ask_changes_no_health) {
  House house;
  house.write_bill(
      "workloads:\n  web:\n    command: [\"/bin/sh\", \"-c\", \"exec sleep 1000\"]\n" + user_line() +
      "    live: {exec: [\"/nowhere/probe\"], every: 50ms, fall: 1}\n    ready: {exec: [\"/bin/true\"], every: 50ms, rise: 5}\n");
  Controller controller(house.data(), house.arguments());
  // Five passes of one are at least four errors of the other.
  ASSERT_TRUE(has_health(house, "web", "ready", "up"));
  EXPECT_EQ(house.facts("WorkloadHealthChanged", "web").size(), 1U);
  EXPECT_EQ(house.facts("WorkloadExited", "web").size(), 0U);
}

TEST(probe, of_what_is_only_watched_is_asked_by_tcp_and_http) {
  House house;
  Listener listener;
  serve_test::TemporaryDirectory other_data;
  Controller other(other_data.path() + "/data");
  ASSERT_TRUE(other.is_serving());
  house.write_bill("probes:\n  port: {tcp: \"" + listener.address() + "\", every: 100ms, fall: 1}\n  page: {http: \"" +
                   other.url() + "/-/healthy\", every: 100ms, rise: 1}\n  gone: {http: \"" + other.url() +
                   "/nowhere\", every: 100ms, fall: 1}\n");
  Controller controller(house.data(), house.arguments());
  EXPECT_TRUE(has_health(house, "page", "watched", "up"));
  EXPECT_TRUE(has_health(house, "gone", "watched", "down"));
  ASSERT_TRUE(has_health(house, "port", "watched", "up"));
  listener.let_go();
  ASSERT_TRUE(has_health(house, "port", "watched", "down"));
  // Nothing is supervised here: no keeper was started for this.
  EXPECT_EQ(house.keeper_pid(), 0);
}

TEST(probe, health_is_not_told_again_after_a_new_controller_came) {
  House house;
  house.write("ready", "");
  house.write_bill(probed(house, "ready", "ready"));
  {
    Controller controller(house.data(), house.arguments());
    ASSERT_TRUE(has_health(house, "web", "ready", "up"));
    controller.kill_at_once();
  }
  Controller next(house.data(), house.arguments());
  ASSERT_TRUE(house.sees("WorkloadAdopted", 1, "web"));
  std::filesystem::remove(house.path("ready"));
  ASSERT_TRUE(has_health(house, "web", "ready", "down"));
  // Up in the first life, down in the second: nothing between.
  EXPECT_EQ(house.facts("WorkloadHealthChanged", "web").size(), 2U);
}

TEST(probe, phases_spread_over_the_interval_and_stay) {
  std::set<std::int64_t> tenths;
  const Duration every = Duration::seconds(10);
  for (int i = 0; i < 200; ++i) {
    const std::string name = "web-" + std::to_string(i);
    const Duration phase = drivers::agent::phase_of(name, ProbeRole::live, every);
    EXPECT_EQ(phase, drivers::agent::phase_of(name, ProbeRole::live, every));
    ASSERT_GE(phase.ms, 0);
    ASSERT_LT(phase, every);
    tenths.insert(phase.ms / 1000);
  }
  EXPECT_EQ(tenths.size(), 10U);
}

}  // namespace
}  // namespace watchbill::agent_test
