// What workloads write: log files with rotation, rate and a count of what was discarded; and the bounded capture of effects.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "model/wire/effects.h"
#include "model/wire/terms.h"

namespace watchbill::keeper {

// One log file, logs/NAME.log below the current directory. Each line is preceded by its receive time: "2026-03-01T12:00:00.250Z
// ". The file is opened for each slice: 5 000 workloads must not hold 5 000 more descriptors, and whoever moves the file away is
// obeyed.
struct LogState {
  std::uint64_t tokens{0};        // bytes that may be written now
  Instant refilled_at;            // monotonic
  bool is_inside_line{false};
  std::uint64_t discarded_bytes{0};   // since the last report of a gap
  std::uint64_t discarded_total{0};
  int error{0};                   // errno of the last write that failed, since the last report
};

struct LogSlice {
  std::string_view name;          // of the workload
  std::string_view bytes;
  Instant now;                    // monotonic
  Instant wall;                   // stamps the lines
};

// Writes one slice of output, or counts it as discarded: beyond the rate, or when the disk takes nothing. Rotates at max_bytes.
void write_log(const model::wire::LogTerms& terms, LogState& state, const LogSlice& slice) noexcept;

// The last `line_count` lines of a log within its last `out.size()` bytes; gives how many bytes of `out` they take, from its
// front.
[[nodiscard]] std::size_t last_lines(std::string_view name, std::uint32_t line_count, char* out, std::size_t out_bytes) noexcept;

// The two streams of an effect, in a file that both this keeper and its successor map: what was captured survives either.
struct Capture {
  struct Stream {
    std::uint64_t bytes_seen;
    char head[model::wire::output_head_bytes_max];
    char tail[model::wire::output_tail_bytes_max];  // ring, by bytes_seen - head
  };
  Stream out;
  Stream err;
};

// Maps keeper/effects/NUMBER, made where it is absent; anonymous memory when the disk takes no file. Never null.
[[nodiscard]] Capture* map_capture(std::uint64_t number) noexcept;
void unmap_capture(Capture* capture) noexcept;
void remove_capture(std::uint64_t number) noexcept;
void capture(Capture::Stream& stream, std::string_view bytes) noexcept;
// The stream as it is told; `tail_bytes` has room for output_tail_bytes_max and holds the tail in order.
[[nodiscard]] model::wire::CapturedStream captured(const Capture::Stream& stream, char* tail_bytes) noexcept;

}  // namespace watchbill::keeper
