#include "drivers/agent/group_figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::drivers::agent {
namespace {

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

struct ProcessFigures {
  std::int64_t pid{0};
  std::int64_t session{0};
  bool is_attendant{false};  // of a systemd unit
  double cpu_seconds{0};
  std::uint64_t memory_bytes{0};
};

using Text = std::array<char, 2048>;

// What a file of /proc/PID begins with; empty when there is no such process.
std::string_view read_file(std::int64_t pid, const char* name, Text& text) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%lld/%s", static_cast<long long>(pid), name);
  const int fd = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const ssize_t size = read(fd, text.data(), text.size() - 1);
  close(fd);
  text[size > 0 ? static_cast<std::size_t>(size) : 0] = '\0';
  return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// Fields 6, 14 to 17 and 24 of /proc/PID/stat; the command in field 2 may hold blanks and brackets.
bool read_stat(std::int64_t pid, ProcessFigures& figures) {
  Text text{};
  const bool is_there = !read_file(pid, "stat", text).empty();
  const char* const fields = is_there ? std::strrchr(text.data(), ')') : nullptr;
  if (fields == nullptr) return false;
  figures.is_attendant = std::strstr(text.data(), "(watchbill-unit) ") != nullptr;
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

void add(const ProcessFigures& process, Instant now, GroupFigures& group) {
  ++group.process_count;
  group.cpu_seconds += process.cpu_seconds;
  group.memory_bytes += process.memory_bytes;
  group.open_fds += count_descriptors(process.pid);
  group.read_at = now;
}

// The unit that an attendant was started for: its one argument.
std::string unit_of(std::int64_t attendant) {
  Text text{};
  const std::string_view command = read_file(attendant, "cmdline", text);
  const std::size_t end = std::min(command.find('\0'), command.size());
  return end + 1 < command.size() ? std::string(command.data() + end + 1) : std::string();
}

// Adds the processes in the control groups of units: "0::/system.slice/nginx.service", and what is below that.
void add_of_units(const std::map<std::string, std::int64_t>& attendants, const std::vector<ProcessFigures>& others, Instant now,
                  std::map<std::int64_t, GroupFigures>& groups) {
  Text text{};
  for (const ProcessFigures& process : others) {
    std::string_view path = read_file(process.pid, "cgroup", text);
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find_first_of("/\n"));
      path.remove_prefix(std::min(path.size(), part.size() + 1));
      const auto attendant = attendants.find(std::string(part));
      if (attendant == attendants.end()) continue;
      add(process, now, groups[attendant->second]);
      break;
    }
  }
}

}  // namespace

std::map<std::int64_t, GroupFigures> read_group_figures(const std::set<std::int64_t>& leaders) {
  std::map<std::int64_t, GroupFigures> groups;
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  const Instant now{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
  const Directory processes(opendir("/proc"), &closedir);
  if (processes == nullptr || leaders.empty()) return groups;
  std::map<std::string, std::int64_t> attendants;  // by unit
  std::vector<ProcessFigures> others;
  while (const dirent* entry = readdir(processes.get())) {
    ProcessFigures process;
    process.pid = std::strtoll(entry->d_name, nullptr, 10);
    if (process.pid <= 0 || !read_stat(process.pid, process)) continue;
    if (!leaders.contains(process.session)) {
      others.push_back(process);
      continue;
    }
    add(process, now, groups[process.session]);
    if (process.is_attendant && process.pid == process.session) attendants.emplace(unit_of(process.pid), process.pid);
  }
  if (!attendants.empty()) add_of_units(attendants, others, now, groups);
  return groups;
}

}  // namespace watchbill::drivers::agent
