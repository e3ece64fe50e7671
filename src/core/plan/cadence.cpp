#include "core/plan/cadence.h"

namespace watchbill::core::plan {
namespace {

// The question of the last instant may be answered so much later, and still be the last one.
constexpr Duration late_answer_max = Duration::seconds(1);

Duration whole_time(const PlanCheck& check) {
  if (!check.retries) return check.within;
  return check.delay.value_or(check.interval) * static_cast<std::int64_t>(*check.retries);
}

}  // namespace

CadenceStep take_answer(const PlanCheck& check, const Watch& watch, const Answer& answer) {
  CadenceStep step;
  const Instant end = watch.since + whole_time(check);
  const bool is_gap = answer.previous_at && answer.at - *answer.previous_at > check.interval * 2;
  step.is_new = !watch.answer || *watch.answer != answer.observed || (is_gap && answer.observed == Observed::true_);
  const Instant same_since = step.is_new ? answer.at : watch.answer_since;
  const bool is_long_enough = check.retries || answer.at - same_since >= check.for_;
  // A late answer counts for the question that was asked in time only when nothing else has been heard.
  const bool is_in_time = answer.at <= end || !watch.answer;
  if (is_in_time && answer.observed == Observed::true_ && is_long_enough) step.verdict = Verdict::pass;
  else if (answer.at >= end) {
    Watch last = watch;
    if (is_in_time) last.answer = answer.observed;
    step.verdict = verdict_at_end(last);
    step.is_new = step.is_new && is_in_time;
  }
  return step;
}

Verdict verdict_at_end(const Watch& watch) {
  if (!watch.answer) return Verdict::no_data;
  switch (*watch.answer) {
    case Observed::true_: return Verdict::inconclusive;
    case Observed::false_: return Verdict::fail;
    case Observed::no_data: return Verdict::no_data;
  }
  return Verdict::no_data;
}

Instant end_of(const PlanCheck& check, const Watch& watch) { return watch.since + whole_time(check) + late_answer_max; }

std::string_view reason_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass: return "";
    case Verdict::fail: return "verify_failed";
    case Verdict::no_data: return "verify_no_data";
    case Verdict::inconclusive: return "verify_inconclusive";
  }
  return "";
}

}  // namespace watchbill::core::plan
