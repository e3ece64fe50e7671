#include "keeper/output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/assert.h"

namespace watchbill::keeper {
namespace {

using Path = std::array<char, model::wire::name_bytes_max + 48>;

Path log_path(std::string_view name, std::uint32_t number) noexcept {
  Path path{};
  const int size = static_cast<int>(name.size());
  if (number == 0) std::snprintf(path.data(), path.size(), "logs/%.*s.log", size, name.data());
  else std::snprintf(path.data(), path.size(), "logs/%.*s.log.%u", size, name.data(), number);
  return path;
}

constexpr std::size_t stamp_bytes = 25;

// format_rfc3339 and a blank, without its allocation.
void write_stamp(Instant wall, char* out) noexcept {
  const std::time_t seconds = static_cast<std::time_t>(wall.ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(wall.ms % 1000));
  std::memcpy(out, text, stamp_bytes);
}

// Copies a slice with a stamp before each line.
class Stamped {
 public:
  explicit Stamped(Instant wall) noexcept { write_stamp(wall, stamp_); }
  // Takes from the front of `bytes` what fits; gives how many bytes of `out` are used.
  std::size_t fill(std::string_view& bytes, bool& is_inside_line, char* out, std::size_t room) noexcept {
    std::size_t used = 0;
    while (!bytes.empty() && room - used > stamp_bytes) {
      if (!is_inside_line) {
        std::memcpy(out + used, stamp_, stamp_bytes);
        used += stamp_bytes;
        is_inside_line = true;
      }
      const std::size_t newline = bytes.find('\n');
      const std::size_t line = newline == std::string_view::npos ? bytes.size() : newline + 1;
      const std::size_t taken = std::min(line, room - used);
      std::memcpy(out + used, bytes.data(), taken);
      used += taken;
      is_inside_line = taken != line || newline == std::string_view::npos;
      bytes.remove_prefix(taken);
    }
    return used;
  }

 private:
  char stamp_[stamp_bytes];
};

// NAME.log becomes NAME.log.1, and so on; the last one goes.
void rotate(std::string_view name, std::uint32_t keep_count) noexcept {
  if (keep_count == 0) {
    unlink(log_path(name, 0).data());
    return;
  }
  for (std::uint32_t number = keep_count; number > 0; --number)
    (void)rename(log_path(name, number - 1).data(), log_path(name, number).data());
}

// A keeper that runs as root writes for the account that owns the folder: that one reads the logs.
void give_to_owner(int fd) noexcept {
  struct stat log {}, folder {};
  const bool is_ours = fstat(fd, &log) == 0 && log.st_size == 0 && log.st_uid == 0;
  if (is_ours && stat("logs", &folder) == 0 && folder.st_uid != 0) (void)!fchown(fd, folder.st_uid, static_cast<gid_t>(-1));
}

int open_log(std::string_view name) noexcept {
  const int fd = open(log_path(name, 0).data(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd >= 0) give_to_owner(fd);
  return fd;
}

void refill(const model::wire::LogTerms& terms, LogState& state, Instant now) noexcept {
  const std::int64_t passed_ms = std::clamp<std::int64_t>((now - state.refilled_at).ms, 0, 1000);
  if (passed_ms == 0) return;
  // One second's worth may come at once.
  const std::uint64_t gained = terms.rate_bytes_per_second * static_cast<std::uint64_t>(passed_ms) / 1000;
  state.tokens = std::min(terms.rate_bytes_per_second, state.tokens + gained);
  state.refilled_at = now;
}

}  // namespace

void write_log(const model::wire::LogTerms& terms, LogState& state, const LogSlice& slice) noexcept {
  refill(terms, state, slice.now);
  std::string_view rest =
      slice.bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(slice.bytes.size(), state.tokens)));
  state.tokens -= rest.size();
  std::uint64_t discarded = slice.bytes.size() - rest.size();
  int fd = rest.empty() ? -1 : open_log(slice.name);
  struct stat status {};
  if (fd >= 0 && fstat(fd, &status) == 0 && static_cast<std::uint64_t>(status.st_size) >= terms.max_bytes) {
    close(fd);
    rotate(slice.name, terms.keep_count);
    fd = open_log(slice.name);
  }
  if (!rest.empty() && fd < 0) state.error = errno;
  Stamped stamped(slice.wall);
  while (fd >= 0 && !rest.empty()) {
    static char buffer[64U << 10];
    const std::size_t before = rest.size();
    const std::size_t size = stamped.fill(rest, state.is_inside_line, buffer, sizeof buffer);
    const ssize_t written = write(fd, buffer, size);
    if (written == static_cast<ssize_t>(size)) continue;
    state.error = written < 0 ? errno : ENOSPC;
    discarded += before - rest.size();
    break;
  }
  discarded += rest.size();
  if (discarded != 0) state.is_inside_line = false;
  state.discarded_bytes += discarded;
  state.discarded_total += discarded;
  if (fd >= 0) close(fd);
}

