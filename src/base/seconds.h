// Times and durations as plain numbers of seconds, "1772366400.5" and "15": as Prometheus' API and its tools write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace watchbill {

// In ms, to the nearest. Nothing unless the whole text is one decimal number, a sign and an exponent allowed, of less than 9e12
// seconds.
[[nodiscard]] std::optional<std::int64_t> parse_plain_seconds(std::string_view text) noexcept;

}  // namespace watchbill
