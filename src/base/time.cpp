#include "base/time.h"

#include <array>
#include <charconv>
#include <chrono>

namespace watchbill {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
// Largest first; Prometheus: a year is 365 days, a week 7 days.
constexpr std::array<Unit, 7> units{{{"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
                                     {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

Error not_a_duration(std::string_view text) {
  return Error{ErrorKind::invalid, "read a duration from", "\"" + std::string(text) + "\"",
               "expected numbers with units from y, w, d, h, m, s, ms in this order, such as 250ms, 30s or 1h30m"};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{};
  if (text.empty()) return not_a_duration(text);
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::int64_t number = 0;
    if (*at < '0' || *at > '9') return not_a_duration(text);
    const auto [after, failure] = std::from_chars(at, end, number);
    if (failure != std::errc{}) return not_a_duration(text);
    const char* name_end = after;
    while (name_end != end && *name_end >= 'a' && *name_end <= 'z') ++name_end;
    const std::string_view name(after, static_cast<std::size_t>(name_end - after));
    while (next_unit < units.size() && units[next_unit].name != name) ++next_unit;
    if (next_unit == units.size()) return not_a_duration(text);
    std::int64_t part = 0;
    if (__builtin_mul_overflow(number, units[next_unit].ms, &part) || __builtin_add_overflow(total, part, &total))
      return not_a_duration(text);
    ++next_unit;
    at = name_end;
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  if (duration.ms == 0) return "0s";
  std::string out;
  std::uint64_t rest = static_cast<std::uint64_t>(duration.ms);
  if (duration.ms < 0) {
    out = "-";
    rest = std::uint64_t{0} - rest;
  }
  for (const Unit& unit : units) {
    const std::uint64_t size = static_cast<std::uint64_t>(unit.ms);
    // Years and weeks only where they are the whole value: "1w2d" is harder to read than "9d".
    const bool is_exact_only = unit.name == "y" || unit.name == "w";
    if (rest < size || (is_exact_only && rest % size != 0)) continue;
    out.append(std::to_string(rest / size)).append(unit.name);
    rest %= size;
  }
  return out;
}

std::string format_rfc3339(Instant instant) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{instant.ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  std::string out(24, '0');
  const auto put = [&out](std::size_t position, std::size_t width, std::int64_t value) {
    for (std::size_t i = 0; i < width; ++i) {
      out[position + width - 1 - i] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
  };
  put(0, 4, static_cast<int>(date.year()));
  put(5, 2, static_cast<unsigned>(date.month()));
  put(8, 2, static_cast<unsigned>(date.day()));
  put(11, 2, clock.hours().count());
  put(14, 2, clock.minutes().count());
  put(17, 2, clock.seconds().count());
  put(20, 3, clock.subseconds().count());
  out[4] = out[7] = '-';
  out[10] = 'T';
  out[13] = out[16] = ':';
  out[19] = '.';
  out[23] = 'Z';
  return out;
}

namespace {

// Reads fixed-width decimal fields and separators from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool number(std::size_t width, std::int64_t min, std::int64_t max, std::int64_t& out) {
    if (rest_.size() < width) return false;
    out = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return out >= min && out <= max;
  }
  [[nodiscard]] bool one_of(std::string_view characters, char& out) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    out = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool skip(char expected) {
    char ignored = 0;
    return one_of(std::string_view(&expected, 1), ignored);
  }
  // Decimals after a point, cut to milliseconds.
  [[nodiscard]] bool fraction(std::int64_t& ms) {
    ms = 0;
    std::size_t count = 0;
    std::int64_t scale = 100;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && count < 9) {
      ms += (rest_.front() - '0') * scale;
      scale /= 10;
      rest_.remove_prefix(1);
      ++count;
    }
    return count > 0;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

Result<Instant> parse_rfc3339(std::string_view text) {
  const Error failure{ErrorKind::invalid, "read a time from", "\"" + std::string(text) + "\"",
                      "expected RFC 3339, such as 2026-03-01T12:00:00Z"};
  Scanner scan(text);
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  char separator = 0, zone = 0;
  if (!scan.number(4, 0, 9999, year) || !scan.skip('-') || !scan.number(2, 1, 12, month) || !scan.skip('-') ||
      !scan.number(2, 1, 31, day) || !scan.one_of("Tt ", separator) || !scan.number(2, 0, 23, hour) || !scan.skip(':') ||
      !scan.number(2, 0, 59, minute) || !scan.skip(':') || !scan.number(2, 0, 59, second))
    return failure;
  if (scan.skip('.') && !scan.fraction(ms)) return failure;
  if (!scan.one_of("Zz+-", zone)) return failure;
  std::int64_t offset_minutes = 0;
  if (zone == '+' || zone == '-') {
    std::int64_t offset_hour = 0, offset_minute = 0;
    if (!scan.number(2, 0, 23, offset_hour) || !scan.skip(':') || !scan.number(2, 0, 59, offset_minute)) return failure;
    offset_minutes = (zone == '+' ? 1 : -1) * (offset_hour * 60 + offset_minute);
  }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!scan.at_end() || !date.ok()) return failure;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const Instant at{((days * 24 + hour) * 60 + minute - offset_minutes) * 60'000 + second * 1000 + ms};
  // A zone may lead out of the years that can be written.
  constexpr Instant first{-62'167'219'200'000}, last{253'402'300'799'999};
  if (at < first || at > last) return failure;
  return at;
}

}  // namespace watchbill
