// depends: wb_drivers_agent wb_model_wire wb_base
// How fast a real keeper answers crashes, and what it costs when nothing happens.
//
//   bench_keeper_restart [WORKLOADS [CRASHES_PER_SECOND [SECONDS [FLOODS]]]]   one variant
//   bench_keeper_restart                                                        1000/50/20 quiet, the same with two floods, 5000
//   idle
//
// Prints one JSON line for each variant: exit_seen_to_exec_us is measured in the keeper (exit noticed to exec returned),
// kill_to_exec_us from before kill(2) here to the same end on the same clock.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "drivers/agent/keeper_client.h"

namespace {

namespace wire = watchbill::model::wire;
using watchbill::Duration;
using watchbill::drivers::agent::KeeperClient;

std::uint64_t now_us() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

struct Variant {
  std::string name;
  std::size_t workloads{1000};
  std::uint64_t crashes_per_second{50};
  std::uint64_t seconds{20};
  std::size_t floods{0};
};

struct Running {
  pid_t pid{0};
  std::uint64_t killed_at_us{0};
};

std::string percentiles(std::vector<std::uint64_t>& values) {
  if (values.empty()) return "null";
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]; };
  char text[128];
  std::snprintf(text, sizeof text, R"({"p50":%llu,"p99":%llu,"max":%llu})", static_cast<unsigned long long>(at(0.5)),
                static_cast<unsigned long long>(at(0.99)), static_cast<unsigned long long>(values.back()));
  return text;
}

