#include "drivers/agent/group_figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace watchbill::drivers::agent {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

struct ProcessFigures {
  std::int64_t session{0};
  double cpu_seconds{0};
  std::uint64_t memory_bytes{0};
};

// Fields 6, 14 to 17 and 24 of /proc/PID/stat; the command in field 2 may hold blanks and brackets.
bool read_stat(std::int64_t pid, ProcessFigures& figures) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%lld/stat", static_cast<long long>(pid));
  const int fd = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<char, 2048> text{};
  const ssize_t size = read(fd, text.data(), text.size() - 1);
  close(fd);
  const char* const fields = size > 0 ? std::strrchr(text.data(), ')') : nullptr;
  if (fields == nullptr) return false;
  unsigned long long user = 0, system = 0;
  long long child_user = 0, child_system = 0, session = 0, pages = 0;
  const int read_count =
      std::sscanf(fields + 1, " %*c %*d %*d %lld %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld %*d %*d %*d %*d %*u %*u %lld",
                  &session, &user, &system, &child_user, &child_system, &pages);
  if (read_count != 6) return false;
  static const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  figures.session = session;
  figures.cpu_seconds =
      (static_cast<double>(user) + static_cast<double>(system) + static_cast<double>(child_user + child_system)) /
      ticks_per_second;
  figures.memory_bytes = static_cast<std::uint64_t>(pages) * page_bytes;
  return true;
}

std::uint64_t count_descriptors(std::int64_t pid) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%lld/fd", static_cast<long long>(pid));
  const Directory directory(opendir(path.data()), &closedir);
  if (directory == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = readdir(directory.get())) count += entry->d_name[0] == '.' ? 0U : 1U;
  return count;
}

}  // namespace

std::map<std::int64_t, GroupFigures> read_group_figures(const std::set<std::int64_t>& leaders) {
  std::map<std::int64_t, GroupFigures> groups;
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  const Instant now{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
  const Directory processes(opendir("/proc"), &closedir);
  if (processes == nullptr || leaders.empty()) return groups;
  while (const dirent* entry = readdir(processes.get())) {
    const std::int64_t pid = std::strtoll(entry->d_name, nullptr, 10);
    ProcessFigures process;
    if (pid <= 0 || !read_stat(pid, process) || !leaders.contains(process.session)) continue;
    GroupFigures& group = groups[process.session];
    ++group.process_count;
    group.cpu_seconds += process.cpu_seconds;
    group.memory_bytes += process.memory_bytes;
    group.open_fds += count_descriptors(pid);
    group.read_at = now;
  }
  return groups;
}

}  // namespace watchbill::drivers::agent
