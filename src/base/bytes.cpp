#include "base/bytes.h"

#include <array>

namespace watchbill {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> hex_values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < hex_digits.size(); ++i)
    table[static_cast<unsigned char>(hex_digits[i])] = static_cast<std::int8_t>(i);
  return table;
}();

constexpr std::array<std::int8_t, 256> base64_values = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < base64_digits.size(); ++i)
    table[static_cast<unsigned char>(base64_digits[i])] = static_cast<std::int8_t>(i);
  return table;
}();

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out.push_back(hex_digits[byte >> 4]);
    out.push_back(hex_digits[byte & 15]);
  }
  return out;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  if (text.size() != out.size() * 2) return false;
  int wrong = 0;  // negative as soon as one digit was: no branch in the loop
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_values[static_cast<unsigned char>(text[2 * i])];
    const int low = hex_values[static_cast<unsigned char>(text[2 * i + 1])];
    wrong |= high | low;
    out[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
  }
  return wrong >= 0;
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out.push_back(i + k > bytes.size() ? '=' : base64_digits[group >> (18 - 6 * k) & 63]);
  }
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  const Error failure{ErrorKind::invalid, "read base64", "", "expected RFC 4648 base64 with padding"};
  if (text.size() % 4 != 0) return failure;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool is_last = i + 4 == text.size();
    const std::size_t digits = is_last ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::int8_t value = k < digits ? base64_values[static_cast<unsigned char>(text[i + k])] : std::int8_t{0};
      if (value < 0) return failure;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    const std::size_t count = digits - 1;
    if ((count == 1 && (group & 0xffff) != 0) || (count == 2 && (group & 0xff) != 0)) return failure;
    for (std::size_t k = 0; k < count; ++k) out.push_back(static_cast<char>(group >> (16 - 8 * k) & 255));
  }
  return out;
}

}  // namespace watchbill
