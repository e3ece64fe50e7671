// What people ask of workloads, and the controller when it closes. Each is recorded at once; the changes of state follow as
// steps, in the order of dependencies. Source: domain/supervision.md §3, §7, §12.
#pragma once

#include "core/workload/state.h"

namespace watchbill::core::workload {

// Each gives one WorkloadCommanded for the workload, its instances or its group. Refuses role_missing, unknown_workload, and when
// every workload that is named refuses: already_running, not_running, disabled, dependency_failed, supervisor_closing, and by
// policy lost_needs_decision and restart_budget_exhausted.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const StartWorkload& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const StopWorkload& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const RestartWorkload& command, const Context& context);
// Gives WorkloadCommanded for "*"; nothing when closing has begun.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const CloseWorkloads& command, const Context& context);

// Why this workload cannot take the verb now, or nothing.
struct Asked {
  WorkloadVerb verb{WorkloadVerb::start};
  bool by_policy{false};
};
[[nodiscard]] std::optional<Refusal> refusal_of(const State& state, const Workload& workload, const Asked& asked) noexcept;

void apply(State& state, const WorkloadCommanded& event, const Applying& applying);

}  // namespace watchbill::core::workload
