#include "drivers/agent/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "model/wire/requests.h"

namespace watchbill::drivers::agent {
namespace {

using ports::LogPart;
using ports::LogPosition;

constexpr std::uint32_t rotated_max = 1000;  // more than any bill keeps
constexpr std::size_t block_bytes = 64U << 10;

// One file that is open: it can be read to its end also after it was rotated or removed.
class OpenLog {
 public:
  explicit OpenLog(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
    struct statx info {};
    if (fd_ < 0) {
      error_ = errno;
    } else if (statx(fd_, "", AT_EMPTY_PATH, STATX_INO | STATX_SIZE | STATX_BTIME, &info) == 0) {
      identity_ = identity_of(info);
      size_ = info.stx_size;
    }
  }
  ~OpenLog() {
    if (fd_ >= 0) close(fd_);
  }
  OpenLog(OpenLog&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), error_(other.error_), identity_(other.identity_), size_(other.size_) {}
  OpenLog(const OpenLog&) = delete;
  OpenLog& operator=(const OpenLog&) = delete;
  OpenLog& operator=(OpenLog&&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] std::uint64_t identity() const noexcept { return identity_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }  // when it was opened
  // The bytes from `offset` on, at most `most`; fewer at the end of the file and when it cannot be read.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t most) const {
    std::string bytes(most, '\0');
    std::size_t got = 0;
    while (got < most) {
      const ssize_t count = pread(fd_, bytes.data() + got, most - got, static_cast<off_t>(offset + got));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      got += static_cast<std::size_t>(count);
    }
    bytes.resize(got);
    return bytes;
  }

 private:
  // A file system gives the number of a removed file to the next one that is made: the time it was made tells them apart.
  static std::uint64_t identity_of(const struct statx& info) noexcept {
    const std::uint64_t made_ns = static_cast<std::uint64_t>(info.stx_btime.tv_sec) * 1'000'000'000 + info.stx_btime.tv_nsec;
    return info.stx_ino ^ made_ns << 16;
  }

  int fd_;
  int error_{0};
  std::uint64_t identity_{0};
  std::uint64_t size_{0};
};

bool is_name(const std::string& name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@:+";
  return !name.empty() && name.size() <= model::wire::name_bytes_max && name.front() != '.' &&
         name.find_first_not_of(allowed) == std::string::npos;
}

// All files of a workload, the newest first. A rotation between two opens shows the same file twice: it is left out.
Result<std::vector<OpenLog>> open_all(const std::string& folder, const std::string& workload) {
  if (!is_name(workload)) return Error{ErrorKind::invalid, "read the log of", workload, "that is no workload's name"};
  std::vector<OpenLog> logs;
  const std::string path = folder + workload + ".log";
  int error = 0;
  for (std::uint32_t number = 0; number <= rotated_max; ++number) {
    OpenLog log(number == 0 ? path : path + "." + std::to_string(number));
    if (!log.is_open()) {
      error = log.error();
      // Just rotated away, and nothing written since: the next one may be there.
      if (number == 0 && error == ENOENT) continue;
      break;
    }
    if (logs.empty() || logs.back().identity() != log.identity()) logs.push_back(std::move(log));
  }
  if (logs.empty()) return Error::from_errno(error, "read the log", path);
  return logs;
}

// Adds the end of one file before `bytes`, until they hold `lines` whole lines or are as large as may be. True when it was
// enough.
bool prepend_lines(const OpenLog& log, std::uint32_t lines, std::string& bytes) {
  std::uint64_t end = log.size();
  while (end > 0) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, end));
    bytes.insert(0, log.read(end - size, size));
    end -= size;
    const bool is_large = bytes.size() + block_bytes > ports::log_part_bytes_max;
    // One newline more than lines: the first line is then whole.
    if (is_large || std::count(bytes.begin(), bytes.end(), '\n') > static_cast<std::ptrdiff_t>(lines)) return true;
  }
  return false;
}

// Leaves the last `lines` lines.
void keep_last(std::uint32_t lines, std::string& bytes) {
  std::size_t begin = bytes.size();
  // A line that has no end yet counts as one.
  std::uint32_t found = !bytes.empty() && bytes.back() != '\n' ? 1 : 0;
  while (begin > 0) {
    if (bytes[begin - 1] == '\n' && ++found > lines) break;
    --begin;
  }
  bytes.erase(0, begin);
}

}  // namespace

Result<LogPart> LogFiles::last(const std::string& workload, std::uint32_t lines) {
  const auto logs = open_all(folder_, workload);
  if (!logs) return logs.error();
  const std::uint32_t wanted = std::min(lines, ports::log_lines_max);
  LogPart part;
  part.next = {logs->front().identity(), logs->front().size()};
  for (const OpenLog& log : *logs)
    if (prepend_lines(log, wanted, part.bytes)) break;
  keep_last(wanted, part.bytes);
  return part;
}

Result<LogPart> LogFiles::behind(const std::string& workload, LogPosition position) {
  const auto logs = open_all(folder_, workload);
  if (!logs) return logs.error();
  LogPart part;
  auto at = std::find_if(logs->begin(), logs->end(), [&](const OpenLog& log) { return log.identity() == position.file; });
  // Cut short by somebody, or not there any more: from the begin of what is there.
  const bool is_gone = at == logs->end() || at->size() < position.offset;
  if (at == logs->end()) at = std::prev(logs->end());
  part.has_gap = is_gone && position.file != 0;
  part.next = {at->identity(), is_gone ? 0 : position.offset};
  while (part.bytes.size() < ports::log_part_bytes_max) {
    const std::string more = at->read(part.next.offset, ports::log_part_bytes_max - part.bytes.size());
    part.bytes += more;
    part.next.offset += more.size();
    if (at == logs->begin() || !more.empty()) break;
    --at;  // the next newer file
    part.next = {at->identity(), 0};
  }
  return part;
}

}  // namespace watchbill::drivers::agent
