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

}  // namespace watchbill
