// Time zone files as the system has them (TZif), and the rules that stand at their end. Pure; any thread.
// Source: RFC 8536; of the rules POSIX TZ with hours beyond a day.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/configuration_time.h"

namespace watchbill::config {

// The longest that exist have 4 kB.
inline constexpr std::size_t zone_file_bytes_max = 256U << 10;
// What was before is of no use to a controller, and is left out.
inline constexpr Instant zone_history_begin{1'577'836'800'000};  // 2020-01-01

// Why a text is no such thing, and at which of its bytes, from 0.
struct ZoneFileError {
  std::size_t offset{0};
  std::string text;
};

// The rule of a zone by itself: "CET-1CEST,M3.5.0,M10.5.0/3". One without daylight time has only an offset.
struct ZoneFooter {
  std::int32_t standard_offset{0};
  std::optional<ZoneRule> rule;
};
[[nodiscard]] Result<ZoneFooter, ZoneFileError> parse_zone_footer(std::string_view text);

// A whole file of version 2 or later without leap seconds; `name` is what the zone is called. Two files that say the same of the
// time since zone_history_begin, one with more of it written out, give the same.
[[nodiscard]] Result<ZoneConfiguration, ZoneFileError> parse_zone_file(std::string_view bytes, std::string_view name);

}  // namespace watchbill::config
