// Characters of UTF-8.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace watchbill {

// How many there are in valid UTF-8.
[[nodiscard]] inline std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xc0') != '\x80'; }));
}

// The beginning of a text, of at most so many bytes, that ends with a whole character.
[[nodiscard]] inline std::string_view beginning_of(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (text[end] & '\xc0') == '\x80') --end;
  return text.substr(0, end);
}

}  // namespace watchbill
