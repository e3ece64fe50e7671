// Bytes as text: hexadecimal (lower case) and base64 (RFC 4648 §4, with padding).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill {

// Two lower-case hex digits for each byte.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

// Reads exactly out.size() bytes of lower-case hex; false on any other text. Never allocates.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;

// Base64 with padding, no line breaks.
[[nodiscard]] std::string to_base64(std::string_view bytes);

// Reads what to_base64 writes; fails (invalid) on other characters, missing padding and non-zero trailing bits.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace watchbill
