#include "keeper/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/unit_name.h"

namespace watchbill::keeper {
namespace {

// Reads at most out.size() bytes of a file; the number read, 0 on any failure.
std::size_t read_file(const char* path, std::span<char> out) noexcept {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = read(fd, out.data() + size, out.size() - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  close(fd);
  return size;
}

// Calls visit(pid) for each decimal number in a text of numbers and blanks.
template <class Visit>
void for_each_number(std::string_view text, Visit&& visit) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    pid_t pid = 0;
    const auto [after, failure] = std::from_chars(at, end, pid);
    if (failure != std::errc{}) {
      ++at;
      continue;
    }
    visit(pid);
    at = after;
  }
}

// Calls visit(number) for each entry of a directory whose name is a number.
template <class Visit>
void for_each_numbered_entry(const char* path, Visit&& visit) {
  DIR* const directory = opendir(path);
  if (directory == nullptr) return;
  while (const dirent* entry = readdir(directory)) {
    pid_t pid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto [after, failure] = std::from_chars(static_cast<const char*>(entry->d_name), end, pid);
    if (failure == std::errc{} && after == end) visit(pid);
  }
  closedir(directory);
}

constexpr std::string_view keeper_key = "WATCHBILL_KEEPER=";
constexpr std::string_view name_key = "WATCHBILL_WORKLOAD=";
constexpr std::string_view incarnation_key = "WATCHBILL_INCARNATION=";

}  // namespace

bool read_stat(pid_t pid, ProcessStat& stat) noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  char text[1024];
  const std::size_t size = read_file(path, {text, sizeof text - 1});
  text[size] = '\0';
  // The command stands in parentheses and may hold anything, parentheses too: the last one ends it.
  const char* const after_command = static_cast<const char*>(memrchr(text, ')', size));
  if (after_command == nullptr) return false;
  unsigned long long start = 0;
  long threads = 0;
  const int read = std::sscanf(after_command + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu",
                               &stat.state, &stat.parent, &stat.group, &stat.session, &threads, &start);
  if (read != 6) return false;
  stat.thread_count = static_cast<std::uint32_t>(threads);
  stat.start_ticks = start;
  return true;
}

std::uint64_t start_ticks_of(pid_t pid) noexcept {
  ProcessStat stat;
  return read_stat(pid, stat) ? stat.start_ticks : 0;
}

bool read_marker(pid_t pid, std::span<char> buffer, Marker& marker) noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/environ", pid);
  std::string_view text(buffer.data(), read_file(path, buffer));
  marker = Marker{};
  bool has_incarnation = false;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
    if (entry.substr(0, keeper_key.size()) == keeper_key) {
      marker.keeper = entry.substr(keeper_key.size());
    } else if (entry.substr(0, name_key.size()) == name_key) {
      marker.name = entry.substr(name_key.size());
    } else if (entry.substr(0, incarnation_key.size()) == incarnation_key) {
      const char* const end = entry.data() + entry.size();
      has_incarnation = std::from_chars(entry.data() + incarnation_key.size(), end, marker.incarnation).ptr == end;
    }
  }
  return !marker.keeper.empty() && !marker.name.empty() && has_incarnation;
}

namespace {

bool carries_marker(pid_t pid, const Marker& wanted) noexcept {
  static char buffer[160U << 10];  // 128 KiB is what one environment string may have; ours stand first
  Marker marker;
  return read_marker(pid, buffer, marker) && marker == wanted;
}

}  // namespace

bool PidList::contains(pid_t pid) const noexcept {
  return std::find(pids.begin(), pids.begin() + size, pid) != pids.begin() + size;
}

void PidList::add(pid_t pid) noexcept {
  if (size < pids.size() && !contains(pid)) pids[size++] = pid;
}

