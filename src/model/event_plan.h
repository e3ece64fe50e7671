// Events of the area plan: how runs begin and end. Source: domain/plans.md §2.1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/labels.h"
#include "model/plan_words.h"

namespace watchbill {

// A run of this plan is wanted; with mode suggest it is shown and there is no run.
struct PlanProposed {
  static constexpr std::string_view type = "PlanProposed";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string alert;  // the instance that asked, of a binding
  std::uint32_t approvals{0};  // how many people must say yes before it starts
  std::vector<std::string> approver_roles;  // one of these besides approver; empty: approver is enough
  std::string binding;
  Labels labels;  // of the alert: what a rollback is resolved from
  std::string lowered_by;  // why the mode is less than the binding says
  BindingMode mode{BindingMode::auto_};
  std::string parent;  // the mitigation that this run rolls back
  Digest plan;
  std::string reason;
  std::string requester;
  std::string run;
  std::string seed;  // 16 hex digits for the jitter of retries
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &PlanProposed::alert), field("approvals", &PlanProposed::approvals),
              field("approver_roles", &PlanProposed::approver_roles),
              field("binding", &PlanProposed::binding),
              field("labels", &PlanProposed::labels),
              field("lowered_by", &PlanProposed::lowered_by),
              field("mode", &PlanProposed::mode),
              field("parent", &PlanProposed::parent),
              field("plan", &PlanProposed::plan),
              field("reason", &PlanProposed::reason),
              field("requester", &PlanProposed::requester),
              field("run", &PlanProposed::run),
              field("seed", &PlanProposed::seed));
  }
  static constexpr auto state_blob = &PlanProposed::plan;
};

// All targets are held. Hands out the capabilities read and probe.
struct PlanStarted {
  static constexpr std::string_view type = "PlanStarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &PlanStarted::run)); }
};

// From here to MutateWithdrawn, and only there, effects that change something are intended.
struct MutateGranted {
  static constexpr std::string_view type = "MutateGranted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &MutateGranted::run)); }
};

// In the record of the terminal event.
struct MutateWithdrawn {
  static constexpr std::string_view type = "MutateWithdrawn";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &MutateWithdrawn::run)); }
};

// Every step is done or skipped.
struct PlanCompleted {
  static constexpr std::string_view type = "PlanCompleted";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &PlanCompleted::run)); }
};

// A step failed and nothing was to be taken back.
struct PlanFailed {
  static constexpr std::string_view type = "PlanFailed";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::vector<std::string> not_taken_back;  // irreversible steps that were intended
  std::string reason;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("not_taken_back", &PlanFailed::not_taken_back), field("reason", &PlanFailed::reason),
              field("run", &PlanFailed::run));
  }
};

// Taken back and verified.
struct PlanCompensated {
  static constexpr std::string_view type = "PlanCompensated";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::vector<std::string> not_taken_back;
  std::string run;
  std::vector<std::string> undone;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("not_taken_back", &PlanCompensated::not_taken_back), field("run", &PlanCompensated::run),
              field("undone", &PlanCompensated::undone));
  }
};

// Ended before the first mutate intent.
struct PlanCancelled {
  static constexpr std::string_view type = "PlanCancelled";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string by;
  std::string reason;  // "cancelled", "alert_resolved", "plan_changed"
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by", &PlanCancelled::by), field("reason", &PlanCancelled::reason), field("run", &PlanCancelled::run));
  }
};

// Never started.
struct PlanRefused {
  static constexpr std::string_view type = "PlanRefused";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string reason;  // "approval_rejected", "approval_expired", "queue_expired"
  std::string run;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("reason", &PlanRefused::reason), field("run", &PlanRefused::run)); }
};

// A person ended it as it stands.
struct PlanLeft {
  static constexpr std::string_view type = "PlanLeft";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  std::string by;
  std::string run;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("by", &PlanLeft::by), field("run", &PlanLeft::run)); }
};

}  // namespace watchbill