std::size_t last_lines(std::string_view name, std::uint32_t line_count, char* out, std::size_t out_bytes) noexcept {
  const int fd = open(log_path(name, 0).data(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return 0;
  const off_t end = lseek(fd, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, end - static_cast<off_t>(out_bytes));
  const ssize_t got = end > 0 ? pread(fd, out, out_bytes, from) : 0;
  close(fd);
  if (got <= 0) return 0;
  const std::string_view text(out, static_cast<std::size_t>(got));
  std::size_t at = text.back() == '\n' ? text.size() - 1 : text.size();
  for (std::uint32_t i = 0; i < line_count && at != 0; ++i) {
    const std::size_t newline = text.rfind('\n', at - 1);
    at = newline == std::string_view::npos ? 0 : newline;
  }
  const std::size_t begin = at == 0 ? 0 : at + 1;
  std::memmove(out, out + begin, text.size() - begin);
  return text.size() - begin;
}

namespace {

void capture_path(std::uint64_t number, char (&path)[64]) noexcept {
  std::snprintf(path, sizeof path, "keeper/effects/%llu", static_cast<unsigned long long>(number));
}

}  // namespace

Capture* map_capture(std::uint64_t number) noexcept {
  char path[64];
  capture_path(number, path);
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  // Its blocks are taken now: a mapped file that the disk has no room for would be a signal later.
  const bool is_file = fd >= 0 && posix_fallocate(fd, 0, static_cast<off_t>(sizeof(Capture))) == 0;
  void* mapped = MAP_FAILED;
  // Its pages are made now as well: a keeper's death between a read and the copy to here loses what was read, and a page fault
  // in a file takes long beside a copy.
  const int flags = MAP_SHARED | MAP_POPULATE;
  if (is_file) mapped = mmap(nullptr, sizeof(Capture), PROT_READ | PROT_WRITE, flags, fd, 0);
  if (fd >= 0) close(fd);
  if (mapped == MAP_FAILED) {
    unlink(path);
    mapped = mmap(nullptr, sizeof(Capture), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  WB_ASSERT(mapped != MAP_FAILED, "the number of running effects is bounded");
  return static_cast<Capture*>(mapped);
}

void unmap_capture(Capture* capture) noexcept { munmap(capture, sizeof(Capture)); }

void remove_capture(std::uint64_t number) noexcept {
  char path[64];
  capture_path(number, path);
  unlink(path);
}

void capture(Capture::Stream& stream, std::string_view bytes) noexcept {
  constexpr std::size_t head_max = model::wire::output_head_bytes_max;
  constexpr std::size_t tail_max = model::wire::output_tail_bytes_max;
  if (stream.bytes_seen < head_max) {
    const std::size_t taken = std::min<std::size_t>(bytes.size(), head_max - stream.bytes_seen);
    std::memcpy(stream.head + stream.bytes_seen, bytes.data(), taken);
    stream.bytes_seen += taken;
    bytes.remove_prefix(taken);
  }
  while (!bytes.empty()) {
    const std::size_t at = (stream.bytes_seen - head_max) % tail_max;
    const std::size_t taken = std::min(bytes.size(), tail_max - at);
    std::memcpy(stream.tail + at, bytes.data(), taken);
    stream.bytes_seen += taken;
    bytes.remove_prefix(taken);
  }
}

model::wire::CapturedStream captured(const Capture::Stream& stream, char* tail_bytes) noexcept {
  constexpr std::uint64_t head_max = model::wire::output_head_bytes_max;
  constexpr std::uint64_t tail_max = model::wire::output_tail_bytes_max;
  model::wire::CapturedStream told;
  told.head = {stream.head, static_cast<std::size_t>(std::min(stream.bytes_seen, head_max))};
  if (stream.bytes_seen <= head_max) return told;
  const std::uint64_t after_head = stream.bytes_seen - head_max;
  const std::size_t size = static_cast<std::size_t>(std::min(after_head, tail_max));
  const std::size_t first = after_head <= tail_max ? 0 : static_cast<std::size_t>(after_head % tail_max);
  std::memcpy(tail_bytes, stream.tail + first, size - first);
  std::memcpy(tail_bytes + (size - first), stream.tail, first);
  told.tail = {tail_bytes, size};
  told.bytes_omitted = after_head - size;
  return told;
}

}  // namespace watchbill::keeper
