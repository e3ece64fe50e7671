#include "config/alertmanager_times.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/spelling.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::array<std::string_view, 7> weekday_names{"sunday",   "monday", "tuesday", "wednesday",
                                                        "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> month_names{"january", "february", "march",     "april",   "may",      "june",
                                                       "july",    "august",   "september", "october", "november", "december"};
// Days that every month has: which of two days is the later one cannot be said of more, when one counts from the end.
constexpr std::int32_t month_days_min = 28;

// Numbers that a part of a period is written with.
struct NumberKind {
  std::string_view what;                     // "expected WHAT"
  Bounds bounds;                             // besides, 0 is none where negative ones are allowed
  std::span<const std::string_view> names;   // any case
  std::int32_t first_name{0};                // the number of the first
  bool has_digits{true};
  std::string_view circle;                   // where ranges cannot go on beyond the last name
};
constexpr NumberKind weekdays{"a day of the week or a range of them, such as monday or monday:friday",
                              {0, 6},
                              weekday_names,
                              0,
                              false,
                              ": days count from sunday to saturday, so write two ranges"};
constexpr NumberKind months{"a month or a range of them, such as january, 1 or march:may", {1, 12}, month_names, 1, true,
                            ": months count from january to december, so write two ranges"};
constexpr NumberKind days{"a day of the month or a range of them, such as 1, 1:5 or -3:-1", {-31, 31}, {}, 0, true, ""};
constexpr NumberKind years{"a year or a range of them, such as 2026 or 2026:2028", {0, 9999}, {}, 0, true, ""};

// As strconv.Atoi, for numbers that fit.
std::optional<std::int32_t> number_of(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  std::int32_t out = 0;
  const auto [after, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc{} || after != text.data() + text.size()) return std::nullopt;
  return out;
}

