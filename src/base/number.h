// Numbers as text, there and back, as Go's strconv does it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace watchbill {

// Reads a decimal number, Inf, Infinity or NaN (any case; a sign not before NaN). Nothing on any other text, on hexadecimal
// numbers, on `_` between digits and on numbers too large for a double; too small ones are 0 with their sign. Source:
// strconv.ParseFloat as Prometheus' text parser uses it. NaN is always the same one, so that a page cannot send a staleness
// marker.
[[nodiscard]] std::optional<double> parse_number(std::string_view text) noexcept;

// A number that a text begins with.
struct ShortDecimal {
  double value{0};
  std::size_t size{0};  // bytes of the text
};
// Reads what a text begins with, as far as it is digits with at most one point among them, perhaps behind a minus or before an
// exponent: the usual number, in a fraction of the time. Gives what parse_number() gives of these bytes; nothing where no digit
// comes, more than 15, or an exponent that is none or leads far.
[[nodiscard]] std::optional<ShortDecimal> read_short_decimal(std::string_view text) noexcept;

// Writes the shortest text that reads back as the same double: "1", "0.25", "1e+06", "1.5e-05", "+Inf", "NaN".
// Source: strconv.FormatFloat(v, 'g', -1, 64), which is what client libraries write.
void append_number(std::string& out, double value);

}  // namespace watchbill
