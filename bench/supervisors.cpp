// depends: wb_drivers_agent wb_model_wire wb_base
// Our keeper side by side with s6, runit and supervisord (Debian packages s6, runit, supervisor): how long after a kill the
// successor runs. As root on an otherwise idle host:
//
//   bench_supervisors [WORKLOADS [CRASHES_PER_SECOND [SECONDS [NAME…]]]]      1000 50 20 keeper serve serve_probes s6 runit
//   supervisord
//
// Each in turn supervises WORKLOADS copies of keeper_sleeper, each in a directory of its own; then one of them at a time is
// killed. `keeper` is the keeper alone, asked over its socket; `serve` is the whole controller with its keeper, `serve_probes`
// the same with a TCP probe of every workload each 250 ms. kill_to_exec_us ends when the kernel says that the successor's exec
// has returned (its process events, the same for all), kill_to_main_us at the first line of its main(); both on CLOCK_MONOTONIC.
// Prints one JSON line for each; one that is not installed is skipped aloud.
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "drivers/agent/keeper_client.h"

namespace {

namespace wire = watchbill::model::wire;
namespace fs = std::filesystem;
using watchbill::Duration;
using watchbill::drivers::agent::KeeperClient;

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr const char* report_socket = "watchbill-bench-supervisors";

std::uint64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * second_ns + static_cast<std::uint64_t>(time.tv_nsec);
}

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_supervisors: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

// What keeper_sleeper sends.
struct Report {
  std::int32_t pid;
  std::uint32_t number;
  std::uint64_t main_at_ns;
};

// The datagrams of the workloads.
class Reports {
 public:
  Reports() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path + 1, report_socket);
    const auto size = static_cast<socklen_t>(sizeof address.sun_family + 1 + std::strlen(report_socket));
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0) fail("bind the report socket");
  }
  ~Reports() { close(fd_); }
  Reports(const Reports&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::optional<Report> next() const {
    Report report{};
    if (recv(fd_, &report, sizeof report, 0) != static_cast<ssize_t>(sizeof report)) return std::nullopt;
    return report;
  }

 private:
  int fd_;
};

// When the kernel says that exec returned, by pid (root only).
class ProcessEvents {
 public:
  ProcessEvents() : fd_(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR)) {
    const int room = 16 << 20;
    (void)setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = CN_IDX_PROC;
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("listen to process events");
    struct {
      nlmsghdr head;
      char body[sizeof(cn_msg) + sizeof(proc_cn_mcast_op)];
    } message{};
    message.head.nlmsg_len = NLMSG_LENGTH(sizeof message.body);
    message.head.nlmsg_type = NLMSG_DONE;
    cn_msg connector{};
    connector.id = {CN_IDX_PROC, CN_VAL_PROC};
    connector.len = sizeof(proc_cn_mcast_op);
    const proc_cn_mcast_op listen = PROC_CN_MCAST_LISTEN;
    std::memcpy(message.body, &connector, sizeof connector);
    std::memcpy(message.body + sizeof connector, &listen, sizeof listen);
    if (send(fd_, &message, message.head.nlmsg_len, 0) < 0) fail("ask for process events");
  }
  ~ProcessEvents() { close(fd_); }
  ProcessEvents(const ProcessEvents&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  void take() {
    alignas(nlmsghdr) std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      const std::size_t at = NLMSG_HDRLEN + sizeof(cn_msg);
      if (static_cast<std::size_t>(got) < at + sizeof(proc_event)) continue;
      proc_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if (event.what == proc_event::PROC_EVENT_EXEC) exec_at_ns_[event.event_data.exec.process_tgid] = event.timestamp_ns;
    }
  }
  [[nodiscard]] std::optional<std::uint64_t> exec_at_ns(pid_t pid) const {
    const auto at = exec_at_ns_.find(pid);
    return at == exec_at_ns_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  int fd_;
  std::map<pid_t, std::uint64_t> exec_at_ns_;
};

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

