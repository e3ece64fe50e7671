// Standing orders: what stands in one, when it is a new one, and the effect that carries it to the keeper.
// Source: domain/supervision.md §2.2, §4, §8.
#pragma once

#include "core/workload/state.h"
#include "model/effect.h"

namespace watchbill::core::workload {

// The digest of what decides how a process is made (command, user, environment, directory).
[[nodiscard]] Digest program_digest(const WorkloadConfiguration& configuration);
// The digest of everything that an order says for later, also for the name the jitter is drawn from.
[[nodiscard]] Digest terms_digest(const WorkloadConfiguration& configuration, const std::string& name_space, bool is_held);

// The next order for a workload, with the terms that are wanted now, about the incarnation that it has.
[[nodiscard]] StandingOrderGiven next_order(const std::string& name, const Workload& workload, OrderDirective directive);

// Whether the restart limit allows one more restart now, counted as the keeper counts.
[[nodiscard]] bool budget_allows(const Workload& workload, Instant now) noexcept;
// Restarts by standing order within the window of the limit.
[[nodiscard]] std::uint64_t restarts_in_window(const Workload& workload, Instant now) noexcept;
[[nodiscard]] RestartBudgetExhausted budget_exhausted(const std::string& name, const Workload& workload);

// The effect that an owed order is. Asserts that it is owed.
[[nodiscard]] Effect effect_of(const State& state, const std::string& name, Instant now);

}  // namespace watchbill::core::workload
