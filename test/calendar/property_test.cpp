// next_change() beside a scan that asks contains() every minute, and contains() beside the C library.
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "calendar/intervals.h"
#include "config/zone_file.h"
#include "model/calendar/calendar.h"
#include "model/calendar/zone.h"
#include "sanitized.h"

namespace watchbill {
namespace {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] int below(int count) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(count)); }
  [[nodiscard]] bool one_in(int count) { return below(count) == 0; }
  template <class T, std::size_t N>
  const T& of(const T (&those)[N]) { return those[static_cast<std::size_t>(below(N))]; }

 private:
  std::mt19937_64 engine_;
};

std::string time_text(int minute) {
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return "'" + two(minute / 60) + ":" + two(minute % 60) + "'";
}

constexpr const char* some_times[] = {"{start_time: '00:00', end_time: '12:00'}", "{start_time: '12:00', end_time: '24:00'}",
                                      "{start_time: '02:00', end_time: '03:00'}", "{start_time: '02:15', end_time: '02:45'}",
                                      "{start_time: '23:59', end_time: '24:00'}", "{start_time: '00:00', end_time: '00:01'}"};
constexpr const char* some_days[] = {"'1:7'", "'-3:-1'", "31", "'28:31'", "'10:-10'", "'-31:-1'"};
constexpr const char* some_weekdays[] = {"monday", "'monday:friday'", "saturday", "sunday", "'sunday:saturday'"};
constexpr const char* some_months[] = {"'1:6'", "'7:12'", "march", "october", "'april:november'"};
constexpr const char* some_years[] = {"2026", "'2026:2027'", "'0:9999'"};

template <std::size_t N>
std::string part(Chance& chance, const char* key, const char* const (&those)[N]) {
  std::string list = chance.of(those);
  if (chance.one_in(2)) list += std::string(", ") + chance.of(those);
  return std::string(key) + ": [" + list + "], ";
}

std::string some_period(Chance& chance) {
  std::string out = "{";
  if (chance.one_in(3)) {
    const int begin = chance.below(1440);
    const int end = begin + 1 + chance.below(1440 - begin);
    out += "times: [{start_time: " + time_text(begin) + ", end_time: " + time_text(end) + "}], ";
  } else if (!chance.one_in(3)) {
    out += part(chance, "times", some_times);
  }
  if (chance.one_in(2)) out += part(chance, "weekdays", some_weekdays);
  if (chance.one_in(3)) out += part(chance, "days_of_month", some_days);
  if (chance.one_in(4)) out += part(chance, "months", some_months);
  if (chance.one_in(6)) out += part(chance, "years", some_years);
  if (!chance.one_in(4)) out += "location: " + std::string(chance.of(test_zones)) + ", ";
  return out + "}";
}

// Near changes of clocks, or anywhere.
Instant some_instant(Chance& chance) {
  constexpr const char* starts[] = {"2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-03-07T23:00:00Z",
                                    "2026-04-03T23:00:00Z", "2025-12-31T00:00:00Z", "2028-02-28T00:00:00Z",
                                    "2026-11-01T00:00:00Z"};
  Instant at = *parse_rfc3339(chance.of(starts)) + Duration::milliseconds(chance.below(172'800'000));
  if (chance.one_in(3)) at = at + Duration::days(chance.below(700));
  return chance.one_in(2) ? Instant{at.ms / 60'000 * 60'000} : at;
}

constexpr int scan_days = 45;

// never() when nothing changes in `scan_days`.
Instant scanned_change(const TimeIntervalConfiguration& interval, Instant at) {
  const bool was = contains(interval, at);
  const Instant end = at + Duration::days(scan_days);
  for (Instant each{at.ms / 60'000 * 60'000 + 60'000}; each <= end; each = each + Duration::minutes(1))
    if (contains(interval, each) != was) return each;
  return Instant::never();
}

TEST(calendar, the_next_change_is_the_one_that_a_scan_finds) {
  const std::uint64_t count = 500 / sanitized_stride;
  std::size_t found_count = 0;
  std::size_t out_of_reach_count = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    Chance chance(seed);
    std::string periods;
    for (int i = chance.below(3); i >= 0; --i) periods += some_period(chance) + ", ";
    const TimeIntervalConfiguration interval = interval_of(periods);
    const Instant at = some_instant(chance);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + periods + " at " + format_rfc3339(at));
    const Instant change = next_change(interval, at);
    const Instant scanned = scanned_change(interval, at);
    if (scanned != Instant::never()) {
      ASSERT_EQ(format_rfc3339(change), format_rfc3339(scanned));
      ++found_count;
    } else {
      ASSERT_GT(change, at + Duration::days(scan_days));
      if (change == Instant::never()) {
        ++out_of_reach_count;
      } else {
        ASSERT_NE(contains(interval, change), contains(interval, change - Duration::milliseconds(1)));
      }
    }
  }
  EXPECT_GE(found_count, count / 2);
  EXPECT_GE(out_of_reach_count, count / 60);
}

// For as long as it lives the C library takes this for the zone of the host.
class HostZone {
 public:
  explicit HostZone(const std::string& zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", zone.c_str(), 1);
    ::tzset();
  }
  ~HostZone() {
    if (before_) ::setenv("TZ", before_->c_str(), 1);
    else ::unsetenv("TZ");
    ::tzset();
  }
  HostZone(const HostZone&) = delete;
  HostZone& operator=(const HostZone&) = delete;

