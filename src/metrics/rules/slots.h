// When a rule group is due, and whether it has been silent for too long.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace watchbill::metrics::rules {

// Where in its interval a group's slots lie: 0 <= offset < interval, by file and name alone, so that groups spread and neither a
// restart nor a reload moves them. Holds: interval > 0.
[[nodiscard]] Duration slot_offset(std::string_view file, std::string_view group, Duration interval);

// The slots of one group. Pure: time comes with the calls and never runs back.
class SlotClock {
 public:
  // The first slot lies after `start`. Holds: interval > 0, 0 <= offset < interval.
  SlotClock(Duration interval, Duration offset, Instant start);

  // The slot to be evaluated now, if there is one: the newest that has begun; those between the last one and this are counted as
  // missed. Each slot is given once.
  [[nodiscard]] std::optional<Instant> take_due(Instant now);
  [[nodiscard]] Instant next() const noexcept { return next_; }
  [[nodiscard]] std::uint64_t missed_count() const noexcept { return missed_count_; }

 private:
  Duration interval_;
  Instant next_;
  std::uint64_t missed_count_{0};
};

// How long a group may be without a good evaluation, one in which every rule gave an answer: 3 intervals, at least 60 s
// (domain/incidents.md §4, RuleGroupSilent).
[[nodiscard]] Duration silence_max(Duration interval) noexcept;

}  // namespace watchbill::metrics::rules
