// How records stand in the files of the sample log, and what those files are called: for who writes, loads or follows them.
//
// A record is "WBs1", length (4 bytes), the first 8 bytes of the SHA-256 of length and payload, payload (log_record.h); numbers
// with the low byte first. A file is called RUN-SEGMENT.log, both of six to nine decimal digits (numbered_names.h). Pure; any
// thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/tsdb/log_position.h"

namespace watchbill::metrics::tsdb {

inline constexpr std::size_t log_header_bytes = 16;

// One file of the log. Each start of the program begins a run; numbers begin with 1.
struct LogSegment {
  std::uint32_t run{0};
  std::uint32_t segment{0};
  friend auto operator<=>(const LogSegment&, const LogSegment&) = default;
};

// The file that a position lies in.
[[nodiscard]] constexpr LogSegment segment_of(const LogPosition& position) noexcept { return {position.run, position.segment}; }
// "000001-000002.log"
[[nodiscard]] std::string file_name(LogSegment segment);
// Nothing for any other name.
[[nodiscard]] std::optional<LogSegment> segment_of(std::string_view name);

// The record with this payload, which has less than 4 GiB, behind what `out` holds; copied once.
void append_framed(std::string& out, std::string_view payload);
// The payload of the record that begins these bytes, or nothing when no good one does.
[[nodiscard]] std::optional<std::string_view> payload_at(std::string_view bytes) noexcept;
// The bytes of the record that begins here, header included, if its header is to be believed; 0 where no header begins.
[[nodiscard]] std::uint64_t claimed_bytes(std::string_view bytes) noexcept;
// Where the next good record begins, or the end.
[[nodiscard]] std::size_t next_record(std::string_view bytes, std::size_t from) noexcept;
// Whether these last bytes of a file are the beginning of a record whose rest is missing.
[[nodiscard]] bool is_torn(std::string_view bytes) noexcept;

}  // namespace watchbill::metrics::tsdb
