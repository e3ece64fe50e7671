#include "drivers/agent/guardian.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "model/wire/leader_notes.h"

namespace watchbill::drivers::agent {

namespace wire = model::wire;

namespace {

constexpr Duration pause_first = Duration::milliseconds(10);
constexpr Duration pause_max = Duration::seconds(1);
constexpr Duration first_start_max = Duration::seconds(15);
constexpr std::size_t groups_max = 64;  // wire::Account::groups

wire::Account own_account() {
  wire::Account account;
  account.uid = ::geteuid();
  account.gid = ::getegid();
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  for (int i = 0; i < count && static_cast<std::size_t>(i) < groups_max; ++i)
    (void)account.groups.add(groups[static_cast<std::size_t>(i)]);
  return account;
}

bool read_state(const wire::Frame& frame, wire::ControllerState& state) {
  return frame.type == wire::MessageType::controller_state && wire::read_message(frame.body, state);
}

}  // namespace

Guardian::Guardian(ports::IoLoop& loop, Settings settings, Events events)
    : loop_(loop), settings_(std::move(settings)), events_(std::move(events)), start_(loop), pause_(pause_first) {}

Guardian::~Guardian() {
  if (deadline_) loop_.cancel(*deadline_);
  drop_client();
}

void Guardian::begin(const ControllerProgram& program) {
  const auto argv = texts_.pack(program.command);
  const auto environment = texts_.pack(program.environment);
  if (!argv || !environment) return fail(Error{ErrorKind::invalid, "run the controller", "", "an argument holds a NUL"});
  request_.program.argv = *argv;
  request_.program.environment = *environment;
  request_.program.directory = texts_.keep(program.directory);
  request_.program.account = own_account();
  request_.program.umask = program.umask;
  // As if it had been started here: it may start the next keeper, whose workloads may gain what their orders say.
  request_.program.no_new_privileges = false;
  request_.restart = program.restart;
  for (const std::int32_t code : program.final_exit_codes) (void)request_.final_exit_codes.add(code);
  request_.stop_grace = program.stop_grace;
  deadline_ = loop_.after(first_start_max, [this] {
    deadline_.reset();
    fail(Error{ErrorKind::timed_out, "have the controller run by the keeper of", settings_.data, problem_});
  });
  connect();
}

void Guardian::signal(int number) {
  if (client_ && is_guarded_) ask(wire::SignalController{static_cast<std::uint32_t>(number)});
}

void Guardian::end() {
  ends_ = true;
  if (!was_asked_) return fail(Error{ErrorKind::interrupted, "run the controller", "", "it was told to end before it began"});
  ask_for_end();
}

void Guardian::ask_for_end() {
  if (!client_ || !is_guarded_ || std::exchange(is_end_asked_, true)) return;
  ask(wire::EndController{});
}

void Guardian::reap_orphans() {
  siginfo_t info{};
  // Looked at first: the exit of a start that is under way is for who started it.
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && info.si_pid != start_.pid())
    (void)::waitpid(std::exchange(info.si_pid, 0), nullptr, WNOHANG);
}

// --- the connection ---

void Guardian::connect() {
  if (is_over_ || client_ || start_.is_running()) return;
  auto client = KeeperClient::connect(settings_.data);
  if (client) {
    client_.emplace(std::move(*client));
    return greet();
  }
  problem_ = client.error().text();
  const bool nobody_answers = client.error().kind == ErrorKind::not_found || client.error().kind == ErrorKind::interrupted;
  if (nobody_answers) start_keeper();
  else try_again();
}

void Guardian::start_keeper() {
  start_.begin(settings_.keeper, settings_.data, [this](const Status& started) {
    if (is_over_) return;
    if (started) return connect();
    problem_ = started.error().text();
    if (!was_asked_) return fail(started.error());
    try_again();
  });
}

void Guardian::greet() {
  guard_number_ = 0;
  is_end_asked_ = false;
  const std::uint64_t connection = connection_count_;
  const Status watched = loop_.watch(client_->fd(), {true, false}, [this, connection](ports::Readiness readiness) {
    if (connection == connection_count_) serve(readiness);
  });
  if (!watched) return lose(watched.error().text());
  hello_number_ = ask(wire::GuardHello{});
}

void Guardian::serve(ports::Readiness readiness) {
  if (readiness.writable) flush();
  if (!readiness.readable || !client_) return;
  const std::uint64_t connection = connection_count_;
  const Status read = client_->read_some([this, connection](const wire::Frame& frame) {
    if (connection == connection_count_ && !is_over_) take_frame(frame);
  });
  if (!read && connection == connection_count_ && !is_over_) lose(read.error().text());
}

template <class Request>
std::uint64_t Guardian::ask(const Request& request) {
  const Result<std::uint64_t> number = client_->ask(request);
  if (number) {
    flush();
    return *number;
  }
  // The one request that can be too large holds our arguments and environment.
  fail(Error{ErrorKind::invalid, "run the controller", "", "arguments and environment are larger than the 256 KiB of a message"});
  return 0;
}

void Guardian::flush() {
  // A connection that ended is found by reading, which takes first what the keeper still said.
  if (!client_ || !client_->write_some() || client_->wants_write() == watches_write_) return;
  watches_write_ = client_->wants_write();
  const std::uint64_t connection = connection_count_;
  (void)loop_.watch(client_->fd(), {true, watches_write_}, [this, connection](ports::Readiness readiness) {
    if (connection == connection_count_) serve(readiness);
  });
}

