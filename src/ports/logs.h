// The log files of workloads, which their keeper writes and rotates. Source: domain/supervision.md §8 "Output".
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace watchbill::ports {

// Where reading stopped: in which file (a number of its own, so that it is found again when it was rotated) and at which byte.
struct LogPosition {
  std::uint64_t file{0};
  std::uint64_t offset{0};
};

struct LogPart {
  std::string bytes;      // whole lines as far as there are any, each with its receive time before it
  LogPosition next;       // where the next part begins
  bool has_gap{false};    // what followed the position is gone: it was rotated away
};

inline constexpr std::uint32_t log_lines_max = 100'000;
inline constexpr std::size_t log_part_bytes_max = 1U << 20;

class LogPort {
 public:
  virtual ~LogPort() = default;
  // The last `lines` lines (at most log_lines_max) of a workload, through its rotated files, within log_part_bytes_max. Fails
  // not_found when it has written nothing, invalid for what can be no workload's name. Waits for the disk; any thread.
  [[nodiscard]] virtual Result<LogPart> last(const std::string& workload, std::uint32_t lines) = 0;
  // What was written behind a position, at most log_part_bytes_max; empty bytes when there is nothing yet.
  [[nodiscard]] virtual Result<LogPart> behind(const std::string& workload, LogPosition position) = 0;
};

}  // namespace watchbill::ports