// VmRSS in KiB and the processor time in milliseconds.
struct Cost {
  long rss_kib{0};
  long processor_ms{0};
};
Cost cost_of(pid_t pid) {
  Cost cost;
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) cost.rss_kib = std::atol(line.c_str() + 6);
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  long user = 0;
  long system = 0;
  std::sscanf(line.c_str() + line.rfind(')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system);
  cost.processor_ms = (user + system) * 1000 / sysconf(_SC_CLK_TCK);
  return cost;
}

class Bench {
 public:
  explicit Bench(const Variant& variant)
      : variant_(variant), folder_(std::filesystem::read_symlink("/proc/self/exe").parent_path()) {}

  int run() {
    if (!begin()) return 1;
    for (std::size_t i = 0; i < variant_.workloads; ++i) give(i, folder_.string() + "/keeper_sleeper", "");
    for (std::size_t i = 0; i < variant_.floods; ++i)
      give(variant_.workloads + i, "/usr/bin/yes", "watchbill watchbill watchbill");
    while (started_ < running_.size()) pump(10);
    started_ = 0;
    const Cost before = cost_of(keeper_);
    const std::uint64_t begin_us = now_us();
    crash_for_a_while();
    const Cost after = cost_of(keeper_);
    const double seconds = static_cast<double>(now_us() - begin_us) / 1e6;
    std::printf(
        R"({"bench":"keeper_restart","variant":"%s","workloads":%zu,"floods":%zu,"crashes":%zu,"restarts":%zu,"seconds":%.1f,)"
        R"("exit_seen_to_exec_us":%s,"kill_to_exec_us":%s,"keeper_rss_kib":%ld,"keeper_cpu_percent":%.2f})"
        "\n",
        variant_.name.c_str(), variant_.workloads, variant_.floods, crashes_, started_, seconds, percentiles(seen_us_).c_str(),
        percentiles(kill_us_).c_str(), after.rss_kib,
        static_cast<double>(after.processor_ms - before.processor_ms) / seconds / 10);
    std::fflush(stdout);
    end();
    return 0;
  }

 private:
  bool begin() {
    const char* const temporary = std::getenv("TMPDIR");
    data_ = std::string(temporary != nullptr ? temporary : "/tmp") + "/wb-bench-XXXXXX";
    if (mkdtemp(data_.data()) == nullptr) return false;
    keeper_ = fork();
    if (keeper_ == 0) {
      const std::string binary = folder_.parent_path().string() + "/watchbill-keeper";
      execl(binary.c_str(), binary.c_str(), data_.c_str(), "--foreground", nullptr);
      std::_Exit(126);
    }
    for (int i = 0; i < 500 && !client_; ++i) {
      auto client = KeeperClient::connect(data_);
      if (client) client_.emplace(std::move(*client));
      else (void)poll(nullptr, 0, 10);
    }
    if (!client_) std::fprintf(stderr, "no keeper answers\n");
    return client_ && client_->ask(wire::Hello{1, "bench", 1, 0, false});
  }

  void give(std::size_t index, const std::string& command, const std::string& argument) {
    const std::string name = "w" + std::to_string(index);
    std::string argv;
    std::string environment;
    (void)wire::TextList::append(argv, command);
    if (!argument.empty()) (void)wire::TextList::append(argv, argument);
    (void)wire::TextList::append(environment, "PATH=/usr/bin:/bin");
    wire::GiveOrder give;
    give.order.name = name;
    give.order.workload_namespace = "bench";
    give.order.program.argv = {argv};
    give.order.program.environment = {environment};
    give.order.program.directory = "/";
    if (geteuid() == 0) give.order.program.account.emplace();
    give.order.restart.limit.reset();
    give.order.restart.initial = Duration{};
    give.order.restart.reset_after = Duration{};  // each crash is a first one: what is measured is the keeper, not the backoff
    running_.emplace_back();
    while (!client_->ask(give) || !client_->ask(wire::Start{name, 1, false})) pump(1);
    pump(0);
  }

  void crash_for_a_while() {
    std::mt19937 random(7);
    std::uniform_int_distribution<std::size_t> pick(0, variant_.workloads - 1);
    const std::uint64_t begin_us = now_us();
    const std::uint64_t end_us = begin_us + variant_.seconds * 1'000'000;
    while (now_us() < end_us) {
      const std::uint64_t due_us =
          begin_us + (crashes_ + 1) * 1'000'000 / std::max<std::uint64_t>(variant_.crashes_per_second, 1);
      const std::uint64_t now = now_us();
      if (variant_.crashes_per_second == 0 || now < due_us) {
        const std::uint64_t rest_ms = (std::min(variant_.crashes_per_second == 0 ? end_us : due_us, end_us) - now) / 1000;
        pump(static_cast<int>(std::min<std::uint64_t>(rest_ms, 100)));
        continue;
      }
      Running& victim = running_[pick(random)];
      if (victim.killed_at_us != 0) continue;
      victim.killed_at_us = now_us();
      kill(victim.pid, SIGKILL);
      ++crashes_;
    }
    for (int i = 0; i < 200 && started_ < crashes_; ++i) pump(10);
  }

  void pump(int timeout_ms) {
    (void)client_->write_some();
    pollfd watched{client_->fd(), static_cast<short>(client_->wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
    (void)poll(&watched, 1, timeout_ms);
    std::uint64_t through = 0;
    const auto read = client_->read_some([&](const wire::Frame& frame) {
      if (frame.type == wire::MessageType::refused) refused(frame);
      if (frame.type >= wire::MessageType::started && frame.number != 0) through = frame.number;
      wire::Started started;
      if (frame.type == wire::MessageType::started && wire::read_message(frame.body, started)) note(started);
    });
    if (!read) std::fprintf(stderr, "%s\n", read.error().text().c_str()), std::exit(1);
    if (through != 0) (void)client_->ask(wire::Acknowledge{through});
    (void)client_->write_some();
  }

  static void refused(const wire::Frame& frame) {
    wire::Refused refused;
    if (wire::read_message(frame.body, refused))
      std::fprintf(stderr, "refused: %s %s\n", std::string(word(refused.reason)).c_str(), std::string(refused.detail).c_str());
    std::exit(1);
  }

  void note(const wire::Started& started) {
    Running& running = running_[static_cast<std::size_t>(std::atol(std::string(started.head.name.substr(1)).c_str()))];
    ++started_;
    running.pid = started.pid;
    if (running.killed_at_us == 0) return;
    kill_us_.push_back(started.exec_returned_at_us - running.killed_at_us);
    seen_us_.push_back(started.exit_seen_to_exec_us);
    running.killed_at_us = 0;
  }

  void end() {
    kill(keeper_, SIGKILL);
    waitpid(keeper_, nullptr, 0);
    for (const Running& running : running_) kill(running.pid, SIGKILL);
    std::filesystem::remove_all(data_);
  }

  Variant variant_;
  std::filesystem::path folder_;
  std::string data_;
  pid_t keeper_{0};
  std::optional<KeeperClient> client_;
  std::vector<Running> running_;
  std::size_t started_{0};
  std::size_t crashes_{0};
  std::vector<std::uint64_t> seen_us_, kill_us_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, unsigned long otherwise) {
    return argc > index ? std::strtoul(argv[index], nullptr, 10) : otherwise;
  };
  if (argc > 1) return Bench({"asked", number(1, 1000), number(2, 50), number(3, 20), number(4, 0)}).run();
  const Variant variants[] = {{"quiet", 1000, 50, 20, 0}, {"two_floods", 1000, 50, 20, 2}, {"idle", 5000, 0, 10, 0}};
  for (const Variant& variant : variants)
    if (const int failed = Bench(variant).run(); failed != 0) return failed;
  return 0;
}
