#include "base/number.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace watchbill {
namespace {

constexpr std::uint64_t normal_nan_bits = 0x7ff8000000000001;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

// What a decimal number is made of.
struct Decimal {
  std::uint64_t digits{0};       // the value of the first 19 significant digits
  int digit_count{0};            // significant digits, leading zeros left out
  std::int64_t exponent{0};      // of ten, for `digits` read as an integer; saturates far beyond any double
  bool has_exponent{false};
};

// Reads the grammar; false when the text is no decimal number.
bool scan(std::string_view text, Decimal& out) noexcept {
  constexpr std::int64_t exponent_max = 1'000'000;
  std::size_t at = 0;
  bool has_digit = false;
  std::int64_t fraction_digits = 0;
  for (bool is_fraction = false; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !is_fraction) {
      is_fraction = true;
      continue;
    }
    if (!is_digit(c)) break;
    has_digit = true;
    if (is_fraction) ++fraction_digits;
    if (c == '0' && out.digit_count == 0) continue;
    if (++out.digit_count <= 19) out.digits = out.digits * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (!has_digit) return false;
  std::int64_t exponent = 0;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return false;
    out.has_exponent = true;
    ++at;
    const bool is_negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (at == text.size()) return false;
    for (; at < text.size(); ++at) {
      if (!is_digit(text[at])) return false;
      exponent = std::min(exponent * 10 + (text[at] - '0'), exponent_max);
    }
    if (is_negative) exponent = -exponent;
  }
  out.exponent = exponent - fraction_digits;
  return true;
}

constexpr int exact_digits = 15;  // so many make a double exactly
constexpr int exact_power = 22;   // so is this power of ten
constexpr std::array<double, 23> powers_of_ten{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace

std::optional<double> parse_number(std::string_view text) noexcept {
  if (equals_ignoring_case(text, "nan")) return std::bit_cast<double>(normal_nan_bits);
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const double sign = is_negative ? -1.0 : 1.0;
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity"))
    return sign * std::numeric_limits<double>::infinity();

  Decimal decimal;
  if (!scan(text, decimal)) return std::nullopt;
  // Both parts are exact doubles, so one operation rounds correctly (Clinger's fast path). Most of what targets send goes here.
  if (decimal.digit_count <= exact_digits && decimal.exponent <= exact_power && decimal.exponent >= -exact_power) {
    const auto digits = static_cast<double>(decimal.digits);
    const auto power = static_cast<std::size_t>(std::abs(decimal.exponent));
    return sign * (decimal.exponent < 0 ? digits / powers_of_ten[power] : digits * powers_of_ten[power]);
  }
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  // The library does not say on which side the range was left: 0.5 <= 0.DIGITS < 1 times this power of ten does.
  const std::int64_t magnitude = decimal.exponent + decimal.digit_count;
  if (failure == std::errc::result_out_of_range || std::isinf(value)) {
    if (magnitude > 0) return std::nullopt;
    return sign * 0.0;
  }
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sign * value;
}

std::optional<ShortDecimal> read_short_decimal(std::string_view text) noexcept {
  constexpr std::size_t no_point = std::numeric_limits<std::size_t>::max();
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  std::uint64_t digits = 0;
  std::size_t point = no_point;
  std::size_t at = begin;
  for (; at < text.size(); ++at) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[at])) - unsigned{'0'};
    if (digit < 10) {
      digits = digits * 10 + digit;  // wraps around where there are too many
    } else if (text[at] == '.' && point == no_point) {
      point = at;
    } else {
      break;
    }
  }
  const std::size_t digit_count = at - begin - (point == no_point ? 0 : 1);
  if (digit_count == 0 || digit_count > std::size_t{exact_digits}) return std::nullopt;
  int exponent = point == no_point ? 0 : -static_cast<int>(at - point - 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool is_negative = at < text.size() && text[at] == '-';
    if (is_negative || (at < text.size() && text[at] == '+')) ++at;
    const std::size_t exponent_begin = at;
    int written = 0;
    for (; at < text.size() && is_digit(text[at]) && at < exponent_begin + 3; ++at) written = written * 10 + (text[at] - '0');
    if (at == exponent_begin) return std::nullopt;
    exponent += is_negative ? -written : written;
  }
  if (exponent < -exact_power || exponent > exact_power) return std::nullopt;
  auto value = static_cast<double>(digits);
  if (exponent < 0) value /= powers_of_ten[static_cast<std::size_t>(-exponent)];
  else value *= powers_of_ten[static_cast<std::size_t>(exponent)];
  return ShortDecimal{begin == 0 ? value : -value, at};
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out.append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  // Go chooses the form by the exponent: below -4 and from 6 on it writes one.
  std::array<char, 64> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): to_chars writes what is read
  const char* scientific_end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(scientific_end - buffer.data()));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  std::from_chars(scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1), scientific.data() + scientific.size(), exponent);
  constexpr int exponent_min = -4;
  constexpr int exponent_end = 6;
  if (exponent < exponent_min || exponent >= exponent_end) {
    out.append(scientific);
    return;
  }
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

}  // namespace watchbill
