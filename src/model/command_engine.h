// Commands of the areas engine, access and control.
#pragma once

#include <cstdint>
#include <string>

#include "base/sha256.h"
#include "base/time.h"
#include "model/area.h"
#include "model/fields.h"
#include "model/ids.h"

namespace watchbill {

// Begins a journal. Only ever the first command of all, or of a restored journal.
struct StartLineage {
  static constexpr std::string_view type = "StartLineage";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  Lineage lineage;
  Lineage restored_from;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("lineage", &StartLineage::lineage), field("restored_from", &StartLineage::restored_from));
  }
};

// Takes over: the first command of each start.
struct StartEpoch {
  static constexpr std::string_view type = "StartEpoch";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  std::string build;
  Duration clock_ahead;  // how far the last record is ahead of the wall clock; more than an hour starts on hold
  std::uint32_t state_format{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("build", &StartEpoch::build), field("clock_ahead_ms", &StartEpoch::clock_ahead),
              field("state_format", &StartEpoch::state_format));
  }
};

struct NoteClockJump {
  static constexpr std::string_view type = "NoteClockJump";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  Duration by;
  Instant wall;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("by_ms", &NoteClockJump::by), field("wall_ms", &NoteClockJump::wall));
  }
};

struct NoteSnapshot {
  static constexpr std::string_view type = "NoteSnapshot";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::answers;
  Digest digest;
  Sequence sequence{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("digest", &NoteSnapshot::digest), field("sequence", &NoteSnapshot::sequence));
  }
};

struct NoteReadOnly {
  static constexpr std::string_view type = "NoteReadOnly";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  std::string reason;
  Instant since;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &NoteReadOnly::reason), field("since_ms", &NoteReadOnly::since));
  }
};

struct NoteWritable {
  static constexpr std::string_view type = "NoteWritable";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  template <class To> static constexpr auto fields(To&& to) { return to(); }
};

// A deadline of the index is due: the area that set it decides what follows.
struct MeetDeadline {
  static constexpr std::string_view type = "MeetDeadline";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::deadlines;
  Instant at;
  Area owner{Area::engine};
  std::uint64_t seen{0};  // what the area's Seen adds to the decision: here, refusals counted since the last record
  std::string subject;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("at_ms", &MeetDeadline::at), field("owner", &MeetDeadline::owner), field("seen", &MeetDeadline::seen),
              field("subject", &MeetDeadline::subject));
  }
};

// Closes a segment of the journal. The record of this command is the segment's last one.
struct SealSegment {
  static constexpr std::string_view type = "SealSegment";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  static constexpr Lane lane = Lane::outcomes;
  Digest head;
  Segment segment{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("head", &SealSegment::head), field("segment", &SealSegment::segment));
  }
};

// Stops every mutation within `scope` ("all" or "KIND/NAME"). Role operator.
struct SetHold {
  static constexpr std::string_view type = "SetHold";
  static constexpr int version = 1;
  static constexpr Area area = Area::control;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  bool restarts{false};
  std::string scope;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &SetHold::reason), field("restarts", &SetHold::restarts), field("scope", &SetHold::scope));
  }
};

// Ends a hold. Role approver: a hold may have been set because somebody does not trust the operators' next step.
struct ReleaseHold {
  static constexpr std::string_view type = "ReleaseHold";
  static constexpr int version = 1;
  static constexpr Area area = Area::control;
  static constexpr Lane lane = Lane::people;
  std::string reason;
  std::string scope;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &ReleaseHold::reason), field("scope", &ReleaseHold::scope));
  }
};

}  // namespace watchbill
