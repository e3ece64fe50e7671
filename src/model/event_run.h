// Events of the area plan: what happens to a run between its beginning and its end. Source: domain/plans.md §2.1.
#pragma once

#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/area.h"
#include "model/event_observation.h"
#include "model/fields.h"

namespace watchbill {

// What a held run waits for.
enum class HeldFor : std::uint8_t { hold, undo_failed, outcome_unknown, step_failed };
template <>
struct Words<HeldFor> {
  static constexpr std::array<std::string_view, 4> table{"hold", "undo_failed", "outcome_unknown", "step_failed"};
};

// Stopped until a person decides; leases stay. Every one of these is a page.
struct PlanHeld {
  static constexpr std::string_view type = "PlanHeld";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  HeldFor reason{HeldFor::hold};
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &PlanHeld::reason), field("run", &PlanHeld::run), field("step", &PlanHeld::step));
  }
};

struct PlanResumed {
  static constexpr std::string_view type = "PlanResumed";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string by;
  std::string reason;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &PlanResumed::by), field("reason", &PlanResumed::reason), field("run", &PlanResumed::run));
  }
};

struct QueueExpired {
  static constexpr std::string_view type = "QueueExpired";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &QueueExpired::run)); }
};

struct CancelRequested {
  static constexpr std::string_view type = "CancelRequested";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string by;
  std::string reason;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &CancelRequested::by), field("reason", &CancelRequested::reason),
              field("run", &CancelRequested::run));
  }
};

// A hold covers the run: it stops at its next safe point.
struct HoldRequested {
  static constexpr std::string_view type = "HoldRequested";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  std::string scope;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("run", &HoldRequested::run), field("scope", &HoldRequested::scope));
  }
};

struct CompensationStarted {
  static constexpr std::string_view type = "CompensationStarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string cause;  // "step 2 failed", "cancelled"
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("cause", &CompensationStarted::cause), field("run", &CompensationStarted::run));
  }
};

// A runbook was resolved and not run: what would have been done, and what would have refused it. Nothing was changed.
struct DryRunCompleted {
  static constexpr std::string_view type = "DryRunCompleted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::vector<DryRunAnswer> answers;  // of what was asked, in the plan's order
  Digest plan;                        // its bytes are stored
  std::vector<std::string> refusals;  // names of what would refuse a start now, each with its message
  std::string requester;
  std::string runbook;
  std::vector<std::string> unknown;   // paths of read and probe steps without an answer
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answers", &DryRunCompleted::answers), field("plan", &DryRunCompleted::plan),
              field("refusals", &DryRunCompleted::refusals),
              field("requester", &DryRunCompleted::requester), field("runbook", &DryRunCompleted::runbook),
              field("unknown", &DryRunCompleted::unknown));
  }
};

}  // namespace watchbill
