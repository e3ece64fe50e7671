// What /proc tells about processes, and which of them belong to a group. No allocation; bounded reads.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace watchbill::keeper {

struct ProcessStat {
  pid_t parent{0};
  pid_t group{0};
  pid_t session{0};
  char state{'?'};
  std::uint32_t thread_count{0};
  std::uint64_t start_ticks{0};
};

// False when there is no such process.
[[nodiscard]] bool read_stat(pid_t pid, ProcessStat& stat) noexcept;

// What every process of an incarnation carries in the environment it was executed with: WATCHBILL_KEEPER, WATCHBILL_WORKLOAD and
// WATCHBILL_INCARNATION. (One that cleared its environment is found through its session or parents.)
struct Marker {
  std::string_view keeper;  // names the data directory: two keepers of one host may know the same name
  std::string_view name;
  std::uint64_t incarnation{0};
  friend bool operator==(const Marker&, const Marker&) = default;
};
// Reads the marker of a process. Texts are views into `buffer`; false when it has none.
[[nodiscard]] bool read_marker(pid_t pid, std::span<char> buffer, Marker& marker) noexcept;

// Up to 1024 pids; a group that is larger is signalled again and again until it is empty, so nobody escapes.
struct PidList {
  std::array<pid_t, 1024> pids{};
  std::size_t size{0};
  [[nodiscard]] bool contains(pid_t pid) const noexcept;
  void add(pid_t pid) noexcept;
  [[nodiscard]] std::span<const pid_t> all() const noexcept { return {pids.data(), size}; }
};

// Adds the descendants of everything in the list.
void add_descendants(PidList& list) noexcept;

// Adds every process of the host that carries the marker, or whose session or group is `group` (0: neither is asked).
// Costs some 10 µs for each process of the host: only for groups that this keeper did not start.
void add_marked(PidList& list, const Marker& marker, pid_t group) noexcept;

// Adds the processes of the control group at this directory (not of those below it); nothing where there is none.
void add_of_cgroup(PidList& list, const char* directory) noexcept;

// Has the kernel kill all processes of a control group and of those below it. False where it cannot: version 1, no right.
[[nodiscard]] bool kill_cgroup(const char* directory) noexcept;

// Whether these lines of /proc/PID/cgroup are of a service or scope of systemd. In the root of a container, say, nobody ends the
// group as a whole.
[[nodiscard]] bool is_within_unit(std::string_view cgroups) noexcept;

// Whether this can be the control group of somebody's service: below /sys/fs/cgroup, a plain path that ends in a service's name,
// and this process is not in it or below it.
[[nodiscard]] bool is_cgroup_of_others(std::string_view directory) noexcept;

// The children of this process's first thread, zombies included, into `children` (cleared first): the orphans that came to it,
// and what a keeper that was replaced in place had started.
void children_of_first_thread(std::vector<pid_t>& children);

// The clock ticks of a process's start, or 0.
[[nodiscard]] std::uint64_t start_ticks_of(pid_t pid) noexcept;

// /proc/sys/kernel/random/boot_id into 36 characters; empty when it cannot be read.
struct BootId {
  std::array<char, 36> text{};
  std::size_t size{0};
  [[nodiscard]] std::string_view view() const noexcept { return {text.data(), size}; }
};
[[nodiscard]] BootId read_boot_id() noexcept;

}  // namespace watchbill::keeper
