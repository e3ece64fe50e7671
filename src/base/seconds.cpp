#include "base/seconds.h"

#include <charconv>
#include <cmath>

namespace watchbill {

std::optional<std::int64_t> parse_plain_seconds(std::string_view text) noexcept {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const char* const begin = text.starts_with('+') ? text.data() + 1 : text.data();
  const auto [after, failure] = std::from_chars(begin, end, seconds);
  constexpr double seconds_max = 9e12;  // as ms it fits an integer, and lies beyond the year 9999
  if (failure != std::errc{} || after != end || !(std::abs(seconds) < seconds_max)) return std::nullopt;
  return std::llround(seconds * 1000);
}

}  // namespace watchbill
