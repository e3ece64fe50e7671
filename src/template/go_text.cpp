#include "template/go_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "template/go_time.h"
#include "template/printf.h"
#include "template/runes.h"

namespace watchbill::text_template {
namespace {

// The digits of a positive number d.ddd × 10^exponent, without the point and without trailing zeros.
struct Decimal {
  std::string digits;
  int exponent;
};

Decimal decimal(double value, int significant_digits) {
  std::array<char, 1200> buffer;  // 767 significant digits are the most that a double has
  const auto written = significant_digits < 0
                           ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific)
                           : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific,
                                           std::min(significant_digits - 1, 1000));
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const std::size_t exponent_at = text.find('e');
  Decimal out{std::string(text.substr(0, exponent_at)), 0};
  if (out.digits.size() > 1) out.digits.erase(1, 1);
  while (out.digits.size() > 1 && out.digits.back() == '0') out.digits.pop_back();
  const std::size_t sign = text[exponent_at + 1] == '+' ? 2 : 1;
  std::from_chars(text.data() + exponent_at + sign, text.data() + text.size(), out.exponent);
  return out;
}

std::string with_exponent(const Decimal& number, std::size_t decimals, char letter) {
  std::string out(1, number.digits[0]);
  if (decimals > 0) {
    out += '.';
    out += number.digits.substr(1, decimals);
    out.resize(2 + decimals, '0');
  }
  return out + fmt::format("{}{}{:02}", letter, number.exponent < 0 ? '-' : '+', std::abs(number.exponent));
}

std::string without_exponent(const Decimal& number) {
  const int count = static_cast<int>(number.digits.size());
  if (number.exponent < 0) return "0." + std::string(static_cast<std::size_t>(-number.exponent - 1), '0') + number.digits;
  if (number.exponent >= count - 1)
    return number.digits + std::string(static_cast<std::size_t>(number.exponent - count + 1), '0');
  const auto whole = static_cast<std::size_t>(number.exponent) + 1;
  return number.digits.substr(0, whole) + "." + number.digits.substr(whole);
}

// %g: the exponent is written when it is below -4 or at least the precision (6 for the shortest text).
std::string general(double value, int precision, bool is_upper) {
  const bool is_shortest = precision < 0;
  if (precision == 0) precision = 1;
  const Decimal number = decimal(value, precision);
  const int digit_count = static_cast<int>(number.digits.size());
  int threshold = precision;
  if (threshold > digit_count && digit_count >= number.exponent + 1) threshold = digit_count;
  if (is_shortest) threshold = 6;
  if (number.exponent < -4 || number.exponent >= threshold)
    return with_exponent(number, number.digits.size() - 1, is_upper ? 'E' : 'e');
  return without_exponent(number);
}

std::string hexadecimal(double value, int precision, bool is_upper) {
  std::array<char, 1200> buffer;
  const auto written = precision < 0
                           ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::hex)
                           : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::hex,
                                           std::min(precision, 1000));
  std::string out(buffer.data(), written.ptr);
  const std::size_t exponent = out.find('p') + 2;
  if (out.size() - exponent == 1) out.insert(exponent, 1, '0');
  out.insert(0, "0x");
  if (is_upper)
    for (char& letter : out)
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 32);
  return out;
}

}  // namespace

std::string real_text(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const std::string sign = std::signbit(value) ? "-" : "";
  const double size = std::fabs(value);
  switch (verb) {
    case 'e':
    case 'E': {
      const Decimal number = decimal(size, precision < 0 ? -1 : precision + 1);
      return sign + with_exponent(number, precision < 0 ? number.digits.size() - 1 : static_cast<std::size_t>(precision), verb);
    }
    case 'f':
    case 'F': {
      if (precision < 0) return sign + without_exponent(decimal(size, -1));
      std::string buffer(static_cast<std::size_t>(precision) + 320, '\0');
      const auto written =
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), size, std::chars_format::fixed, precision);
      buffer.resize(static_cast<std::size_t>(written.ptr - buffer.data()));
      return sign + buffer;
    }
    case 'x':
    case 'X': return sign + hexadecimal(size, precision, verb == 'X');
    default: return sign + general(size, precision, verb == 'G');
  }
}

std::string go_quoted(std::string_view text, bool ascii_only) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = first_rune(text);
    if (rune.value == replacement_rune && rune.bytes == 1)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else
      append_escaped(out, rune.value, '"', ascii_only);
    text.remove_prefix(rune.bytes);
  }
  return out + "\"";
}

void append_value(BoundedText& out, const Value& value) { append_formatted(out, value, Directive{}); }

void append_print(BoundedText& out, std::span<const Value> values) {
  for (std::size_t index = 0; index < values.size(); ++index) {
    const bool is_text = values[index].as_text() != nullptr;
    if (index > 0 && !is_text && values[index - 1].as_text() == nullptr) out.append(" ");
    append_value(out, values[index]);
  }
}

void append_println(BoundedText& out, std::span<const Value> values) {
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (index > 0) out.append(" ");
    append_value(out, values[index]);
  }
  out.append("\n");
}

}  // namespace watchbill::text_template
