// What every decide() gets besides its area's state and facts, and what it gives.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/command.h"
#include "model/event.h"
#include "model/limits.h"
#include "model/refusal.h"
#include "model/schedule.h"

namespace watchbill {

// Time, ids and limits of one decision: all inputs that are neither state nor command. Lives as long as the decide() call.
struct Context {
  Instant at;                // the record's time
  Sequence sequence{0};      // the record that the events will stand in
  std::size_t first_event{0};  // index that the first event will have in it
  const Lineage& lineage;
  const Actor& actor;
  const Limits& limits;

  // 32 hex digits that no other decision of this journal gives: from lineage, sequence, index and `n`, so that replay gives the
  // same.
  [[nodiscard]] std::string new_id(std::string_view kind, std::size_t n = 0) const;
};

// Finds the bytes of a blob; nothing when the store does not have it.
using BlobLookup = std::function<std::optional<std::string>(const Digest&)>;

// What every apply() gets besides its area's state and the event.
struct Applying {
  Instant at;             // the record's time
  Sequence sequence{0};   // of the record
  Schedule& schedule;     // where the area keeps what it owes and when
  // The blob that the event names by its `state_blob`; it is there, or the record would not have been applied.
  const BlobLookup& blobs;
  const Limits& limits;
};

// What follows from a command: events, and the large values that they name by digest (a resolved plan), stored before them.
struct Decided {
  Events events;
  std::vector<std::string> blobs;

  Decided() = default;
  Decided(Events what) : events(std::move(what)) {}  // NOLINT(google-explicit-constructor)
  Decided(Events what, std::vector<std::string> bytes) : events(std::move(what)), blobs(std::move(bytes)) {}
};

// The events that follow from a command, or the named refusal. Never both, and events only in the order in which they happened.
using Decision = Result<Decided, Refused>;

}  // namespace watchbill
