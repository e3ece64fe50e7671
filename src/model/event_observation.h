// Events of the area plan: answers of questions and of people, and pauses before retries. Source: domain/plans.md §2.2, §3, §4.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

// One answer to a question: of a verify, of looking before the intent.
enum class Observed : std::uint8_t { true_, false_, no_data };
template <>
struct Words<Observed> {
  static constexpr std::array<std::string_view, 3> table{"true", "false", "no_data"};
};

// The answer to an unknown outcome.
enum class OutcomeAnswer : std::uint8_t { done, not_done, leave };
template <>
struct Words<OutcomeAnswer> {
  static constexpr std::array<std::string_view, 3> table{"done", "not_done", "leave"};
};

// What was seen last, with the numbers: "up=0@14:02:06.2".
struct Observation {
  Observed answer{Observed::no_data};
  std::string reason;                // of no_data: "stale", "empty", …
  std::vector<std::string> samples;  // at most 32, "VALUE@TIME"
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &Observation::answer), field("reason", &Observation::reason),
              field("samples", &Observation::samples));
  }
};

// What a question of a plan was answered before any run of it: the read or probe of a step, or with `verify` its verify.
struct DryRunAnswer {
  Observed answer{Observed::no_data};
  std::string reason;   // of what is not true
  std::string step;     // its path
  bool verify{false};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &DryRunAnswer::answer), field("reason", &DryRunAnswer::reason),
              field("step", &DryRunAnswer::step), field("verify", &DryRunAnswer::verify));
  }
};

// Another answer of a cadence than the one before it. There is no event for each question.
struct ObservationChanged {
  static constexpr std::string_view type = "ObservationChanged";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  Observed answer{Observed::no_data};
  std::string reason;
  std::string run;
  std::vector<std::string> samples;
  std::string step;  // its path
  bool undo{false};  // of verify_undo
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &ObservationChanged::answer), field("reason", &ObservationChanged::reason),
              field("run", &ObservationChanged::run),       field("samples", &ObservationChanged::samples),
              field("step", &ObservationChanged::step),     field("undo", &ObservationChanged::undo));
  }
};

// The next attempt of an effect, and the pause before it with its jitter.
struct RetryScheduled {
  static constexpr std::string_view type = "RetryScheduled";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::uint32_t attempt{0};
  Duration delay;
  EffectId effect_id;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("attempt", &RetryScheduled::attempt), field("delay_ms", &RetryScheduled::delay),
              field("effect_id", &RetryScheduled::effect_id), field("run", &RetryScheduled::run));
  }
};

// A person's word on an unknown outcome, or on an undo that failed.
struct OutcomeAnswered {
  static constexpr std::string_view type = "OutcomeAnswered";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  OutcomeAnswer answer{OutcomeAnswer::leave};
  std::string by;
  std::string reason;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &OutcomeAnswered::answer), field("by", &OutcomeAnswered::by),
              field("reason", &OutcomeAnswered::reason), field("run", &OutcomeAnswered::run),
              field("step", &OutcomeAnswered::step));
  }
};

}  // namespace watchbill
