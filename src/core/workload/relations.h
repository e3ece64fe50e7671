// What workloads are to each other: instances, groups, dependencies. Pure; nothing here changes anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/workload/state.h"

namespace watchbill::core::workload {

// The keys under which one host's keeper and supervisor are kept.
inline constexpr std::string_view local_host = "local";

[[nodiscard]] const Supervisor& supervisor_of(const State& state);

// starting, running, backoff or stopping: there is, or may be, a process.
[[nodiscard]] bool is_active(const Workload& workload) noexcept;
// stopped, completed, failed or lost.
[[nodiscard]] bool is_at_rest(const Workload& workload) noexcept;
// The bill does not want it: withdrawn or disabled.
[[nodiscard]] bool must_rest(const Workload& workload) noexcept;
// Running, ready by its readiness probe (if it has one), and not hung.
[[nodiscard]] bool is_ready(const Workload& workload) noexcept;
// A stop is asked, or follows from the bill or from closing.
[[nodiscard]] bool wants_stop(const State& state, const Workload& workload) noexcept;

// NAME itself or its instances NAME@1 …, in the order of their names; empty: not declared.
[[nodiscard]] std::vector<std::string> instances_of(const State& state, const std::string& configured_name);
// What a person names: NAME, NAME of several instances, group:NAME, or "*".
[[nodiscard]] std::vector<std::string> named_by(const State& state, const std::string& name);

// Those whose `requires` or `after` names `workload`, and those that it names itself, each once, in the order of their names.
[[nodiscard]] std::vector<std::string> dependents_of(const State& state, const Workload& workload);
[[nodiscard]] std::vector<std::string> dependencies_of(const State& state, const Workload& workload);

// The required dependency that has failed, or empty.
[[nodiscard]] std::string failed_dependency(const State& state, const Workload& workload);
// Every condition of `requires` holds, and nothing named in `after` is still on its way up.
[[nodiscard]] bool may_start(const State& state, const Workload& workload);
// No dependent is up that is on its way down itself: reverse order.
[[nodiscard]] bool may_stop(const State& state, const Workload& workload);

}  // namespace watchbill::core::workload
