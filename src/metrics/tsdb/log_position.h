// A place in the sample log: what lies before it was written before what lies behind it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace watchbill::metrics::tsdb {

struct LogPosition {
  std::uint32_t run{0};      // of the file's name; 0: before all files
  std::uint32_t segment{0};  // of the file's name
  std::uint64_t offset{0};   // in the file, at the beginning of a record or at the end
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// What blocks hold of the log: every sample that lies before `position` and is older than `before_ms`.
struct LogCoverage {
  std::int64_t before_ms{0};
  LogPosition position;
  // Whether all that `other` speaks of is in them.
  [[nodiscard]] bool holds(const LogCoverage& other) const noexcept {
    return before_ms >= other.before_ms && position >= other.position;
  }
};

// How far the log is on disk, and how much room it takes.
struct LogState {
  LogPosition position;  // what lies before it is on stable storage
  std::uint64_t bytes{0};
  // Samples of this stretch never reached the log: they are in memory alone until a block covers it. Given once the position is
  // behind it.
  std::optional<LogCoverage> gap{};
};

}  // namespace watchbill::metrics::tsdb
