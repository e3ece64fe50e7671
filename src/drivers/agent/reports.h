// What a keeper reports, in the words of the core. Pure. Source: model/wire/{reports,notes}.h, model/event_workload_report.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/command.h"
#include "model/wire/frame.h"

namespace watchbill::drivers::agent {

// A report as the command that it becomes; `blobs` are the bytes that the command names.
struct ToldReport {
  CommandBody command;
  std::vector<std::string> blobs;
};

// The command of a numbered report; every number becomes one, so that the core can see a gap: what says nothing new is
// NoteReportsDropped with value 0. Absent for an effect's outcome (EffectDone), which is not the workload area's. `memory` is the
// keeper's.
[[nodiscard]] std::optional<ToldReport> told_by(const model::wire::Frame& frame, const std::string& memory);

// Sets the number that was told before it.
void set_after(CommandBody& command, std::uint64_t after);

// One workload of a keeper's snapshot.
[[nodiscard]] KeptWorkload kept_by(const model::wire::WorkloadState& state);

}  // namespace watchbill::drivers::agent
