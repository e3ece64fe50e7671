// Times at which routes are muted or active: Alertmanager's time_intervals, each period with the rules of its time zone written
// out, as the core reads no file. What they mean: model/calendar/calendar.h. Source: Alertmanager 0.25 timeinterval, RFC 8536.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/fields.h"

namespace watchbill {

// Both ends belong to it.
struct NumberRange {
  std::int32_t begin{0};
  std::int32_t end{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("begin", &NumberRange::begin), field("end", &NumberRange::end));
  }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// Minutes of a day, from 0; the last is not part of it, and may be 1440.
struct MinuteRange {
  std::int32_t begin{0};
  std::int32_t end{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("begin", &MinuteRange::begin), field("end", &MinuteRange::end));
  }
  friend bool operator==(const MinuteRange&, const MinuteRange&) = default;
};

// How a rule names a day: "M3.5.0", "J60" (29 February is not counted), "59" (it is). Source: POSIX, TZ.
enum class ZoneDayKind : std::uint8_t { weekday_of_month, day_without_leap, day_of_year };
template <>
struct Words<ZoneDayKind> {
  static constexpr std::array<std::string_view, 3> table{"weekday_of_month", "day_without_leap", "day_of_year"};
};

// When clocks change, in each year.
struct ZoneChange {
  std::int32_t day{0};  // of the week, 0: sunday; without leap 1 to 365; of the year 0 to 365
  ZoneDayKind kind{ZoneDayKind::weekday_of_month};
  std::int32_t month{0};           // 1 to 12; as week only with weekday_of_month
  std::int32_t second{0};          // of that day, on the clock as it was before; also negative, and beyond the day
  std::int32_t week{0};            // 1 to 5; 5: the last
  template <class To> static constexpr auto fields(To&& to) {
    using Z = ZoneChange;
    return to(field("day", &Z::day), field("kind", &Z::kind), field("month", &Z::month), field("second", &Z::second),
              field("week", &Z::week));
  }
  friend bool operator==(const ZoneChange&, const ZoneChange&) = default;
};

// Offsets are seconds that a zone is ahead of UTC.
struct ZoneRule {
  ZoneChange begin;  // of daylight time
  std::int32_t daylight_offset{0};
  ZoneChange end;
  std::int32_t standard_offset{0};
  template <class To> static constexpr auto fields(To&& to) {
    using Z = ZoneRule;
    return to(field("begin", &Z::begin), field("daylight_offset", &Z::daylight_offset), field("end", &Z::end),
              field("standard_offset", &Z::standard_offset));
  }
  friend bool operator==(const ZoneRule&, const ZoneRule&) = default;
};

struct ZoneTransition {
  Instant at;
  std::int32_t offset{0};  // from then on
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &ZoneTransition::at), field("offset", &ZoneTransition::offset));
  }
  friend bool operator==(const ZoneTransition&, const ZoneTransition&) = default;
};

// A time zone from 2020 on; as it stands here it is UTC. The rule holds behind the last transition, or always without one.
struct ZoneConfiguration {
  std::int32_t first_offset{0};  // before the first transition; of no meaning when there is only a rule
  std::string name{"UTC"};
  std::optional<ZoneRule> rule;  // absent: the last offset goes on
  std::vector<ZoneTransition> transitions;  // ascending; those that the rule says too are left out at the end
  template <class To> static constexpr auto fields(To&& to) {
    using Z = ZoneConfiguration;
    return to(field("first_offset", &Z::first_offset), field("name", &Z::name), field("rule", &Z::rule),
              field("transitions", &Z::transitions));
  }
  friend bool operator==(const ZoneConfiguration&, const ZoneConfiguration&) = default;
};

// All parts must agree, one range of each is enough; a part without ranges always agrees.
struct TimePeriodConfiguration {
  std::vector<NumberRange> days_of_month;  // 1 to 31, or from the end: -1 is the last, -31 the farthest
  std::vector<NumberRange> months;         // 1 to 12
  std::vector<MinuteRange> times;
  std::vector<NumberRange> weekdays;  // 0: sunday
  std::vector<NumberRange> years;
  ZoneConfiguration zone;
  template <class To> static constexpr auto fields(To&& to) {
    using P = TimePeriodConfiguration;
    return to(field("days_of_month", &P::days_of_month), field("months", &P::months), field("times", &P::times),
              field("weekdays", &P::weekdays), field("years", &P::years), field("zone", &P::zone));
  }
  friend bool operator==(const TimePeriodConfiguration&, const TimePeriodConfiguration&) = default;
};

// The times that are in one period or more; without periods there are none.
struct TimeIntervalConfiguration {
  std::vector<TimePeriodConfiguration> periods;
  template <class To> static constexpr auto fields(To&& to) { return to(field("periods", &TimeIntervalConfiguration::periods)); }
  friend bool operator==(const TimeIntervalConfiguration&, const TimeIntervalConfiguration&) = default;
};

}  // namespace watchbill
