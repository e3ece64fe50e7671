#include "metrics/tsdb/column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/assert.h"
#include "base/bytes_code.h"
#include "metrics/tsdb/residuals.h"

namespace watchbill::metrics::tsdb {
namespace {

enum Form : std::uint8_t { constant = 0, line = 1, slope = 2, curve = 3 };
constexpr std::uint8_t form_mask = 0x03;
constexpr std::uint8_t has_exceptions = 0x04;
constexpr std::uint8_t zero_mask = 0x08;
constexpr unsigned decimals_shift = 4;
constexpr unsigned raw_bits = 15;

constexpr std::array<double, 13> powers_of_ten{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

using Numbers = std::array<std::uint64_t, column_samples_max>;

// --- writing ---

// Differences wrap around as unsigned numbers do, there and back.
struct Course {
  std::uint8_t form{curve};
  std::uint64_t slope{0};
};

std::uint64_t cost_of(std::span<const std::uint64_t> zigzagged) noexcept {
  std::uint64_t bits = 0;
  for (const std::uint64_t number : zigzagged) bits += static_cast<std::uint64_t>(std::bit_width(number));
  return bits;
}

// What is left of numbers 1 to n - 1, in `out`.
void take_course_out(std::span<const std::uint64_t> numbers, Course course, std::span<std::uint64_t> out) noexcept {
  std::uint64_t difference_before = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const std::uint64_t difference = numbers[i] - numbers[i - 1];
    switch (course.form) {
      case line: out[i - 1] = zigzag(numbers[i] - numbers[0] - i * course.slope); break;
      case slope: out[i - 1] = zigzag(difference - course.slope); break;
      default: out[i - 1] = zigzag(difference - difference_before);
    }
    difference_before = difference;
  }
}

// Divides all differences to the first by their greatest common divisor; gives it.
std::uint64_t take_unit_out(std::span<std::uint64_t> numbers) noexcept {
  std::uint64_t unit = 0;
  for (std::size_t i = 1; i < numbers.size() && unit != 1; ++i) {
    const std::uint64_t difference = numbers[i] - numbers[0];
    unit = std::gcd(unit, (difference >> 63) != 0 ? 0 - difference : difference);
  }
  // 2^63 is its own negative: no signed division by it.
  if (unit == 0 || (unit >> 63) != 0) unit = 1;
  for (std::uint64_t& number : numbers.subspan(1))
    number = static_cast<std::uint64_t>(static_cast<std::int64_t>(number - numbers[0]) / static_cast<std::int64_t>(unit));
  numbers[0] = 0;
  return unit;
}

struct Exceptions {
  std::uint32_t count{0};
  std::string bytes;
};

// `numbers` is overwritten.
void write_numbers(std::span<std::uint64_t> numbers, unsigned decimals, const Exceptions& exceptions, std::string& out) {
  const std::uint64_t first = numbers[0];
  const bool is_constant = std::all_of(numbers.begin(), numbers.end(), [&](std::uint64_t n) { return n == first; });
  const auto flags = static_cast<std::uint8_t>((decimals << decimals_shift) | (exceptions.count != 0 ? has_exceptions : 0));
  const auto put_exceptions = [&] {
    if (exceptions.count == 0) return;
    put_varint(out, exceptions.count);
    out.append(exceptions.bytes);
  };
  if (is_constant) {
    out.push_back(static_cast<char>(flags | constant));
    put_varint(out, zigzag(first));
    put_exceptions();
    return;
  }
  const std::uint64_t unit = take_unit_out(numbers);
  const auto steps = static_cast<std::int64_t>(numbers.size() - 1);
  const auto mean = static_cast<std::uint64_t>(static_cast<std::int64_t>(numbers.back()) / steps);
  Numbers left;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  const std::span<std::uint64_t> residuals(left.data(), numbers.size() - 1);
  Course best;
  std::uint64_t best_cost = std::numeric_limits<std::uint64_t>::max();
  for (const Course course : {Course{slope, mean}, Course{slope, 0}, Course{line, mean}, Course{line, 0}, Course{curve, 0}}) {
    take_course_out(numbers, course, residuals);
    if (const std::uint64_t cost = cost_of(residuals); cost < best_cost) {
      best_cost = cost;
      best = course;
    }
  }
  take_course_out(numbers, best, residuals);
  out.push_back(static_cast<char>(flags | best.form));
  put_varint(out, zigzag(first));
  put_varint(out, unit);
  if (best.form != curve) put_varint(out, zigzag(best.slope));
  put_exceptions();
  write_residuals(residuals, out);
}

// The number of 10^-decimals that stands for exactly these bits, if there is one. Never for NaN, infinities and -0. Reading
// divides by the same power.
bool exact_number(double value, unsigned decimals, std::uint64_t& out) noexcept {
  constexpr double number_end = 4503599627370496.0;  // 2^52
  const double scaled = value * powers_of_ten[decimals];
  if (!(std::fabs(scaled) < number_end)) return false;
  const auto number = static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
  const double again = static_cast<double>(number) / powers_of_ten[decimals];
  out = static_cast<std::uint64_t>(number);
  return std::bit_cast<std::uint64_t>(again) == std::bit_cast<std::uint64_t>(value);
}

// The fewest decimals in which every number stands; raw_bits when there are none.
unsigned decimals_of(std::span<const double> values) noexcept {
  unsigned decimals = 0;
  std::uint64_t ignored = 0;
  // A digit more never loses a number that stood already, but for the bound of 2^52: what follows checks all of them again.
  for (const double value : values)
    while (std::isfinite(value) && !exact_number(value, decimals, ignored))
      if (++decimals == powers_of_ten.size()) return raw_bits;
  const bool is_exact = std::all_of(values.begin(), values.end(), [&](double value) {
    return !std::isfinite(value) || exact_number(value, decimals, ignored);
  });
  return is_exact ? decimals : raw_bits;
}

}  // namespace

void write_times(std::span<const std::int64_t> times, std::string& out) {
  WB_ASSERT(!times.empty() && times.size() <= column_samples_max, "who cuts columns keeps to their length");
  Numbers numbers;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next line
  std::transform(times.begin(), times.end(), numbers.begin(), [](std::int64_t t) { return static_cast<std::uint64_t>(t); });
  write_numbers(std::span(numbers).first(times.size()), 0, {}, out);
}

void write_values(std::span<const double> values, std::string& out) {
  WB_ASSERT(!values.empty() && values.size() <= column_samples_max, "who cuts columns keeps to their length");
  const unsigned decimals = decimals_of(values);
  Numbers numbers;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  Exceptions exceptions;
  std::size_t last_end = 0;  // behind the last run of exceptions
  std::size_t first_usual = 0;
  while (first_usual < values.size() && !std::isfinite(values[first_usual])) ++first_usual;
  const auto number_of = [&](double value) {
    std::uint64_t number = 0;
    if (decimals == raw_bits) return std::bit_cast<std::uint64_t>(value);
    static_cast<void>(exact_number(value, decimals, number));
    return number;
  };
  // Where an exception stands, the number before it is repeated; before the first number, that one.
  std::uint64_t before = first_usual == values.size() ? 0 : number_of(values[first_usual]);
  for (std::size_t i = 0; i < values.size();) {
    if (std::isfinite(values[i])) {
      before = number_of(values[i]);
      numbers[i++] = before;
      continue;
    }
    const auto bits = std::bit_cast<std::uint64_t>(values[i]);
    put_varint(exceptions.bytes, i - last_end);
    last_end = i;
    for (; last_end < values.size() && std::bit_cast<std::uint64_t>(values[last_end]) == bits; ++last_end)
      numbers[last_end] = before;
    put_varint(exceptions.bytes, last_end - i - 1);
    put_fixed(exceptions.bytes, bits);
    ++exceptions.count;
    i = last_end;
  }
  write_numbers(std::span(numbers).first(values.size()), decimals, exceptions, out);
}

// --- reading ---

namespace {

struct Header {
  std::uint8_t form{constant};
  unsigned decimals{0};
  std::uint64_t first{0};
  std::uint64_t unit{1};
  std::uint64_t slope{0};
  std::string_view exceptions;  // count and list, and what follows
};

bool read_header(ByteReader& bytes, Header& header) noexcept {
  const auto flags = bytes.fixed<std::uint8_t>();
  header.form = flags & form_mask;
  header.decimals = flags >> decimals_shift;
  if ((flags & zero_mask) != 0 || (header.decimals >= powers_of_ten.size() && header.decimals != raw_bits)) return false;
  header.first = unzigzag(bytes.varint());
  if (header.form != constant) header.unit = bytes.varint();
  if (header.form == line || header.form == slope) header.slope = unzigzag(bytes.varint());
  if ((flags & has_exceptions) != 0) header.exceptions = bytes.rest();
  return bytes.is_good();
}

// Passes over the exceptions; where they are is in the header.
bool pass_exceptions(ByteReader& bytes, const Header& header) noexcept {
  if (header.exceptions.empty()) return true;
  for (std::uint64_t left = bytes.varint(); left > 0 && bytes.is_good(); --left) {
    static_cast<void>(bytes.varint());
    static_cast<void>(bytes.varint());
    static_cast<void>(bytes.fixed<std::uint64_t>());
  }
  return bytes.is_good();
}

// `numbers` may lie where the answer goes: 64 bits each.
bool read_numbers(ByteReader& bytes, const Header& header, std::span<std::uint64_t> numbers) noexcept {
  if (header.form == constant) {
    std::fill(numbers.begin(), numbers.end(), header.first);
    return bytes.rest().empty();
  }
  numbers[0] = header.first;
  if (!read_residuals(bytes.rest(), numbers.subspan(1))) return false;
  std::uint64_t course = header.first;
  std::uint64_t difference = header.slope * header.unit;
  for (std::uint64_t& number : numbers.subspan(1)) {
    const std::uint64_t residual = unzigzag(number) * header.unit;
    switch (header.form) {
      case line:
        course += difference;
        number = course + residual;
        break;
      case slope: number = course += difference + residual; break;
      default: number = course += difference += residual;
    }
  }
  return true;
}

bool put_exceptions_back(const Header& header, std::span<double> values) noexcept {
  if (header.exceptions.empty()) return true;
  ByteReader list(header.exceptions);
  std::size_t at = 0;
  for (std::uint64_t left = list.varint(); left > 0; --left) {
    const std::uint64_t later = list.varint();
    const std::uint64_t more = list.varint();
    const auto bits = list.fixed<std::uint64_t>();
    if (!list.is_good() || later >= values.size() - at || more >= values.size() - at - later) return false;
    at += later;
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(at), more + 1, std::bit_cast<double>(bits));
    at += more + 1;
  }
  return true;
}

}  // namespace

bool read_times(std::string_view bytes, std::span<std::int64_t> times) noexcept {
  ByteReader reader(bytes);
  Header header;
  if (!read_header(reader, header) || header.decimals != 0 || !header.exceptions.empty()) return false;
  Numbers numbers;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next line
  if (!read_numbers(reader, header, std::span(numbers).first(times.size()))) return false;
  std::transform(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(times.size()), times.begin(),
                 [](std::uint64_t n) { return static_cast<std::int64_t>(n); });
  return true;
}

bool read_values(std::string_view bytes, std::span<double> values) noexcept {
  ByteReader reader(bytes);
  Header header;
  if (!read_header(reader, header) || !pass_exceptions(reader, header)) return false;
  Numbers numbers;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled in the next line
  if (!read_numbers(reader, header, std::span(numbers).first(values.size()))) return false;
  if (header.decimals == raw_bits) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::bit_cast<double>(numbers[i]);
  } else if (header.decimals == 0) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(static_cast<std::int64_t>(numbers[i]));
  } else {
    const double power = powers_of_ten[header.decimals];
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(static_cast<std::int64_t>(numbers[i])) / power;
  }
  return put_exceptions_back(header, values);
}

}  // namespace watchbill::metrics::tsdb
