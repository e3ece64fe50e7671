// What the processes of each workload use: CPU time, memory, descriptors. Source: domain/supervision.md §7, §9.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/time.h"

namespace watchbill::drivers::agent {

struct GroupFigures {
  std::uint32_t process_count{0};
  double cpu_seconds{0};         // user and system, of the members that live and the children that they waited for
  std::uint64_t memory_bytes{0};  // resident; pages that members share count once for each
  std::uint64_t open_fds{0};     // of members whose descriptors we may list; others count as 0
  Instant read_at;               // CLOCK_MONOTONIC
};

// Reads every process once and adds up those whose session is one of `leaders` (a workload's leader begins a session). Members
// that left the session are not counted. A leader that is a watchbill-unit stands for a systemd service: the processes of that
// service's control group and of those below it count as its own. Blocks for about 10 µs a process, twice that where there is
// such a leader; any thread.
[[nodiscard]] std::map<std::int64_t, GroupFigures> read_group_figures(const std::set<std::int64_t>& leaders);

}  // namespace watchbill::drivers::agent
