// Instants and durations of the engine clock, in whole milliseconds. Nothing here reads a clock.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill {

// A span of time in milliseconds; may be negative as a difference.
struct Duration {
  std::int64_t ms{0};

  [[nodiscard]] static constexpr Duration milliseconds(std::int64_t n) noexcept { return {n}; }
  [[nodiscard]] static constexpr Duration seconds(std::int64_t n) noexcept { return {n * 1000}; }
  [[nodiscard]] static constexpr Duration minutes(std::int64_t n) noexcept { return {n * 60'000}; }
  [[nodiscard]] static constexpr Duration hours(std::int64_t n) noexcept { return {n * 3'600'000}; }
  [[nodiscard]] static constexpr Duration days(std::int64_t n) noexcept { return {n * 86'400'000}; }

  friend constexpr auto operator<=>(Duration, Duration) noexcept = default;
  friend constexpr Duration operator+(Duration a, Duration b) noexcept { return {a.ms + b.ms}; }
  friend constexpr Duration operator-(Duration a, Duration b) noexcept { return {a.ms - b.ms}; }
  friend constexpr Duration operator*(Duration a, std::int64_t n) noexcept { return {a.ms * n}; }
  friend constexpr Duration operator/(Duration a, std::int64_t n) noexcept { return {a.ms / n}; }
};

// A point of the engine clock: milliseconds since 1970-01-01T00:00:00Z.
struct Instant {
  std::int64_t ms{0};

  [[nodiscard]] static constexpr Instant never() noexcept { return {std::numeric_limits<std::int64_t>::max()}; }

  friend constexpr auto operator<=>(Instant, Instant) noexcept = default;
  friend constexpr Instant operator+(Instant t, Duration d) noexcept { return {t.ms + d.ms}; }
  friend constexpr Instant operator-(Instant t, Duration d) noexcept { return {t.ms - d.ms}; }
  friend constexpr Duration operator-(Instant a, Instant b) noexcept { return {a.ms - b.ms}; }
};

// Reads a duration as Prometheus writes it: "250ms", "1h30m", "5m", "1w", "0"; units y w d h m s ms, each at most once, in that
// order. Fails (ErrorKind::invalid) on anything else, trailing characters and overflow included; `detail` says what was expected.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest form that parse_duration reads back: "1h30m", "250ms", "0s". Negative durations get a leading "-".
[[nodiscard]] std::string format_duration(Duration duration);

// RFC 3339 in UTC with milliseconds: "2026-03-01T12:00:00.250Z". Years 0000 to 9999.
[[nodiscard]] std::string format_rfc3339(Instant instant);

// Reads RFC 3339 with "Z" or a numeric offset and up to nine decimals (cut to milliseconds). Fails (invalid) on anything else.
[[nodiscard]] Result<Instant> parse_rfc3339(std::string_view text);

}  // namespace watchbill
