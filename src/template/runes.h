// UTF-8 and the letters of the common scripts, without tables of the C library: equal on every host, no locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace watchbill::text_template {

inline constexpr char32_t replacement_rune = 0xFFFD;

// The first character of `text` (not empty) and how many bytes it has; a wrong byte is U+FFFD of one byte, as in Go.
struct Rune {
  char32_t value;
  std::size_t bytes;
};
[[nodiscard]] Rune first_rune(std::string_view text) noexcept;
// Values that are no characters (surrogates, beyond U+10FFFF) are written as U+FFFD.
void append_rune(std::string& out, char32_t rune);
[[nodiscard]] std::size_t rune_count(std::string_view text) noexcept;

// Latin (to U+017F), Greek, Cyrillic and Armenian letters; every other character stays as it is.
[[nodiscard]] char32_t upper(char32_t rune) noexcept;
[[nodiscard]] char32_t lower(char32_t rune) noexcept;
// ASCII letters and every character from U+00AA on that is not a known sign or space.
[[nodiscard]] bool is_letter(char32_t rune) noexcept;
// False for control and format characters, unusual spaces, private use and what is no character: those that %q escapes.
[[nodiscard]] bool is_printable(char32_t rune) noexcept;

}  // namespace watchbill::text_template
