#include "drivers/agent/keeper_start.h"

#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace watchbill::drivers::agent {
namespace {

constexpr int exit_other_keeper = 4;  // src/keeper/keeper.h: another one runs there already

// Gives the pid, or 0 and errno in `error`.
pid_t spawn(const std::string& program, const std::string& data, int& error) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  // Our threads block the signals that `serve` waits for; the keeper must not inherit that.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::string program_text = program;
  std::string data_text = data;
  char* argv[] = {program_text.data(), data_text.data(), nullptr};
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_given_by_a_keeper(*entry)) environment.push_back(*entry);
  environment.push_back(nullptr);
  pid_t pid = 0;
  error = posix_spawn(&pid, program.c_str(), nullptr, &attributes, argv, environment.data());
  posix_spawnattr_destroy(&attributes);
  return error == 0 ? pid : 0;
}

Status outcome_of(int status, const std::string& program) {
  const bool has_exited = WIFEXITED(status);
  if (has_exited && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == exit_other_keeper)) return {};
  const std::string how =
      has_exited ? "it ended with exit code " + std::to_string(WEXITSTATUS(status)) + ", and said why on standard error"
                 : "it was ended by signal " + std::to_string(WTERMSIG(status));
  return Error{ErrorKind::interrupted, "start the keeper", program, how};
}

}  // namespace

bool is_given_by_a_keeper(std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  return name == "NOTIFY_SOCKET" || name == "WATCHBILL_KEEPER" || name == "WATCHBILL_WORKLOAD" || name == "WATCHBILL_INCARNATION";
}

KeeperStart::~KeeperStart() {
  if (pid_fd_ < 0) return;
  loop_.unwatch(pid_fd_);
  close(pid_fd_);
}

void KeeperStart::begin(const std::string& program, const std::string& data, std::function<void(Status)> done) {
  WB_ASSERT(pid_ == 0, "the caller waits for the end of one start before the next");
  program_ = program;
  done_ = std::move(done);
  const auto fail = [this](Error error) {
    loop_.post([this, error = std::move(error)] { std::exchange(done_, nullptr)(error); });
  };
  int error = 0;
  pid_ = spawn(program, data, error);
  if (pid_ == 0) return fail(Error::from_errno(error, "start the keeper", program));
  pid_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  const Status watched = pid_fd_ < 0 ? Status(Error::from_errno(errno, "watch the start of the keeper", program))
                                     : loop_.watch(pid_fd_, {true, false}, [this](ports::Readiness) { ended(); });
  if (watched) return;
  // It goes on by itself; whether it came up the next attempt to connect shows.
  pid_ = 0;
  if (pid_fd_ >= 0) close(std::exchange(pid_fd_, -1));
  fail(watched.error());
}

void KeeperStart::ended() {
  int status = 0;
  const pid_t waited = waitpid(pid_, &status, WNOHANG);
  if (waited == 0) return;
  loop_.unwatch(pid_fd_);
  close(std::exchange(pid_fd_, -1));
  pid_ = 0;
  const Status outcome = waited < 0 ? Status(Error::from_errno(errno, "wait for the start of the keeper", program_))
                                    : outcome_of(status, program_);
  std::exchange(done_, nullptr)(outcome);
}

}  // namespace watchbill::drivers::agent
