// Commands by which areas ask for runs and tell them of what changed elsewhere. From the controller itself only.
// Source: domain/plans.md §2.1, §6.
#pragma once

#include <string>

#include "model/area.h"
#include "model/fields.h"
#include "model/labels.h"
#include "model/plan_words.h"

namespace watchbill {

// An alert fired: its binding is considered.
struct ConsiderBinding {
  static constexpr std::string_view type = "ConsiderBinding";
  static constexpr int version = 1;
  static constexpr Area area = Area::binding;
  static constexpr Lane lane = Lane::ingest;
  std::string alert;  // the instance
  bool anonymous{false};  // it was posted without a token
  std::string binding;  // the alert's name
  Labels labels;
  std::string run;  // "run-" and a ULID; absent: made from the journal
  std::string seed;  // 16 hex digits; absent: made from the journal
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &ConsiderBinding::alert),     field("anonymous", &ConsiderBinding::anonymous),
              field("binding", &ConsiderBinding::binding), field("labels", &ConsiderBinding::labels),
              field("run", &ConsiderBinding::run),         field("seed", &ConsiderBinding::seed));
  }
};

// The binding has decided: propose the run.
struct ProposeMitigation {
  static constexpr std::string_view type = "ProposeMitigation";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string alert;
  std::string binding;
  Labels labels;
  std::string lowered_by;
  BindingMode mode{BindingMode::auto_};
  std::string run;  // "run-" and a ULID; absent: made from the journal
  std::string seed;  // 16 hex digits; absent: made from the journal
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alert", &ProposeMitigation::alert),   field("binding", &ProposeMitigation::binding),
              field("labels", &ProposeMitigation::labels), field("lowered_by", &ProposeMitigation::lowered_by),
              field("mode", &ProposeMitigation::mode),     field("run", &ProposeMitigation::run),
              field("seed", &ProposeMitigation::seed));
  }
};

// The alerts that asked for a run have ended with evidence.
struct NoteNotNeeded {
  static constexpr std::string_view type = "NoteNotNeeded";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &NoteNotNeeded::run)); }
};

// A hold covers the run.
struct NoteHold {
  static constexpr std::string_view type = "NoteHold";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string run;
  std::string scope;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("run", &NoteHold::run), field("scope", &NoteHold::scope)); }
};

// Something that the run may have waited for is free now.
struct GoOn {
  static constexpr std::string_view type = "GoOn";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &GoOn::run)); }
};

// A new controller has taken over.
struct TakeOverRun {
  static constexpr std::string_view type = "TakeOverRun";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &TakeOverRun::run)); }
};

// Another bill holds: a run that waits is proposed anew when its plan would differ.
struct RecheckPlan {
  static constexpr std::string_view type = "RecheckPlan";
  static constexpr int version = 1;
  static constexpr Area area = Area::plan;
  static constexpr Lane lane = Lane::ingest;
  std::string run;
  template <class To> static constexpr auto fields(To&& to) { return to(field("run", &RecheckPlan::run)); }
};

}  // namespace watchbill