void add_descendants(PidList& list) noexcept {
  const pid_t self = getpid();  // may have been started by a member: the guarded controller starts a keeper that it misses
  for (std::size_t i = 0; i < list.size; ++i) {
    const pid_t pid = list.pids[i];
    char path[96];
    std::snprintf(path, sizeof path, "/proc/%d/task", pid);
    // A child belongs to the thread that made it, so each thread is asked.
    for_each_numbered_entry(path, [&list, pid, self](pid_t thread) {
      char children[96];
      std::snprintf(children, sizeof children, "/proc/%d/task/%d/children", pid, thread);
      char text[16U << 10];
      for_each_number({text, read_file(children, text)}, [&list, self](pid_t child) {
        if (child != self) list.add(child);
      });
    });
  }
}

void add_marked(PidList& list, const Marker& marker, pid_t group) noexcept {
  for_each_numbered_entry("/proc", [&](pid_t pid) {
    ProcessStat stat;
    if (pid == getpid() || !read_stat(pid, stat) || stat.state == 'Z') return;
    const bool is_in_group = group != 0 && (stat.session == group || stat.group == group);
    if (is_in_group || carries_marker(pid, marker)) list.add(pid);
  });
}

void add_of_cgroup(PidList& list, const char* directory) noexcept {
  static char text[64U << 10];
  char path[512];
  if (std::snprintf(path, sizeof path, "%s/cgroup.procs", directory) >= static_cast<int>(sizeof path)) return;
  for_each_number({text, read_file(path, text)}, [&list](pid_t pid) {
    ProcessStat stat;
    if (pid > 0 && read_stat(pid, stat) && stat.state != 'Z') list.add(pid);
  });
}

bool kill_cgroup(const char* directory) noexcept {
  char path[512];
  if (std::snprintf(path, sizeof path, "%s/cgroup.kill", directory) >= static_cast<int>(sizeof path)) return false;
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_done = write(fd, "1", 1) == 1;
  close(fd);
  return is_done;
}

bool is_within_unit(std::string_view cgroups) noexcept {
  while (!cgroups.empty()) {
    const std::string_view part = cgroups.substr(0, cgroups.find_first_of("/\n"));
    if (part.ends_with(".service") || part.ends_with(".scope")) return true;
    cgroups.remove_prefix(std::min(cgroups.size(), part.size() + 1));
  }
  return false;
}

bool is_cgroup_of_others(std::string_view directory) noexcept {
  constexpr std::string_view mount = "/sys/fs/cgroup/";
  if (directory.size() <= mount.size() || directory.size() > 480 || directory.substr(0, mount.size()) != mount) return false;
  if (!is_service_name(directory.substr(directory.rfind('/') + 1))) return false;
  for (const std::string_view wrong : {std::string_view("\0", 1), std::string_view("/."), std::string_view("//")})
    if (directory.find(wrong) != std::string_view::npos) return false;
  char text[4096];
  std::string_view own(text, read_file("/proc/self/cgroup", text));
  if (own.empty()) return false;
  // Lines of "NUMBER:CONTROLLERS:/PATH". Which hierarchy is mounted where does not matter: a path that ends in ours, or in one
  // above it, is taken for it.
  while (!own.empty()) {
    const std::string_view line = own.substr(0, own.find('\n'));
    own.remove_prefix(std::min(own.size(), line.size() + 1));
    const std::size_t colon = line.find(':', line.find(':') + 1);
    std::string_view path = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    for (; path.size() > 1; path = path.substr(0, path.rfind('/')))
      if (directory.size() > path.size() && directory.substr(directory.size() - path.size()) == path) return false;
  }
  return true;
}

void children_of_first_thread(std::vector<pid_t>& children) {
  static char text[256U << 10];
  static const int fd = [] {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    return open(path, O_RDONLY | O_CLOEXEC);
  }();
  children.clear();
  if (fd < 0) return;
  std::size_t size = 0;
  if (lseek(fd, 0, SEEK_SET) != 0) return;
  for (;;) {
    const ssize_t got = read(fd, text + size, sizeof text - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  for_each_number({text, size}, [&children](pid_t pid) { children.push_back(pid); });
}

BootId read_boot_id() noexcept {
  BootId id;
  id.size = read_file("/proc/sys/kernel/random/boot_id", id.text);
  return id;
}

}  // namespace watchbill::keeper