// Ends everything that this process started, grandchildren too: they come to it as orphans.
void end_all() {
  const std::uint64_t until = now_ns() + 60 * second_ns;
  for (;;) {
    std::vector<pid_t> all = children_of(getpid());
    if (all.empty()) return;
    if (now_ns() > until) fail("what was started does not end");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::vector<pid_t> more = children_of(all[i]);
      all.insert(all.end(), more.begin(), more.end());
    }
    for (const pid_t pid : all) kill(pid, SIGKILL);
    (void)poll(nullptr, 0, 20);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
}

std::string percentiles(std::vector<std::uint64_t>& values_ns) {
  if (values_ns.empty()) return "null";
  std::sort(values_ns.begin(), values_ns.end());
  const auto at = [&](double share) {
    return static_cast<double>(values_ns[static_cast<std::size_t>(share * static_cast<double>(values_ns.size() - 1))]) / 1000;
  };
  char text[128];
  std::snprintf(text, sizeof text, R"({"p50":%.0f,"p99":%.0f,"max":%.0f})", at(0.5), at(0.99), at(1));
  return text;
}

// Where everything is.
struct Place {
  fs::path programs;  // of this build
  fs::path sleeper;
  fs::path data;  // a fresh directory; data/w/NUMBER is where a workload runs
  std::size_t workloads;
  [[nodiscard]] fs::path directory(std::size_t number) const { return data / "w" / std::to_string(number); }
};

void start(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid != 0) return;
  const int log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(log, 1), dup2(log, 2);
  execvp(argv[0], argv.data());
  std::_Exit(126);
}

// --- what each needs to supervise place.workloads copies ---

void start_scanned(const Place& place, const std::vector<std::string>& scanner) {
  for (std::size_t i = 0; i < place.workloads; ++i) fs::create_symlink(place.sleeper, place.directory(i) / "run");
  std::vector<std::string> words = scanner;
  words.push_back((place.data / "w").string());
  start(words);
}

void start_supervisord(const Place& place) {
  std::ofstream file(place.data / "supervisord.conf");
  file << "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\nminfds=8192\nminprocs=200\n"
       << "pidfile=" << place.data.string() << "/pid\nuser=root\n";
  for (std::size_t i = 0; i < place.workloads; ++i)
    file << "[program:w" << i << "]\ncommand=" << place.sleeper.string() << "\ndirectory=" << place.directory(i).string()
         << "\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
  file.close();
  start({"supervisord", "-c", (place.data / "supervisord.conf").string()});
}

void start_serve(const Place& place, int probe_port) {
  std::ofstream file(place.data / "watchbill.yaml");
  file << "watchbill: 1\nlisten: 127.0.0.1:0\ndata: " << place.data.string() << "/data\nworkloads:\n";
  for (std::size_t i = 0; i < place.workloads; ++i) {
    file << "  w" << i << ":\n    command: [" << place.sleeper.string() << "]\n    user: root\n    working_directory: "
         << place.directory(i).string() << "\n    environment: {WB_BENCH_SOCKET: " << report_socket << "}\n"
         << "    restart: {policy: always, backoff: {initial: 0s, reset_after: 1s}, limit: none}\n";
    if (probe_port != 0) file << "    ready: {tcp: \"127.0.0.1:" << probe_port << "\", every: 250ms}\n";
  }
  file.close();
  start({(place.programs / "watchbill").string(), "serve", "--config", (place.data / "watchbill.yaml").string()});
}

// Takes connections for as long as the process lives, and closes them.
int serve_probes() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 || listen(fd, 1024) != 0) fail("listen for probes");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::thread([fd] {
    for (;;) close(accept(fd, nullptr, nullptr));
  }).detach();
  return ntohs(address.sin_port);
}

