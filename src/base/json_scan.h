// The one loop that all JSON strings go through, read and written.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace watchbill::json {

// The first byte from `from` on that does not stand for itself in a JSON string (quote, backslash, control character) or, when
// `stops_at_wide`, belongs to a sequence of UTF-8; the size of the text when there is none. Eight bytes at a time.
template <bool stops_at_wide>
[[nodiscard]] inline std::size_t find_special(std::string_view text, std::size_t from) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
  // Marks bytes below the limit. The lowest mark is right; above it others may be wrong.
  const auto below = [](std::uint64_t bytes, std::uint64_t limit) { return (bytes - ones * limit) & ~bytes & highs; };
  std::size_t i = from;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, 8);  // all hosts we build for are little-endian
    std::uint64_t found = below(bytes, 0x20) | below(bytes ^ ones * 0x22, 1) | below(bytes ^ ones * 0x5C, 1);
    if constexpr (stops_at_wide) found |= bytes & highs;
    if (found != 0) return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  for (; i < text.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    if (byte == '"' || byte == '\\' || byte < 0x20 || (stops_at_wide && byte >= 0x80)) break;
  }
  return i;
}

// The first byte from `from` on that is not ASCII, or the size.
[[nodiscard]] inline std::size_t skip_ascii(std::string_view text, std::size_t from) noexcept {
  constexpr std::uint64_t highs = 0x8080808080808080;
  std::size_t i = from;
  for (std::uint64_t bytes = 0; i + 8 <= text.size(); i += 8) {
    std::memcpy(&bytes, text.data() + i, 8);
    if ((bytes & highs) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace watchbill::json
