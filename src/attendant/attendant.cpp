#include "attendant/attendant.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "model/wire/leader_notes.h"

namespace watchbill::attendant {

using model::wire::cgroup_note;
using model::wire::exit_status_note;

namespace {

constexpr int look_again_ms = 1'000;  // after a question that systemd did not answer
constexpr int reconnect_ms = 200;  // `systemctl daemon-reexec` closes every connection
constexpr int starts_max = 25;     // that were cut off by one

// Where the processes of a control group are listed; empty when it is on no hierarchy that we know.
std::string directory_of(const std::string& control_group) {
  if (control_group.empty()) return "";
  for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"}) {
    std::string directory = root + control_group;
    if (access((directory + "/cgroup.procs").c_str(), R_OK) == 0) return directory;
  }
  return "";
}

}  // namespace

Attendant::~Attendant() {
  if (signals_ >= 0) close(signals_);
}

Ending Attendant::run() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  signals_ = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  if (!begin()) return ending_;
  while (true) {
    if (looks_ && service_.is_connected() && look()) return ending_;
    wait();
    take_signals();
    if (!service_.is_connected()) reconnect();
    else if (service_.take_news()) looks_ = true;
    if (output_.is_following()) output_.pass_on();
  }
}

Status Attendant::start() {
  if (const Status connected = service_.connect(); !connected) return connected;
  const auto facts = service_.read();
  if (!facts) return facts.error();
  if (facts->load_state != "loaded") return Error{ErrorKind::invalid, "start", unit_, "systemd has it as " + facts->load_state};
  if (phase_of(*facts) == Phase::up) output_.say(unit_ + " is active already: it is taken over as it runs");
  return service_.start();
}

bool Attendant::begin() {
  if (const Status followed = output_.follow(unit_); !followed) output_.say(followed.error().text());
  Status started = start();
  for (int i = 0; i < starts_max && !started && started.error().kind == ErrorKind::interrupted; ++i) {
    (void)poll(nullptr, 0, reconnect_ms);
    started = start();
  }
  if (started) return true;
  const Error& error = started.error();
  output_.say(error.text());
  ending_ = {exit_unavailable, 0, error.detail};
  if (error.kind == ErrorKind::invalid) ending_.exit_code = exit_no_unit;
  if (error.kind == ErrorKind::denied) ending_.exit_code = exit_denied;
  return false;
}

void Attendant::wait() {
  std::array<pollfd, 3> waited{{{signals_, POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}}};
  if (service_.is_connected()) waited[1] = {service_.descriptor(), service_.events(), 0};
  if (output_.is_following()) waited[2] = {output_.descriptor(), output_.events(), 0};
  const int patience_ms = !service_.is_connected() ? reconnect_ms : looks_ ? look_again_ms : -1;
  (void)poll(waited.data(), waited.size(), patience_ms);
}

void Attendant::take_signals() {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (is_stopping_) continue;
    is_stopping_ = owes_stop_ = true;
    output_.say("stopping " + unit_);
    tell_cgroup();  // to a keeper that was started anew, which has to know it before the grace is over
  }
  if (owes_stop_ && service_.is_connected()) ask_to_stop();
}

void Attendant::reconnect() {
  if (!service_.connect()) return;
  output_.say("systemd answers again");
  looks_ = true;
  if (owes_stop_) ask_to_stop();
}

void Attendant::ask_to_stop() {
  const Status asked = service_.stop();
  looks_ = true;
  owes_stop_ = !asked && asked.error().kind == ErrorKind::interrupted;
  if (!asked && !owes_stop_) output_.say(asked.error().text());
}

bool Attendant::look() {
  const auto facts = service_.read();
  if (!facts) {
    // Nobody knows what it is now: asked again with the next news, or once systemd answers again.
    output_.say(facts.error().text());
    return false;
  }
  looks_ = false;
  const Phase phase = phase_of(*facts);
  tell_change(*facts, phase);
  seen_ = *facts;
  if (phase != Phase::ended) return false;
  (void)service_.take_news();  // the end of its job was said before that answer
  ending_ = ending_of(*facts);
  if (!was_up_ && ending_.exit_code == 0 && ending_.signal == 0 && !service_.job_result().empty() && !is_stopping_)
    ending_ = {1, 0, "it was not started: the job ended with " + service_.job_result()};
  if (output_.is_following()) output_.pass_on();
  output_.say(unit_ + " has ended: " + ending_.detail);
  // A keeper that did not start this process cannot learn how it ends; as a shell says it, a signal is 128 and its number.
  tell_keeper(std::string(exit_status_note) + std::to_string(ending_.signal != 0 ? 128 + ending_.signal : ending_.exit_code));
  return true;
}

void Attendant::tell_change(const UnitFacts& facts, Phase phase) {
  std::string directory = directory_of(facts.control_group);
  if (directory != cgroup_directory_) {
    cgroup_directory_ = std::move(directory);
    tell_cgroup();
  }
  if (facts.restart_count > seen_.restart_count && has_begun_)
    output_.say("systemd has restarted " + unit_ + " by itself, time " + std::to_string(facts.restart_count));
  has_begun_ = true;
  if (phase != Phase::up || was_up_) return;
  was_up_ = true;
  output_.say(unit_ + " is active");
  tell_keeper("READY=1");
}

void Attendant::tell_cgroup() const {
  if (!cgroup_directory_.empty()) tell_keeper(std::string(cgroup_note) + cgroup_directory_);
}

void Attendant::tell_keeper(const std::string& line) const {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = name != nullptr ? std::strlen(name) : 0;
  if (size < 2 || size > sizeof address.sun_path) return;
  std::memcpy(address.sun_path, name, size);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  (void)sendto(fd, line.data(), line.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  close(fd);
}

}  // namespace watchbill::attendant
