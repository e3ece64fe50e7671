// When a question that is asked again and again has been answered: pure. Source: domain/plans.md §3.2.
#pragma once

#include <optional>
#include <string_view>

#include "core/plan/run.h"

namespace watchbill::core::plan {

// One answer at its time. `previous_at`: when the one before it came, as far as the asker remembers.
struct Answer {
  Instant at;
  Observed observed{Observed::no_data};
  std::optional<Instant> previous_at;
};

// What an answer does to a cadence. `is_new` says that the count of `for` begins with it: it differs from the one before, or the
// gap between them was longer than two intervals.
struct CadenceStep {
  bool is_new{false};
  std::optional<Verdict> verdict;  // none: go on asking
};
[[nodiscard]] CadenceStep take_answer(const PlanCheck& check, const Watch& watch, const Answer& answer);

// The verdict when `within` is over and the last answer was the watch's.
[[nodiscard]] Verdict verdict_at_end(const Watch& watch);

// When no further answer is waited for: `within` and the time that a late answer to the last question may take.
[[nodiscard]] Instant end_of(const PlanCheck& check, const Watch& watch);

// verify_failed, verify_no_data, verify_inconclusive.
[[nodiscard]] std::string_view reason_of(Verdict verdict) noexcept;

}  // namespace watchbill::core::plan