 private:
  std::optional<std::string> before_;
};

std::tm local_time(Instant at) {
  const std::time_t second = at.ms / 1000;
  std::tm out{};
  ::localtime_r(&second, &out);
  return out;
}

// Every minute of the days on which clocks change in Vienna, 2026-03-29 and 2026-10-25, and some hours around them.
std::vector<Instant> minutes_of_clock_changes() {
  std::vector<Instant> out;
  for (const char* begin : {"2026-03-28T21:00:00Z", "2026-10-24T20:00:00Z"})
    for (int i = 0; i < 1'700; ++i) out.push_back(*parse_rfc3339(begin) + Duration::minutes(i));
  return out;
}

// Of what the C library says, with the same parts as the interval below.
bool is_quiet(const std::tm& time) {
  const int minute = time.tm_hour * 60 + time.tm_min;
  return time.tm_wday == 0 && (minute < 150 || minute >= 1'380);
}

TEST(calendar, a_time_interval_means_its_zone) {
  const std::string parts =
      "weekdays: [sunday], times: [{start_time: '00:00', end_time: '02:30'}, {start_time: '23:00', end_time: '24:00'}]";
  std::vector<bool> reference;
  {
    const HostZone vienna(vienna_footer);
    for (const Instant each : minutes_of_clock_changes()) reference.push_back(is_quiet(local_time(each)));
  }
  for (const char* host : {"UTC0", "KST-9", "EST5EDT,M3.2.0,M11.1.0"}) {
    const HostZone zone(host);
    const TimeIntervalConfiguration without = interval_of("{" + parts + "}");
    const TimeIntervalConfiguration with = interval_of("{" + parts + ", location: Europe/Vienna}");
    std::size_t index = 0;
    for (const Instant each : minutes_of_clock_changes()) {
      const std::time_t second = each.ms / 1000;
      std::tm utc{};
      ::gmtime_r(&second, &utc);
      ASSERT_EQ(contains(without, each), is_quiet(utc)) << host << " " << format_rfc3339(each);
      ASSERT_EQ(contains(with, each), reference[index++]) << host << " " << format_rfc3339(each);
    }
  }
}

TEST(calendar, a_zone_has_the_offsets_that_the_c_library_gives_it) {
  for (const char* name : test_zones) {
    const std::string footer = footer_of(name);
    // The C library thinks nothing of daylight time throughout the year.
    if (footer.empty() || std::string(name) == "Test/Always") continue;
    const ZoneConfiguration zone = interval_of("{location: " + std::string(name) + "}").periods.at(0).zone;
    const HostZone host(footer);
    for (Instant at = *parse_rfc3339("2023-12-30T00:15:00Z"); at < *parse_rfc3339("2029-01-03T00:00:00Z");
         at = at + Duration::minutes(30))
      ASSERT_EQ(span_at(zone, at).offset, Duration::seconds(local_time(at).tm_gmtoff)) << name << " " << format_rfc3339(at);
  }
}

TEST(calendar, daylight_time_throughout_the_year_has_one_offset) {
  const ZoneConfiguration zone = interval_of("{location: Test/Always}").periods.at(0).zone;
  for (Instant at = *parse_rfc3339("2027-12-30T00:00:00Z"); at < *parse_rfc3339("2028-01-03T00:00:00Z");
       at = at + Duration::minutes(1))
    ASSERT_EQ(span_at(zone, at).offset, Duration::hours(-4)) << format_rfc3339(at);
}

// The files of this host: as its C library reads them, hour by hour.
TEST(calendar, zones_of_this_host_are_read_as_its_c_library_reads_them) {
  std::size_t count = 0;
  for (const char* name : {"Europe/Vienna", "America/New_York", "Africa/Casablanca", "Asia/Tehran", "America/Sao_Paulo",
                           "Asia/Seoul", "Pacific/Apia", "Africa/Cairo", "Europe/Dublin", "Antarctica/Troll", "Asia/Gaza"}) {
    std::ifstream in("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
    if (!in) continue;
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const auto zone = config::parse_zone_file(bytes, name);
    ASSERT_TRUE(zone) << name << ": " << zone.error().text;
    const HostZone host(std::string(":") + name);
    for (Instant at = config::zone_history_begin; at < *parse_rfc3339("2045-01-01T00:00:00Z"); at = at + Duration::minutes(60))
      ASSERT_EQ(span_at(*zone, at).offset, Duration::seconds(local_time(at).tm_gmtoff)) << name << " " << format_rfc3339(at);
    ++count;
  }
  if (count == 0) GTEST_SKIP() << "no time zones in /usr/share/zoneinfo";
}

TEST(calendar, the_ends_of_time_are_asked_without_harm) {
  const TimeIntervalConfiguration interval = interval_of("{weekdays: [monday], location: Europe/Vienna}");
  for (const Instant at : {Instant::never(), Instant{std::numeric_limits<std::int64_t>::min()}, Instant{0}})
    EXPECT_GT(next_change(interval, at), within_the_calendar(at));
}

}  // namespace
}  // namespace watchbill
