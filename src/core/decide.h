// The whole core as four functions: decide, apply, the effect that is owed, and (core/react.h) what follows elsewhere. All pure.
#pragma once

#include "core/state.h"
#include "model/decide.h"
#include "model/effect.h"
#include "model/record.h"

namespace watchbill::core {

// Decides one command against the state. Events are not applied yet.
[[nodiscard]] Decision decide(const State& state, const CommandBody& command, const Context& context);

// The command that meets a deadline of the index, with what Seen adds to the decision.
[[nodiscard]] MeetDeadline deadline_command(Seen& seen, const Subject& subject, Instant at);

// The subject whose effect in flight this command ends, if it is such an outcome.
[[nodiscard]] std::optional<Subject> outcome_subject(const CommandBody& command);

// The record that an event is applied in.
struct RecordPlace {
  Instant at;
  Sequence sequence{0};
  const Limits& limits;
  const BlobLookup& blobs;
};

// Applies one event. Total: what is in the journal has happened. The blob it needs for the state must be found by `place.blobs`.
void apply(State& state, const Event& event, const RecordPlace& place);

// Applies what belongs to a whole record, after its events: progress, the answer to its request, the reactions it left.
struct RecordEnd {
  const RecordHeader& header;
  const std::string& caller;
  const std::optional<Request>& request;
  const std::vector<RecordedEvent>& events;
  const std::vector<Command>& pending;
};
void apply_end(State& state, const RecordEnd& end, const Limits& limits);

// The effect that a subject of the ready index owes.
[[nodiscard]] Effect effect_of(const State& state, const Subject& subject);

// The host on which the effect of a subject acts ("" is the controller's own), when only some may act on one host at a time.
[[nodiscard]] std::optional<std::string> acting_host(const State& state, const Subject& subject);

}  // namespace watchbill::core
