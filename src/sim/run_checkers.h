// What must hold of runs in every world. Each function gives an empty text, or what is wrong in one sentence.
#pragma once

#include <string>
#include <vector>

#include "core/state.h"
#include "sim/executors.h"
#include "sim/read_journal.h"

namespace watchbill::sim {

// No mutating effect without a durable intent: each thing done was intended in a record, as this attempt under this id.
[[nodiscard]] std::string done_without_intent(const ReadJournal& journal, const std::vector<Done>& done);
// Nothing is done twice: neither under one effect id, nor under a new one that no person asked for.
[[nodiscard]] std::string done_twice(const ReadJournal& journal, const std::vector<Done>& done);
// After everything settled: every run is over, or waits for a named person.
[[nodiscard]] std::string unsettled_run(const core::State& state);

}  // namespace watchbill::sim
