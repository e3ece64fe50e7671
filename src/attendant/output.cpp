#include "attendant/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace watchbill::attendant {
namespace {

constexpr int lines_at_once_max = 1024;
constexpr std::size_t line_bytes_max = 64U << 10;
constexpr std::size_t own_bytes_max = 256U << 10;
constexpr std::chrono::seconds last_words_max{1};
constexpr std::chrono::milliseconds quiet{50};  // without an answer of journald it is taken for done after that
constexpr int pause_ms = 10;

using Clock = std::chrono::steady_clock;

// Has journald take in what processes have written to it; it tells its readers of that only every 250 ms. False when it does not
// answer in time, or not to this account. Source: io.systemd.Journal.Synchronize, as journalctl --sync.
bool is_synchronized(Clock::time_point until) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  sockaddr_un address{AF_UNIX, "/run/systemd/journal/io.systemd.journal"};
  constexpr std::string_view request{"{\"method\":\"io.systemd.Journal.Synchronize\"}\0", 44};
  static_assert(request.back() == '\0');
  bool is_done = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                 send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  std::array<char, 512> answer{};
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd waited{fd, POLLIN, 0};
  is_done = is_done && poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0;
  const ssize_t got = is_done ? read(fd, answer.data(), answer.size()) : 0;
  close(fd);
  return got > 0 && std::string_view(answer.data(), static_cast<std::size_t>(got)).find("\"error\"") == std::string_view::npos;
}

}  // namespace

Output::Output() {
  const int flags = fcntl(1, F_GETFL);
  if (flags >= 0) (void)fcntl(1, F_SETFL, flags | O_NONBLOCK);
}

Status Output::follow(const std::string& unit) {
  unit_ = unit;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  since_us_ = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  return open();
}

Status Output::open() {
  sd_journal* journal = nullptr;
  int code = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
  journal_.reset(journal);
  const std::string by_service = "_SYSTEMD_UNIT=" + unit_, of_service = "UNIT=" + unit_;
  if (code >= 0) code = sd_journal_add_match(journal, by_service.data(), by_service.size());
  if (code >= 0) code = sd_journal_add_disjunction(journal);
  if (code >= 0) code = sd_journal_add_match(journal, "_PID=1", 0);
  if (code >= 0) code = sd_journal_add_match(journal, of_service.data(), of_service.size());
  if (code >= 0) code = sd_journal_get_fd(journal);  // from here on it tells of what is added
  if (code >= 0) code = sd_journal_seek_realtime_usec(journal, since_us_);
  if (code >= 0) return {};
  journal_.reset();
  return Error::from_errno(-code, "read the journal of", unit_);
}

bool Output::pass_on() {
  if (!is_following()) return false;
  // Early after the host's start there are no files yet, and nobody tells when they come.
  const bool has_files = sd_journal_has_runtime_files(journal_.get()) > 0 || sd_journal_has_persistent_files(journal_.get()) > 0;
  if (!has_files && !open()) return false;
  (void)sd_journal_process(journal_.get());
  for (int i = 0; i < lines_at_once_max; ++i) {
    if (!write_waiting() || sd_journal_next(journal_.get()) <= 0) return false;
    const void* data = nullptr;
    std::size_t size = 0;
    constexpr std::string_view key = "MESSAGE=";
    if (sd_journal_get_data(journal_.get(), "MESSAGE", &data, &size) < 0 || size < key.size()) continue;
    waiting_.assign(static_cast<const char*>(data) + key.size(), std::min(size - key.size(), line_bytes_max));
    waiting_ += '\n';
    ++lines_;
  }
  return write_waiting();
}

void Output::finish() {
  const auto until = Clock::now() + last_words_max;
  const bool is_whole = is_following() && is_synchronized(until);
  auto quiet_since = Clock::now();
  bool has_more = is_following();
  while (has_more && Clock::now() < until) {
    const std::uint64_t lines_before = lines_;
    if (pass_on()) continue;
    if (lines_ != lines_before) quiet_since = Clock::now();
    else if (!needs_room()) has_more = !is_whole && Clock::now() < quiet_since + quiet;
    if (!has_more) break;
    pollfd room{1, POLLOUT, 0};
    (void)poll(&room, needs_room() ? 1 : 0, pause_ms);
  }
  if (has_more || needs_room()) say("its last words go on in the journal of the host: journalctl -u " + unit_);
}

void Output::say(const std::string& line) {
  if (waiting_.size() > own_bytes_max) return;  // nobody reads, and the service goes before our words on it
  waiting_ += "watchbill-unit: " + line + "\n";
  (void)write_waiting();
}

bool Output::write_waiting() {
  while (!waiting_.empty()) {
    const ssize_t written = write(1, waiting_.data(), waiting_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return false;
    // A reader that is gone is nobody's loss.
    waiting_.erase(0, written < 0 ? waiting_.size() : static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace watchbill::attendant
