// One command, whole: decided, applied in memory, with everything that follows from it in other areas. The middle of the engine's
// loop.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/decide.h"
#include "core/react.h"

namespace watchbill::core {

// What the caller is told. `sequence` is the record that holds the decision, or 0 when nothing was recorded.
struct Answer {
  Sequence sequence{0};
  std::optional<Refused> refused;
  std::string subject;      // what was made or changed
  bool is_replayed{false};  // the recorded answer to a request id that was used before
};

struct Processed {
  Answer answer;
  // Empty: there is nothing to record.
  std::vector<RecordedEvent> events;
  std::vector<Command> pending;
  std::vector<std::string> blobs;  // of decisions and of reactions; those of the command are not among them
};

// Everything that a decision depends on besides state and command.
struct ProcessInputs {
  Instant at;
  const Limits& limits;
  std::span<const Reaction> reactions;
  // Finds blobs that did not come with the command: when recorded causes are decided again. May be empty.
  BlobLookup stored_blobs{};
};

// Decides `command` and applies its events, then the reactions to them, breadth first, for at most limits.reaction_rounds_max
// rounds and limits.record_events_max events; what is left is `pending`, to be processed first in the next batch. The events and
// pending commands given are applied to `state` already, save what apply_end() does once the record's header is known.
[[nodiscard]] Processed process(State& state, Seen& seen, const Command& command, const ProcessInputs& inputs);

}  // namespace watchbill::core