class Keeper {
 public:
  explicit Keeper(const Place& place) {
    start({(place.programs / "watchbill-keeper").string(), place.data.string(), "--foreground"});
    for (int i = 0; i < 500 && !client_; ++i) {
      auto client = KeeperClient::connect(place.data);
      if (client) client_.emplace(std::move(*client));
      else (void)poll(nullptr, 0, 10);
    }
    if (!client_ || !client_->ask(wire::Hello{1, "bench", 1, 0, false})) fail("reach the keeper");
    for (std::size_t i = 0; i < place.workloads; ++i) give(place, i);
  }
  [[nodiscard]] int fd() const { return client_->fd(); }
  void serve() {
    std::uint64_t through = 0;
    const auto read = client_->read_some([&through](const wire::Frame& frame) {
      if (frame.type == wire::MessageType::refused) fail("the keeper refuses an order");
      if (frame.type >= wire::MessageType::started && frame.number != 0) through = frame.number;
    });
    if (!read) fail(read.error().text());
    if (through != 0) (void)client_->ask(wire::Acknowledge{through});
    (void)client_->write_some();
  }

 private:
  void give(const Place& place, std::size_t number) {
    const std::string name = "w" + std::to_string(number);
    const std::string directory = place.directory(number);
    std::string argv;
    std::string environment;
    (void)wire::TextList::append(argv, place.sleeper.string());
    (void)wire::TextList::append(environment, std::string("WB_BENCH_SOCKET=") + report_socket);
    wire::GiveOrder give;
    give.order.name = name;
    give.order.workload_namespace = "bench";
    give.order.program.argv = {argv};
    give.order.program.environment = {environment};
    give.order.program.directory = directory;
    give.order.program.account.emplace();
    give.order.restart.limit.reset();
    give.order.restart.initial = Duration{};
    give.order.restart.reset_after = Duration::seconds(1);
    while (!client_->ask(give) || !client_->ask(wire::Start{name, 1, false})) serve(), (void)poll(nullptr, 0, 1);
    serve();
  }

  std::optional<KeeperClient> client_;
};

// One turn: a supervisor, its workloads, the kills.
class Turn {
 public:
  Turn(const Place& place, std::uint64_t crashes_per_second, std::uint64_t seconds)
      : place_(place), crashes_per_second_(std::max<std::uint64_t>(crashes_per_second, 1)), seconds_(seconds),
        running_(place.workloads) {}

  void run(const std::string& name, int probe_port) {
    if (name == "keeper") keeper_.emplace(place_);
    else if (name == "serve") start_serve(place_, 0);
    else if (name == "serve_probes") start_serve(place_, probe_port);
    else if (name == "s6") start_scanned(place_, {"s6-svscan", "-c", std::to_string(std::max<std::size_t>(place_.workloads, 4))});
    else if (name == "runit") start_scanned(place_, {"runsvdir", "-P"});
    else if (name == "supervisord") start_supervisord(place_);
    const std::uint64_t begun = now_ns();
    while (started_ < place_.workloads && now_ns() < begun + 180 * second_ns) pump(100);
    const std::size_t started = started_;
    const double start_seconds = static_cast<double>(now_ns() - begun) / 1e9;
    if (started == place_.workloads) {
      const std::uint64_t settled = now_ns() + 5 * second_ns;  // none of them is younger than the second that some ask for
      while (now_ns() < settled) pump(100);
      crash_for_a_while();
    }
    std::printf(R"({"bench":"supervisors","supervisor":"%s","workloads":%zu,"started":%zu,"start_s":%.1f,"crashes":%zu,)"
                R"("restarts":%zu,"kill_to_exec_us":%s,"kill_to_main_us":%s})"
                "\n",
                name.c_str(), place_.workloads, started, start_seconds, crashes_, kill_to_main_ns_.size(),
                percentiles(kill_to_exec_ns_).c_str(), percentiles(kill_to_main_ns_).c_str());
    std::fflush(stdout);
  }

 private:
  struct Running {
    pid_t pid{0};
    std::uint64_t killed_at_ns{0};
  };

