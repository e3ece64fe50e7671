// Events of the area plan: what became of one step of a run. Source: domain/plans.md §2.2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/event_observation.h"
#include "model/plan_value.h"
#include "model/plan_words.h"

namespace watchbill {

// Before anything is sent: late values are bound, former state and `before` are known.
struct StepIntended {
  static constexpr std::string_view type = "StepIntended";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::optional<Observed> before;  // the answer of `verify` before the step
  std::map<std::string, std::string> bound;  // late values by name
  std::uint64_t fence{0};  // of the first target that the step changes
  PlanValues former;  // built-in observation; of several actions by their number
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("before", &StepIntended::before), field("bound", &StepIntended::bound),
              field("fence", &StepIntended::fence),   field("former", &StepIntended::former),
              field("run", &StepIntended::run),       field("step", &StepIntended::step));
  }
};

struct StepCompleted {
  static constexpr std::string_view type = "StepCompleted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::optional<Observation> observation;
  std::string run;
  std::string step;  // its path
  Verdict verdict{Verdict::pass};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("observation", &StepCompleted::observation), field("run", &StepCompleted::run),
              field("step", &StepCompleted::step), field("verdict", &StepCompleted::verdict));
  }
};

struct StepFailed {
  static constexpr std::string_view type = "StepFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::optional<Observation> observation;
  std::string reason;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("observation", &StepFailed::observation), field("reason", &StepFailed::reason),
              field("run", &StepFailed::run), field("step", &StepFailed::step));
  }
};

struct StepSkipped {
  static constexpr std::string_view type = "StepSkipped";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string reason;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &StepSkipped::reason), field("run", &StepSkipped::run), field("step", &StepSkipped::step));
  }
};

struct UndoIntended {
  static constexpr std::string_view type = "UndoIntended";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  std::string step;  // its path
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("run", &UndoIntended::run), field("step", &UndoIntended::step)); }
};

struct UndoCompleted {
  static constexpr std::string_view type = "UndoCompleted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  std::string step;  // its path
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("run", &UndoCompleted::run), field("step", &UndoCompleted::step)); }
};

struct UndoFailed {
  static constexpr std::string_view type = "UndoFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string reason;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &UndoFailed::reason), field("run", &UndoFailed::run), field("step", &UndoFailed::step));
  }
};

}  // namespace watchbill