// One end of a range, in small letters. Complains when it is none.
std::optional<std::int32_t> read_end(const Cursor& at, const NumberKind& kind, std::string_view written) {
  const auto named = std::find(kind.names.begin(), kind.names.end(), written);
  if (named != kind.names.end()) return kind.first_name + static_cast<std::int32_t>(named - kind.names.begin());
  const std::optional<std::int32_t> number = kind.has_digits ? number_of(written) : std::nullopt;
  if (!number) {
    const std::string_view nearest = nearest_spelling(written, kind.names);
    at.complain("wrong_type", fmt::format("expected {}, found \"{}\"{}", kind.what, at.node().text,
                                          nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
    return std::nullopt;
  }
  const bool is_zero_out = *number == 0 && kind.bounds.min < 0;
  if (*number >= kind.bounds.min && *number <= kind.bounds.max && !is_zero_out) return number;
  at.complain("out_of_range", fmt::format("expected a number from {} to {}{}, found {}", kind.bounds.min, kind.bounds.max,
                                          kind.bounds.min < 0 ? " but 0" : "", *number));
  return std::nullopt;
}

// For days that count from the end of a month: as late as they can be compared with others.
std::int32_t place_of(std::int32_t number) { return number < 0 ? month_days_min + number : number; }

void read_range(const Cursor& at, const NumberKind& kind, NumberRange& out) {
  if (at.node().kind != NodeKind::scalar || is_null(at.node())) return at.expected(kind.what);
  const std::string text = lowered(at.node().text);
  const std::size_t colon = text.find(':');
  const std::optional<std::int32_t> begin = read_end(at, kind, std::string_view(text).substr(0, colon));
  const std::optional<std::int32_t> end =
      colon == std::string::npos || !begin ? begin : read_end(at, kind, std::string_view(text).substr(colon + 1));
  if (!begin || !end) return;
  out = {*begin, *end};
  if (*begin < 0 && *end > 0)
    at.complain("out_of_range", fmt::format("the range begins at the end of the month and ends at its begin: {}", text));
  else if (place_of(*begin) > place_of(*end))
    at.complain("out_of_range", fmt::format("the range ends before it begins: {}{}", text, kind.circle));
}

// As Alertmanager takes it, an empty list is never, which nobody means.
bool is_some_list(const Cursor& at, std::string_view of_what) {
  if (!is_list(at, of_what)) return false;
  const std::size_t count = at.node().children.size();
  if (count == 0) at.complain("out_of_range", "expected at least one element; leave the key out where all are meant");
  if (count > time_ranges_max) at.complain("too_large", fmt::format("{} ranges; at most {} are read", count, time_ranges_max));
  return count != 0 && count <= time_ranges_max;
}

template <const NumberKind& kind>
void read_ranges(const Cursor& at, std::vector<NumberRange>& out) {
  if (!is_some_list(at, "")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_range(at.element(i), kind, out.emplace_back());
}

struct MinuteKeys {
  std::optional<std::int32_t> begin;
  std::optional<std::int32_t> end;
};

// HH:MM, two digits each.
void read_minute(const Cursor& at, std::optional<std::int32_t>& out) {
  const std::string& text = at.node().text;
  const auto digits = [&text](std::size_t from) -> std::int32_t {
    const bool is_number = text[from] >= '0' && text[from] <= '9' && text[from + 1] >= '0' && text[from + 1] <= '9';
    return is_number ? (text[from] - '0') * 10 + text[from + 1] - '0' : 100;
  };
  const bool is_time = at.node().kind == NodeKind::scalar && text.size() == 5 && text[2] == ':';
  const std::int32_t hour = is_time ? digits(0) : 100;
  const std::int32_t minute = is_time ? digits(3) : 100;
  if (minute >= 60 || hour > 24 || (hour == 24 && minute != 0))
    return at.expected("a time of day from 00:00 to 24:00, such as 09:30");
  out = hour * 60 + minute;
}

constexpr auto minute_keys = table<MinuteKeys>(
    "time_intervals[].time_intervals[].times[]",
    required(optional<&MinuteKeys::begin, read_minute>("start_time", "time of day", "", "HH:MM; the minute belongs to it")),
    required(
        optional<&MinuteKeys::end, read_minute>("end_time", "time of day", "", "HH:MM to 24:00; the minute is the first after")));

void read_time_of_day(const Cursor& at, MinuteRange& out) {
  MinuteKeys keys;
  if (!read_object(at, minute_keys, keys) || !keys.begin || !keys.end) return;
  out = {*keys.begin, *keys.end};
  if (out.begin >= out.end)
    at.complain("out_of_range",
                "expected end_time behind start_time; what goes over midnight is two: one to 24:00 and one from 00:00");
}

void read_times(const Cursor& at, std::vector<MinuteRange>& out) {
  if (!is_some_list(at, "objects with start_time and end_time")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) read_time_of_day(at.element(i), out.emplace_back());
}

// When the whole list is there: zones are files.
void read_location_later(const Cursor&, ZoneConfiguration&) {}

using P = TimePeriodConfiguration;
constexpr auto period_keys = table<P>(
    "time_intervals[].time_intervals[]",
    optional<&P::times, read_times>("times", "list", "", "times of day; a key that is left out holds always"),
    optional<&P::weekdays, read_ranges<weekdays>>("weekdays", "list of days or ranges", "",
                                                  "`monday`, `monday:friday`; sunday is the first"),
    optional<&P::days_of_month, read_ranges<days>>("days_of_month", "list of numbers or ranges", "",
                                                   "`1`, `1:5`; from the end of the month `-1`, `-3:-1`"),
    optional<&P::months, read_ranges<months>>("months", "list of months or ranges", "", "`january`, `1:3`, `may:august`"),
    optional<&P::years, read_ranges<years>>("years", "list of numbers or ranges", "", "`2026`, `2026:2028`"),
    optional<&P::zone, read_location_later>(
        "location", "time zone", "UTC",
        "`Europe/Vienna`, a file of /usr/share/zoneinfo, read with the bill; Local: this host's"));

void read_period(const Cursor& at, TimePeriodConfiguration& out) { read_object(at, period_keys, out); }

constexpr auto interval_keys = table<TimeIntervalKeys>(
    "time_intervals[]", required(optional<&TimeIntervalKeys::name, read_filled>("name", "text", "", "unique; what routes name")),
    optional<&TimeIntervalKeys::periods, read_each<TimePeriodConfiguration, read_period>>(
        "time_intervals", "list", "", "periods: an instant is in the interval when all keys of one period hold"));

void read_interval(const Cursor& at, TimeIntervalKeys& out) { read_object(at, interval_keys, out); }

std::optional<Cursor> value_under(const Cursor& at, std::string_view key) {
  if (at.node().kind != NodeKind::mapping || !at.has(key)) return std::nullopt;
  return at.member(key, at.file().tree.find(at.index(), key));
}

void read_zones(const Cursor& interval, std::vector<TimePeriodConfiguration>& periods, TimeZones& zones) {
  const std::optional<Cursor> list = value_under(interval, "time_intervals");
  for (std::size_t i = 0; i < periods.size(); ++i) {
    const Cursor period = list->element(i);
    if (const std::optional<Cursor> location = value_under(period, "location")) periods[i].zone = zones.read(*location);
  }
}

}  // namespace

void read_time_intervals(const Cursor& at, std::vector<TimeIntervalKeys>& out) {
  read_each<TimeIntervalKeys, read_interval>(at, out);
}

void add_time_intervals(const Cursor& at, std::vector<TimeIntervalKeys>& read, TimeZones& zones,
                        std::map<std::string, TimeIntervalConfiguration>& out) {
  std::size_t period_count = 0;
  for (const auto& [name, interval] : out) period_count += interval.periods.size();
  for (const TimeIntervalKeys& each : read) period_count += each.periods.size();
  if (out.size() + read.size() > time_intervals_max)
    return at.complain("too_large", fmt::format("more than {} time intervals in one file", time_intervals_max));
  if (period_count > time_periods_max)
    return at.complain("too_large", fmt::format("more than {} periods of time intervals in one file", time_periods_max));
  for (std::size_t i = 0; i < read.size(); ++i) {
    const Cursor interval = at.element(i);
    read_zones(interval, read[i].periods, zones);
    if (read[i].name.empty()) continue;  // complained about
    if (!out.try_emplace(read[i].name, TimeIntervalConfiguration{std::move(read[i].periods)}).second)
      interval.complain("duplicate_name", fmt::format("the time interval {} is written twice", read[i].name));
  }
}

std::vector<TableView> time_tables() { return {interval_keys.view(), period_keys.view(), minute_keys.view()}; }

}  // namespace watchbill::config
