// Commands of people on runs and approvals. Source: domain/plans.md §2.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/area.h"
#include "model/event_observation.h"

namespace watchbill {

// Starts a runbook, or with `dry_run` says what starting it now would do and records that. Role operator.
struct StartRun {
  static constexpr std::string_view type = "StartRun";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::people;
  bool dry_run{false};
  std::map<std::string, std::string> parameters;
  std::string reason;
  std::string run;  // "run-" and a ULID; absent: made from the journal
  std::string runbook;
  std::string seed;  // 16 hex digits; absent: made from the journal
  // Of a dry run: the plan that was asked beforehand, and what it answered. Of another plan the answers mean nothing.
  Digest answered_plan;
  std::vector<DryRunAnswer> answers;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answered_plan", &StartRun::answered_plan), field("answers", &StartRun::answers),
              field("dry_run", &StartRun::dry_run), field("parameters", &StartRun::parameters),
              field("reason", &StartRun::reason),   field("run", &StartRun::run),
              field("runbook", &StartRun::runbook), field("seed", &StartRun::seed));
  }
};

// Role operator.
struct CancelRun {
  static constexpr std::string_view type = "CancelRun";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string run;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("reason", &CancelRun::reason), field("run", &CancelRun::run)); }
};

// Role operator; a reason is needed.
struct ResumeRun {
  static constexpr std::string_view type = "ResumeRun";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string run;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("reason", &ResumeRun::reason), field("run", &ResumeRun::run)); }
};

// A person's answer to an unknown outcome. Role operator; a reason is needed.
struct ResolveRun {
  static constexpr std::string_view type = "ResolveRun";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::people;
  OutcomeAnswer answer{OutcomeAnswer::leave};
  std::string reason;
  std::string run;
  std::string step;  // its path
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("answer", &ResolveRun::answer), field("reason", &ResolveRun::reason), field("run", &ResolveRun::run),
              field("step", &ResolveRun::step));
  }
};

// A yes. Role approver, and one of the roles that the plan asks for.
struct GiveApproval {
  static constexpr std::string_view type = "GiveApproval";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  static constexpr Lane lane = Lane::people;
  bool accept_irreversible{false};
  Digest plan;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("accept_irreversible", &GiveApproval::accept_irreversible), field("plan", &GiveApproval::plan),
              field("run", &GiveApproval::run));
  }
};

// A no, which ends the run. Role approver.
struct RejectApproval {
  static constexpr std::string_view type = "RejectApproval";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &RejectApproval::reason), field("run", &RejectApproval::run));
  }
};

// One's own yes, while the run has not started.
struct WithdrawApproval {
  static constexpr std::string_view type = "WithdrawApproval";
  static constexpr int version = 1;
  static constexpr Area area = Area::approval;
  static constexpr Lane lane = Lane::people;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &WithdrawApproval::run)); }
};

}  // namespace watchbill
