#include "keeper/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/sha256.h"
#include "keeper/processes.h"
#include "places.h"

namespace watchbill::keeper::testing {

bool until(const std::function<bool()>& condition, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    (void)poll(nullptr, 0, 2);
  }
  return true;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool is_alive(pid_t pid) {
  ProcessStat stat;
  return read_stat(pid, stat) && stat.state != 'Z';
}

std::vector<pid_t> marked(const std::string& data, const std::string& name) {
  const std::string keeper = sha256(data).hex().substr(0, 24);
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    std::vector<char> buffer(200'000);
    Marker marker;
    const bool is_marked = pid > 0 && is_alive(pid) && read_marker(pid, buffer, marker) && marker.keeper == keeper;
    if (is_marked && (name.empty() || marker.name == name)) found.push_back(pid);
  }
  return found;
}

wire::TextList Order::pack(const std::vector<std::string>& list) {
  std::string packed;
  for (const std::string& text : list) EXPECT_TRUE(wire::TextList::append(packed, text));
  return {texts.emplace_back(std::move(packed))};
}

wire::Program program(Order& owner, const std::vector<std::string>& command) {
  wire::Program made;
  made.argv = owner.pack(command);
  made.environment = owner.pack({"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0"});
  made.directory = "/";
  if (geteuid() == 0) {
    made.account.emplace();
    made.account->name = "root";
  }
  return made;
}

Order::Order(std::string workload_name, std::vector<std::string> command) {
  order.name = texts.emplace_back(std::move(workload_name));
  order.workload_namespace = "test";
  order.order_id = "order-1";
  order.program = program(*this, command);
  (void)order.success_exit_codes.add(0);
  order.restart.initial = Duration{};
  order.stop.grace = Duration::seconds(5);
}

std::vector<std::string> actor(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), in_build("tests/keeper_actor"));
  return arguments;
}

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

bool Controller::connect(const std::string& data) {
  const bool is_connected = until([&] {
    auto client = KeeperClient::connect(data);
    if (client) client_.emplace(std::move(*client));
    return client.has_value();
  });
  EXPECT_TRUE(is_connected) << "no keeper answers in " << data;
  return is_connected;
}

Controller::Controller(const std::string& data, Guardian) : acknowledges_(false) {
  if (!connect(data)) return;
  send(wire::GuardHello{});
  await_welcome();
}

Controller::Controller(const std::string& data, std::uint64_t epoch, bool acknowledges, const std::string& lineage)
    : acknowledges_(acknowledges) {
  if (!connect(data)) return;
  wire::Hello hello;
  hello.lineage = lineage;
  hello.epoch = epoch;
  send(hello);
  await_welcome();
}

void Controller::await_welcome() {
  wait([&] {
    welcome_ = take<wire::Welcome>([](const wire::Welcome&, std::uint64_t) { return true; });
    const auto refused = take<wire::Refused>([](const wire::Refused&, std::uint64_t) { return true; });
    if (refused) hello_refused_ = refused->message.reason;
    return welcome_ || hello_refused_;
  });
}

void Controller::pump(int timeout_ms) {
  if (!client_ || is_over_) return;
  pollfd watched{client_->fd(), static_cast<short>(client_->wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
  if (!client_->write_some()) is_over_ = true;
  (void)poll(&watched, 1, timeout_ms);
  std::uint64_t through = 0;
  const Status read = client_->read_some([&](const wire::Frame& frame) {
    seen_.push_back({frame.type, frame.number, std::make_shared<const std::string>(frame.body)});
    if (frame.type >= wire::MessageType::started && frame.number != 0) through = frame.number;
  });
  if (!read) is_over_ = true;
  if (through != 0 && acknowledges_ && !is_over_) (void)client_->ask(wire::Acknowledge{through});
  (void)client_->write_some();
}

bool Controller::wait(const std::function<bool()>& condition, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  pump(0);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline || (is_over_ && !condition())) return condition();
    pump(5);
  }
  return true;
}

std::vector<Told<wire::WorkloadState>> Controller::snapshot() {
  const std::uint64_t number = send(wire::AskSnapshot{});
  std::vector<Told<wire::WorkloadState>> states;
  const bool ended = wait([&] {
    while (auto state = take<wire::WorkloadState>([&](const wire::WorkloadState&, std::uint64_t n) { return n == number; }))
      states.push_back(std::move(*state));
    return take<wire::SnapshotEnd>([&](const wire::SnapshotEnd&, std::uint64_t n) { return n == number; }).has_value();
  });
  EXPECT_TRUE(ended) << "the snapshot has no end";
  return states;
}

std::optional<Told<wire::WorkloadState>> Controller::state_of(const std::string& name) {
  for (auto& state : snapshot())
    if (state.message.name == name) return state;
  return std::nullopt;
}

std::optional<Told<wire::Started>> Controller::run(const Order& order, std::uint64_t incarnation) {
  EXPECT_EQ(ask(wire::GiveOrder{order.order, {}}), std::nullopt);
  EXPECT_EQ(ask(wire::Start{order.order.name, incarnation, false}), std::nullopt);
  auto started = told<wire::Started>([&](const wire::Started& s) { return s.head.name == order.order.name; });
  EXPECT_TRUE(started) << "it was not started";
  return started;
}

KeeperProcess::KeeperProcess(bool is_quick) : is_quick_(is_quick) {
  char path[] = "/tmp/wb-keeper-XXXXXX";
  data_ = mkdtemp(path);
  start();
}

void KeeperProcess::start() {
  const std::string binary = in_build(is_quick_ ? "tests/keeper_quick" : "watchbill-keeper");
  pid_ = fork();
  if (pid_ != 0) return;
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  execl(binary.c_str(), binary.c_str(), data_.c_str(), "--foreground", nullptr);
  _exit(126);
}

void KeeperProcess::kill_it() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::optional<int> KeeperProcess::exit_code(std::chrono::milliseconds most) {
  int status = 0;
  if (!until([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, most)) return std::nullopt;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

KeeperProcess::~KeeperProcess() {
  kill_it();
  for (const pid_t pid : marked(data_, "")) kill(pid, SIGKILL);
  std::filesystem::remove_all(data_);
}

}  // namespace watchbill::keeper::testing
