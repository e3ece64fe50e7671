// What an event of one area asks of another: the only link between areas, one table.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/state.h"
#include "model/command.h"
#include "model/event.h"

namespace watchbill::core {

// One row: events of `type` may cause `command` in another area; `react` adds the commands, with their actors, that follow from
// one event.
struct Reaction {
  std::string_view type;     // of the event
  std::string_view command;  // type of the command, for the map
  void (*react)(const State& state, const Event& event, std::vector<Command>& commands);
};

// All rows, ordered by event, then command.
[[nodiscard]] std::span<const Reaction> reactions() noexcept;

// The table for people, one line each: "EpochStarted -> SetHold". Kept as a golden file.
[[nodiscard]] std::string reaction_map();

}  // namespace watchbill::core
