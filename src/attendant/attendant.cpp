#include "attendant/attendant.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/unit_name.h"
#include "model/wire/leader_notes.h"

namespace watchbill::attendant {

using model::wire::cgroup_note;
using model::wire::exit_status_note;

namespace {

constexpr int look_again_ms = 1'000;  // after a question that systemd, or words that the keeper did not take
// A keeper may have ended between what it was told and what it passed on.
constexpr int tell_again_ms = 30'000;
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
    take_signals();
    if (!service_.is_connected()) reconnect();
    // What systemd says beside an answer is read with that: it waits in the connection, and no descriptor tells of it.
    if (service_.is_connected() && service_.take_news()) looks_ = true;
    if (looks_ && service_.is_connected() && look()) return ending_;
    const bool has_more = output_.pass_on();
    tell_keeper();
    wait(has_more || (service_.is_connected() && service_.has_news()));
  }
}

Status Attendant::start() {
  if (const Status connected = service_.connect(); !connected) return connected;
  if (service_.id() != unit_) return become(service_.id());
  const auto facts = service_.read();
  if (!facts) return facts.error();
  if (facts->load_state != "loaded") return Error{ErrorKind::invalid, "start", unit_, "systemd has it as " + facts->load_state};
  if (phase_of(*facts) == Phase::up) output_.say(unit_ + " is active already: it is taken over as it runs");
  return service_.start();
}

// Everybody who looks for this unit's processes, jobs and words has to know it by its own name: this program begins anew with it.
Status Attendant::become(const std::string& unit) const {
  std::array<char, PATH_MAX> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (size > 0 && is_service_name(unit)) execl(path.data(), path.data(), unit.c_str(), nullptr);
  return Error{ErrorKind::invalid, "start", unit_, "it is an alias of " + unit + ": name that one"};
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

void Attendant::wait(bool has_more) {
  std::array<pollfd, 4> waited{{{signals_, POLLIN, 0}, {-1, 0, 0}, {-1, 0, 0}, {-1, POLLOUT, 0}}};
  if (service_.is_connected()) waited[1] = {service_.descriptor(), service_.events(), 0};
  // What the journal has is not asked for while nobody has room for it.
  if (output_.needs_room()) waited[3].fd = 1;
  else if (output_.is_following()) waited[2] = {output_.descriptor(), output_.events(), 0};
  const bool is_impatient = looks_ || owes_words_;
  const int patience_ms = !service_.is_connected() ? reconnect_ms : is_impatient ? look_again_ms : tell_again_ms;
  (void)poll(waited.data(), waited.size(), has_more ? 0 : patience_ms);
}

void Attendant::take_signals() {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (!is_stopping_) output_.say("stopping " + unit_);
    is_stopping_ = owes_stop_ = owes_words_ = true;
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
    // Nobody knows what it is now: asked again, and said once.
    if (!std::exchange(is_unanswered_, true)) output_.say(facts.error().text());
    return false;
  }
  looks_ = is_unanswered_ = false;
  const Phase phase = phase_of(*facts);
  tell_change(*facts, phase);
  seen_ = *facts;
  if (phase != Phase::ended) return false;
  // How it went down, and the end of its job, were said before that answer.
  (void)service_.take_news();
  const auto last = service_.is_connected() ? service_.read() : facts;
  // With the host everything goes down. That is no end which somebody wanted: the next start finds the workload lost, as one that
  // is a command, and `on_lost` decides.
  if (last && last->is_taken_down && !is_stopping_ && service_.is_connected() && service_.is_host_going_down()) return false;
  ending_ = judge(last ? *last : *facts);
  output_.finish();
  output_.say(unit_ + " has ended: " + ending_.detail);
  // A keeper that did not start this process cannot learn how it ends; as a shell says it, a signal is 128 and its number.
  (void)send(std::string(exit_status_note) + std::to_string(ending_.signal != 0 ? 128 + ending_.signal : ending_.exit_code));
  return true;
}

Ending Attendant::judge(const UnitFacts& facts) const {
  if (facts.is_taken_down && !is_stopping_) return {0, 0, "somebody had systemd stop it"};
  const Ending ending = ending_of(facts);
  if (was_up_ || is_stopping_ || ending.exit_code != 0 || ending.signal != 0) return ending;
  if (service_.job_result() == "canceled") return {0, 0, "somebody took its start back"};
  if (!service_.job_result().empty()) return {1, 0, "it was not started: the job ended with " + service_.job_result()};
  if (facts.main_code == 0) return {0, 0, "it did not run: a condition of its unit file does not hold"};
  return ending;
}

void Attendant::tell_change(const UnitFacts& facts, Phase phase) {
  std::string directory = directory_of(facts.control_group);
  if (directory != cgroup_directory_) owes_words_ = true;
  cgroup_directory_ = std::move(directory);
  if (facts.restart_count > seen_.restart_count && has_begun_)
    output_.say("systemd has restarted " + unit_ + " by itself, time " + std::to_string(facts.restart_count));
  has_begun_ = true;
  if (phase != Phase::up || was_up_) return;
  was_up_ = true;
  output_.say(unit_ + " is active");
  owes_words_ = true;
}

void Attendant::tell_keeper() {
  const auto now = std::chrono::steady_clock::now();
  if (!owes_words_ && now < tell_again_at_) return;
  owes_words_ = was_up_ && !send("READY=1");
  if (!cgroup_directory_.empty() && !send(std::string(cgroup_note) + cgroup_directory_)) owes_words_ = true;
  tell_again_at_ = now + std::chrono::milliseconds(tell_again_ms);
}

bool Attendant::send(const std::string& line) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = name != nullptr ? std::strlen(name) : 0;
  if (size < 2 || size > sizeof address.sun_path) return true;  // there is nobody to tell
  std::memcpy(address.sun_path, name, size);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  const bool is_sent =
      sendto(fd, line.data(), line.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length) >= 0;
  close(fd);
  return is_sent;
}

}  // namespace watchbill::attendant
