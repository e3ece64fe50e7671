#include "drivers/systemd/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace watchbill::drivers::systemd {
namespace {

constexpr std::size_t out_bytes_max = 64U << 10;

// One command under way; lives until its output has ended and it was reaped.
class Running : public std::enable_shared_from_this<Running> {
 public:
  Running(ports::IoLoop& loop, std::string program, std::function<void(Result<CommandAnswer>)> done)
      : loop_(loop), program_(std::move(program)), done_(std::move(done)) {}
  ~Running() {
    if (out_ >= 0) close(out_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void start(const std::vector<std::string>& argv, Duration timeout);

 private:
  [[nodiscard]] int spawn(const std::vector<std::string>& argv, int out);
  void read_some();
  void end();
  void late();
  void finish(Result<CommandAnswer> answer);

  ports::IoLoop& loop_;
  const std::string program_;
  std::function<void(Result<CommandAnswer>)> done_;
  CommandAnswer answer_;
  pid_t pid_{0};
  int out_{-1};
  ports::TimerId timer_{};
  bool is_late_{false};
};

void Running::start(const std::vector<std::string>& argv, Duration timeout) {
  std::array<int, 2> pipe{-1, -1};
  int error = pipe2(pipe.data(), O_CLOEXEC) == 0 ? 0 : errno;
  if (error == 0) error = spawn(argv, pipe[1]);
  if (pipe[1] >= 0) close(pipe[1]);
  out_ = pipe[0];
  const auto self = shared_from_this();
  Status watched;
  if (error == 0) watched = loop_.watch(out_, {true, false}, [self](ports::Readiness) { self->read_some(); });
  if (error == 0 && watched) {
    timer_ = loop_.after(timeout, [self] { self->late(); });
    return;
  }
  if (pid_ != 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  const Error why = error != 0 ? Error::from_errno(error, "run", program_) : watched.error();
  loop_.post([self, why] { self->finish(why); });
}

int Running::spawn(const std::vector<std::string>& argv, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  // Our threads block the signals that the program waits for.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> texts = argv;
  std::vector<char*> words;
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language = "LANG=C.UTF-8";
  std::array<char*, 3> environment{path.data(), language.data(), nullptr};
  const int error = posix_spawn(&pid_, program_.c_str(), &actions, &attributes, words.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) pid_ = 0;
  return error;
}

void Running::read_some() {
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t got = read(out_, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end();
    const std::size_t room = out_bytes_max - std::min(out_bytes_max, answer_.out.size());
    answer_.out.append(bytes.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

// Its output has ended: so has it, or it does within a moment; what it left behind does not hold us.
void Running::end() {
  int status = 0;
  const pid_t waited = waitpid(pid_, &status, WNOHANG);
  const auto self = shared_from_this();
  loop_.unwatch(out_);
  if (waited == 0) {
    loop_.after(Duration::milliseconds(5), [self] { self->end(); });
    return;
  }
  loop_.cancel(timer_);
  if (is_late_) return finish(Error{ErrorKind::timed_out, "run", program_, "no answer in time"});
  answer_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finish(std::move(answer_));
}

void Running::late() {
  is_late_ = true;
  kill(pid_, SIGKILL);
}

void Running::finish(Result<CommandAnswer> answer) { std::exchange(done_, nullptr)(std::move(answer)); }

}  // namespace

void run_command(ports::IoLoop& loop, const std::vector<std::string>& argv, Duration timeout,
                 std::function<void(Result<CommandAnswer>)> done) {
  std::make_shared<Running>(loop, argv.front(), std::move(done))->start(argv, timeout);
}

}  // namespace watchbill::drivers::systemd
