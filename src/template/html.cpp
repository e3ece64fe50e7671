#include "template/html.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace watchbill::text_template {
namespace {

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (watchbill::lower(c) >= 'a' && watchbill::lower(c) <= 'f'); }

// Those that an address has, without quotes and parentheses, which could end the attribute.
bool is_of_addresses(char c) noexcept {
  const bool is_word = (c >= '0' && c <= '9') || (watchbill::lower(c) >= 'a' && watchbill::lower(c) <= 'z');
  return is_word || (c != '\0' && std::string_view("-._~!#$&*+,/:;=?@[]").find(c) != std::string_view::npos);
}

// What stands before the colon of an address, if that is no part of its path.
bool is_harmless_scheme(std::string_view address) {
  const std::size_t colon = address.find(':');
  if (colon == std::string_view::npos || address.substr(0, colon).find('/') != std::string_view::npos) return true;
  const std::string scheme = lowered(address.substr(0, colon));
  return scheme == "http" || scheme == "https" || scheme == "mailto";
}

}  // namespace

bool begins_address(std::string_view before) noexcept {
  if (before.empty() || (before.back() != '"' && before.back() != '\'')) return false;
  before.remove_suffix(1);
  constexpr std::array<std::string_view, 3> attributes{"href=", "src=", "action="};
  return std::any_of(attributes.begin(), attributes.end(), [&](std::string_view name) { return before.ends_with(name); });
}

std::string safe_address(std::string_view address) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (!is_harmless_scheme(address)) return "#ZgotmplZ";
  std::string out;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    const bool is_escape = c == '%' && i + 2 < address.size() && is_hex(address[i + 1]) && is_hex(address[i + 2]);
    if (is_escape || is_of_addresses(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

std::string with_plus_escaped(std::string text) {
  for (std::size_t at = text.find('+'); at != std::string::npos; at = text.find('+', at)) text.replace(at, 1, "&#43;");
  return text;
}

}  // namespace watchbill::text_template
