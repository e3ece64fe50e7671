// Events of the area engine (design/events.md). Fields ascend by name; versions count from 1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "model/area.h"
#include "model/ids.h"
#include "model/refusal.h"

namespace watchbill {

// A journal began: the first record of all, or the first after `journal restore`.
struct LineageStarted {
  static constexpr std::string_view type = "LineageStarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  Lineage lineage;
  Lineage restored_from;  // the lineage of the backup; absent in a new journal
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("lineage", &LineageStarted::lineage), field("restored_from", &LineageStarted::restored_from));
  }
};

// A controller took over. Digests of state are compared only between records of epochs with the same state_format.
struct EpochStarted {
  static constexpr std::string_view type = "EpochStarted";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string build;     // release and commit of the program
  Duration clock_ahead;  // how far the last record was ahead of the wall clock
  Epoch epoch{0};
  std::uint32_t state_format{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("build", &EpochStarted::build), field("clock_ahead_ms", &EpochStarted::clock_ahead),
              field("epoch", &EpochStarted::epoch), field("state_format", &EpochStarted::state_format));
  }
};

// A command of a known caller was refused. Equal refusals within limits.refusal_interval are one further record with their count.
struct CommandRefused {
  static constexpr std::string_view type = "CommandRefused";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string caller;
  std::string command;  // type of the command
  std::uint64_t count{1};
  std::string message;
  Refusal reason{Refusal::internal};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("caller", &CommandRefused::caller), field("command", &CommandRefused::command),
              field("count", &CommandRefused::count), field("message", &CommandRefused::message),
              field("reason", &CommandRefused::reason));
  }
};

// The wall clock was set by more than 30 s; the engine clock goes on at its pace.
struct ClockJumped {
  static constexpr std::string_view type = "ClockJumped";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  Duration by;  // positive: the wall went forward
  Instant wall;
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("by_ms", &ClockJumped::by), field("wall_ms", &ClockJumped::wall)); }
};

// The last record of a segment: no further record gets this segment's number.
struct SegmentSealed {
  static constexpr std::string_view type = "SegmentSealed";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  Digest head;  // hash of the record before this one
  Segment segment{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("head", &SegmentSealed::head), field("segment", &SegmentSealed::segment));
  }
};

// The follower wrote State at `sequence`, which has this digest.
struct SnapshotWritten {
  static constexpr std::string_view type = "SnapshotWritten";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  Digest digest;
  Sequence sequence{0};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("digest", &SnapshotWritten::digest), field("sequence", &SnapshotWritten::sequence));
  }
};

// A closed object left the state; its events stay in the journal.
struct ObjectArchived {
  static constexpr std::string_view type = "ObjectArchived";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string kind;  // "request", "delivery", …
  std::string object;
  Area owner{Area::engine};
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("kind", &ObjectArchived::kind), field("object", &ObjectArchived::object),
              field("owner", &ObjectArchived::owner));
  }
};

// The disk refused an append for certain; written into the space that the ballast gave free, or together with the next event.
struct JournalBecameReadOnly {
  static constexpr std::string_view type = "JournalBecameReadOnly";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  std::string reason;  // "exhausted" or "read_only"
  Instant since;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("reason", &JournalBecameReadOnly::reason), field("since_ms", &JournalBecameReadOnly::since));
  }
};

struct JournalBecameWritable {
  static constexpr std::string_view type = "JournalBecameWritable";
  static constexpr int version = 1;
  static constexpr Area area = Area::engine;
  Duration after;
  template <class To> static constexpr auto fields(To&& to) { return to(field("after_ms", &JournalBecameWritable::after)); }
};

}  // namespace watchbill
