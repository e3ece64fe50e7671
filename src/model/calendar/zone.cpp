#include "model/calendar/zone.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <vector>

namespace watchbill {
namespace {

constexpr Instant calendar_begin{-62'104'060'800'000};  // 0002-01-01
constexpr Instant calendar_end{253'339'228'800'000};    // 9998-01-01

int year_of(Instant at) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(at.ms)};
  return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year());
}

// The midnight, as if in UTC, of the day on which clocks change in a year.
std::chrono::sys_days day_of(const ZoneChange& change, std::chrono::year year) {
  using std::chrono::days;
  const std::chrono::sys_days first_of_year{year / std::chrono::January / 1};
  switch (change.kind) {
    case ZoneDayKind::weekday_of_month: {
      const std::chrono::weekday weekday(static_cast<unsigned>(change.day));
      const auto month = year / static_cast<int>(change.month);
      if (change.week == 5) return std::chrono::sys_days{month / weekday[std::chrono::last]};
      return std::chrono::sys_days{month / weekday[static_cast<unsigned>(change.week)]};
    }
    case ZoneDayKind::day_without_leap: return first_of_year + days(change.day - (year.is_leap() && change.day >= 60 ? 0 : 1));
    case ZoneDayKind::day_of_year: return first_of_year + days(change.day);
  }
  return first_of_year;
}

// A change comes at the time of the clock that was kept before it.
Instant instant_of(const ZoneChange& change, int year, std::int32_t offset_before) {
  const std::chrono::days day = day_of(change, std::chrono::year(year)).time_since_epoch();
  return Instant{0} + Duration::days(day.count()) + Duration::seconds(std::int64_t{change.second} - offset_before);
}

bool is_before(Instant instant, const ZoneTransition& transition) { return instant < transition.at; }

// Changes of clocks in the order of time, of some years around an instant.
struct Changes {
  std::array<ZoneTransition, 8> all;
  std::size_t count{0};

  // Of equal instants the later addition comes last: where daylight time of one year ends as that of the next begins, there is no
  // other time.
  void add(const ZoneTransition& change) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(count++);
    const auto place = std::upper_bound(all.begin(), end, change.at, is_before);
    std::move_backward(place, end, end + 1);
    *place = change;
  }
};

// The year's own changes and those of its neighbours: near the ends of a year one of these may be the last or the next.
ZoneSpan span_by_rule(const ZoneRule& rule, Instant at) {
  Changes changes;
  const int first_year = year_of(at) - 1;
  for (int year = first_year; year < first_year + 4; ++year) {
    const ZoneTransition begin{instant_of(rule.begin, year, rule.standard_offset), rule.daylight_offset};
    const ZoneTransition end{instant_of(rule.end, year, rule.daylight_offset), rule.standard_offset};
    changes.add(begin.at <= end.at ? begin : end);
    changes.add(begin.at <= end.at ? end : begin);
  }
  const auto next = std::upper_bound(changes.all.begin(), changes.all.end(), at, is_before);
  const std::int32_t offset = next == changes.all.begin() ? rule.standard_offset : std::prev(next)->offset;
  return {Duration::seconds(offset), next == changes.all.end() ? Instant::never() : next->at};
}

}  // namespace

Instant within_the_calendar(Instant at) { return std::clamp(at, calendar_begin, calendar_end); }

ZoneSpan span_at(const ZoneConfiguration& zone, Instant at) {
  at = within_the_calendar(at);
  const std::vector<ZoneTransition>& all = zone.transitions;
  const auto next = std::upper_bound(all.begin(), all.end(), at, is_before);
  if (next == all.end() && zone.rule) return span_by_rule(*zone.rule, at);
  const std::int32_t offset = next == all.begin() ? zone.first_offset : std::prev(next)->offset;
  return {Duration::seconds(offset), next == all.end() ? Instant::never() : next->at};
}

}  // namespace watchbill