void Guardian::lose(const std::string& problem) {
  // Not from within the client's own call.
  loop_.post([this, connection = connection_count_, problem] {
    if (is_over_ || connection != connection_count_) return;
    drop_client();
    problem_ = problem;
    if (is_guarded_) events_.log("the keeper is gone: " + problem + ". The controller runs on; looking for the next keeper.");
    try_again();
  });
}

void Guardian::drop_client() {
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  if (client_) loop_.unwatch(client_->fd());
  client_.reset();
  watches_write_ = false;
  ++connection_count_;
}

void Guardian::try_again() {
  if (is_guarded_ && pause_ == pause_max && problem_ != logged_problem_) {
    logged_problem_ = problem_;
    events_.log("no keeper can be asked: " + problem_ + ". Trying again.");
  }
  if (timer_) loop_.cancel(*timer_);
  timer_ = loop_.after(pause_, [this] {
    timer_.reset();
    connect();
  });
  pause_ = std::min(pause_ * 2, pause_max);
}

void Guardian::fail(Error error) {
  if (std::exchange(is_over_, true)) return;
  if (deadline_) loop_.cancel(*std::exchange(deadline_, std::nullopt));
  loop_.post([this, error = std::move(error)] {
    drop_client();
    events_.failed(error);
  });
}

// --- what the keeper says ---

void Guardian::take_frame(const wire::Frame& frame) {
  wire::ControllerState state;
  wire::ControllerOutput output;
  wire::Welcome welcome;
  if (read_state(frame, state)) return take_state(state);
  if (frame.type == wire::MessageType::controller_output && wire::read_message(frame.body, output))
    return events_.printed(output);
  if (frame.type == wire::MessageType::refused) return take_refusal(frame);
  if (frame.type == wire::MessageType::welcome && wire::read_message(frame.body, welcome)) keeper_pid_ = welcome.pid;
  if (frame.type == wire::MessageType::accepted && frame.number == guard_number_) is_guarded_ = true;
}

void Guardian::take_refusal(const wire::Frame& frame) {
  wire::Refused refused;
  if (!wire::read_message(frame.body, refused)) return;
  const std::string why = std::string(word(refused.reason)) + (refused.detail.empty() ? "" : ": ") + std::string(refused.detail);
  const bool knows_no_guarding = frame.number == hello_number_;
  if (knows_no_guarding)
    return fail(Error{ErrorKind::invalid, "have the controller run by the keeper of", settings_.data,
                      "that keeper is of a release that guards no controller (" + why +
                          "); SIGUSR2 replaces it by the program file as it is now: `pgrep -fa watchbill-keeper` shows it"});
  if (frame.number != guard_number_) return;  // what is not running needs no signal and no end; its state is told
  const ErrorKind kind = refused.reason == wire::Refusal::already_running ? ErrorKind::busy : ErrorKind::invalid;
  fail(Error{kind, "have the controller run by the keeper of", settings_.data, why});
}

void Guardian::take_state(const wire::ControllerState& state) {
  pause_ = pause_first;
  if (!is_guarded_) {
    // Also where one runs: left behind by a foreground that is gone, or ours, whose answer was lost with the keeper that gave it.
    if (guard_number_ != 0) return;
    was_asked_ = true;
    guard_number_ = ask(request_);
    return;
  }
  if (deadline_) loop_.cancel(*std::exchange(deadline_, std::nullopt));
  if (ends_ && is_active(state)) ask_for_end();
  events_.changed(state);
}

// --- without a guardian ---

bool is_active(const wire::ControllerState& state) noexcept {
  return state.state == wire::State::running || state.state == wire::State::stopping || state.state == wire::State::backoff;
}

std::optional<wire::ControllerState> guarded_controller(const std::string& data) {
  // Where none was ever guarded no keeper is bothered.
  const std::string fifo = data + "/keeper/fifo/" + std::string(wire::guarded_name);
  if (::access(fifo.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
  auto client = KeeperClient::connect(data);
  if (!client || !client->ask(wire::GuardHello{})) return std::nullopt;
  std::optional<wire::ControllerState> found;
  bool is_refused = false;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!found && !is_refused) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0 || !client->write_some()) return std::nullopt;
    pollfd watched{client->fd(), static_cast<short>(client->wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
    (void)::poll(&watched, 1, static_cast<int>(left));
    const Status read = client->read_some([&](const wire::Frame& frame) {
      wire::ControllerState state;
      if (read_state(frame, state)) found = state;
      is_refused = is_refused || frame.type == wire::MessageType::refused;
    });
    if (!read) break;
  }
  return found;
}

bool is_guarded_here() {
  const char* const name = std::getenv("WATCHBILL_WORKLOAD");
  return name != nullptr && name == wire::guarded_name;
}

void tell_exit_code(int code) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = name == nullptr ? 0 : std::strlen(name);
  if (size < 2 || size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, name, size);
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const std::string text = std::string(wire::exit_status_note) + std::to_string(code);
  (void)::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
  ::close(fd);
}

}  // namespace watchbill::drivers::agent