  void crash_for_a_while() {
    std::vector<std::size_t> order(place_.workloads);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937(7));
    const std::uint64_t begun = now_ns();
    const std::size_t all = seconds_ * crashes_per_second_;
    for (std::size_t next = 0; next < all; ++next) {
      const std::uint64_t due = begun + next * second_ns / crashes_per_second_;
      for (std::uint64_t now = now_ns(); now < due; now = now_ns()) pump(static_cast<int>((due - now) / 1'000'000));
      Running& victim = running_[order[next % order.size()]];
      if (victim.killed_at_ns != 0) continue;  // its successor is still awaited
      victim.killed_at_ns = now_ns();
      kill(victim.pid, SIGKILL);
      ++crashes_;
    }
    const std::uint64_t until = now_ns() + 10 * second_ns;
    while (kill_to_main_ns_.size() < crashes_ && now_ns() < until) pump(10);
  }

  void pump(int timeout_ms) {
    std::array<pollfd, 3> watched{
        {{reports_.fd(), POLLIN, 0}, {events_.fd(), POLLIN, 0}, {keeper_ ? keeper_->fd() : -1, POLLIN, 0}}};
    (void)poll(watched.data(), watched.size(), timeout_ms);
    if (keeper_) keeper_->serve();
    while (const auto report = reports_.next()) {
      events_.take();
      note(*report);
    }
    events_.take();
  }

  void note(const Report& report) {
    if (report.number >= running_.size()) return;
    Running& running = running_[report.number];
    if (running.pid == 0) ++started_;
    running.pid = report.pid;
    if (running.killed_at_ns == 0) return;
    kill_to_main_ns_.push_back(report.main_at_ns - running.killed_at_ns);
    if (const auto exec = events_.exec_at_ns(report.pid)) kill_to_exec_ns_.push_back(*exec - running.killed_at_ns);
    running.killed_at_ns = 0;
  }

  const Place place_;
  const std::uint64_t crashes_per_second_;
  const std::uint64_t seconds_;
  Reports reports_;
  ProcessEvents events_;
  std::vector<Running> running_;
  std::optional<Keeper> keeper_;
  std::size_t started_{0};
  std::size_t crashes_{0};
  std::vector<std::uint64_t> kill_to_exec_ns_, kill_to_main_ns_;
};

bool is_installed(const std::string& name) {
  const std::map<std::string, std::string> programs{{"s6", "s6-svscan"}, {"runit", "runsvdir"}, {"supervisord", "supervisord"}};
  const auto at = programs.find(name);
  if (at == programs.end()) return name == "keeper" || name == "serve" || name == "serve_probes";
  return std::system(("command -v " + at->second + " >/dev/null").c_str()) == 0;
}

void run_turn(const std::string& name, std::size_t workloads, std::uint64_t crashes_per_second, std::uint64_t seconds,
              int probe_port) {
  if (!is_installed(name)) {
    std::printf(R"({"bench":"supervisors","supervisor":"%s","skipped":"not installed"})"
                "\n",
                name.c_str());
    return;
  }
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  std::string data = "/tmp/wb-bench-XXXXXX";
  if (mkdtemp(data.data()) == nullptr || chdir(data.c_str()) != 0) fail("make a directory");
  const Place place{here.parent_path(), here / "keeper_sleeper", data, workloads};
  for (std::size_t i = 0; i < workloads; ++i) fs::create_directories(place.directory(i));
  Turn(place, crashes_per_second, seconds).run(name, probe_port);
  end_all();
  if (chdir("/") != 0) fail("leave the directory");
  fs::remove_all(data);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, unsigned long otherwise) {
    return argc > index ? std::strtoul(argv[index], nullptr, 10) : otherwise;
  };
  std::vector<std::string> names(argv + std::min(argc, 4), argv + argc);
  if (names.empty()) names = {"keeper", "serve", "serve_probes", "s6", "runit", "supervisord"};
  if (geteuid() != 0) return std::fprintf(stderr, "bench_supervisors: root only: the kernel's process events are\n"), 2;
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  signal(SIGPIPE, SIG_IGN);
  setenv("WB_BENCH_SOCKET", report_socket, 1);
  const int probe_port = serve_probes();
  for (const std::string& name : names) run_turn(name, number(1, 1000), number(2, 50), number(3, 20), probe_port);
  return 0;
}
