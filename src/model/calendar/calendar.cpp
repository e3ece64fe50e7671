#include "model/calendar/calendar.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "model/calendar/zone.h"

namespace watchbill {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 24 * 60 * minute_ms;
constexpr std::int64_t minutes_of_a_day = 24 * 60;

std::int64_t floor_of(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

// Days from 1970-01-01 on the clock of a zone.
std::int64_t local_day_of(Instant at, Duration offset) { return floor_of((at + offset).ms, day_ms); }

Instant begin_of(std::int64_t local_day, Duration offset) { return Instant{local_day * day_ms} - offset; }

bool has_number(const std::vector<NumberRange>& ranges, std::int32_t number) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [number](const NumberRange& each) {
           return number >= each.begin && number <= each.end;
         });
}

// Negative days count from the end of the month. What is beyond a short month's end is nothing of it.
bool has_day_of_month(const std::vector<NumberRange>& ranges, const std::chrono::year_month_day& date) {
  if (ranges.empty()) return true;
  const auto last = static_cast<std::int32_t>(static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day()));
  const auto day = static_cast<std::int32_t>(static_cast<unsigned>(date.day()));
  const auto from_begin = [last](std::int32_t written) { return written < 0 ? last + written + 1 : written; };
  return std::any_of(ranges.begin(), ranges.end(), [&](const NumberRange& each) {
    return day >= from_begin(each.begin) && day <= from_begin(each.end);
  });
}

bool has_day(const TimePeriodConfiguration& period, std::int64_t local_day) {
  const std::chrono::sys_days day{std::chrono::days(local_day)};
  const std::chrono::year_month_day date(day);
  return has_number(period.weekdays, static_cast<std::int32_t>(std::chrono::weekday(day).c_encoding())) &&
         has_number(period.months, static_cast<std::int32_t>(static_cast<unsigned>(date.month()))) &&
         has_number(period.years, static_cast<std::int32_t>(static_cast<int>(date.year()))) &&
         has_day_of_month(period.days_of_month, date);
}

bool has_minute(const TimePeriodConfiguration& period, std::int64_t minute) {
  return period.times.empty() || std::any_of(period.times.begin(), period.times.end(), [minute](const MinuteRange& each) {
           return minute >= each.begin && minute < each.end;
         });
}

bool has_instant(const TimePeriodConfiguration& period, Duration offset, Instant at) {
  const std::int64_t day = local_day_of(at, offset);
  return has_minute(period, floor_of((at - begin_of(day, offset)).ms, minute_ms)) && has_day(period, day);
}

bool has_instant(const TimePeriodConfiguration& period, Instant at) {
  return has_instant(period, span_at(period.zone, at).offset, at);
}

bool is_always(const TimePeriodConfiguration& period) {
  return period.times.empty() && period.weekdays.empty() && period.days_of_month.empty() && period.months.empty() &&
         period.years.empty();
}

// A stretch of time in which the clock of a zone runs evenly.
struct Stretch {
  Instant begin;
  Instant end;  // not part of it
  Duration offset;
};

// The first instant after the beginning of the stretch at which the period is no more what it `was` there; never() for none.
Instant change_within(const TimePeriodConfiguration& period, const Stretch& stretch, bool was) {
  for (std::int64_t day = local_day_of(stretch.begin, stretch.offset);; ++day) {
    const Instant midnight = begin_of(day, stretch.offset);
    if (midnight >= stretch.end) return Instant::never();
    const bool is_day = has_day(period, day);
    if (midnight > stretch.begin && (is_day && has_minute(period, 0)) != was) return midnight;
    if (!is_day) continue;
    Instant first = Instant::never();
    const auto look_at = [&](std::int32_t minute) {
      const Instant at = midnight + Duration::minutes(minute);
      if (minute < minutes_of_a_day && at > stretch.begin && at < std::min(first, stretch.end) &&
          has_minute(period, minute) != was)
        first = at;
    };
    for (const MinuteRange& each : period.times) {
      look_at(each.begin);
      look_at(each.end);
    }
    if (first != Instant::never()) return first;
  }
}

// One period on its way through time: whether it is on, and the stretch of its zone's clock around that moment.
struct Runner {
  const TimePeriodConfiguration* period{nullptr};
  ZoneSpan span;
  bool is_on{false};

  Runner(const TimePeriodConfiguration& of, Instant at)
      : period(&of), span(span_at(of.zone, at)), is_on(has_instant(of, span.offset, at)) {}

  // Goes from `at`, where it is, to the first instant at which the period begins or ends; never() when there is none up to
  // `last`.
  Instant run(Instant at, Instant last) {
    if (is_always(*period)) return Instant::never();
    while (true) {
      const Instant end = std::min(span.end, last + Duration::milliseconds(1));
      const Instant change = change_within(*period, {at, end, span.offset}, is_on);
      if (change != Instant::never()) {
        is_on = !is_on;
        return change;
      }
      if (span.end > last) return change;
      at = span.end;
      span = span_at(period->zone, at);
      if (has_instant(*period, span.offset, at) == is_on) continue;
      is_on = !is_on;
      return at;
    }
  }
};

Instant next_begin_of(const TimeIntervalConfiguration& interval, Instant at, Instant last) {
  Instant first = Instant::never();
  for (const TimePeriodConfiguration& each : interval.periods)
    first = std::min(first, Runner(each, at).run(at, std::min(last, first)));
  return first;
}

// The periods take turns, each time the one whose next change comes first, until none is on.
Instant next_end_of(const TimeIntervalConfiguration& interval, Instant at, Instant last) {
  using Turn = std::pair<Instant, std::size_t>;  // when, and of which runner
  std::vector<Runner> runners;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  std::size_t on_count = 0;
  for (const TimePeriodConfiguration& each : interval.periods) {
    Runner& runner = runners.emplace_back(each, at);
    const bool was_on = runner.is_on;
    const Instant change = runner.run(at, last);
    if (change != Instant::never()) turns.emplace(change, runners.size() - 1);
    else if (was_on) return change;
    if (was_on) ++on_count;
  }
  while (!turns.empty()) {
    const auto [now, index] = turns.top();
    turns.pop();
    Runner& runner = runners[index];
    // It stands where it changed.
    const bool is_on = runner.is_on;
    is_on ? ++on_count : --on_count;
    const Instant change = runner.run(now, last);
    if (change != Instant::never()) turns.emplace(change, index);
    else if (is_on) return change;
    if (on_count == 0 && (turns.empty() || turns.top().first != now)) return now;
  }
  return Instant::never();
}

}  // namespace

bool contains(const TimeIntervalConfiguration& interval, Instant at) {
  at = within_the_calendar(at);
  return std::any_of(interval.periods.begin(), interval.periods.end(),
                     [at](const TimePeriodConfiguration& each) { return has_instant(each, at); });
}

Instant next_change(const TimeIntervalConfiguration& interval, Instant at) {
  at = within_the_calendar(at);
  const Instant last = at + calendar_reach;
  return contains(interval, at) ? next_end_of(interval, at, last) : next_begin_of(interval, at, last);
}

}  // namespace watchbill
