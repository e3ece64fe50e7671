// What people and programs see of a workload. Source: domain/supervision.md §6 (status), §9.
#pragma once

#include <string>
#include <vector>

#include "core/workload/record.h"

namespace watchbill::core::workload {

// The lattice of domain/readiness.md §1.
enum class Status : std::uint8_t { ok, warn, unknown, fail };

// The status by state and health. `unknown` beside it is the caller's to say while the keeper cannot be asked.
[[nodiscard]] Status status_of(const Workload& workload) noexcept;
// It runs on with another program than the bill now says.
[[nodiscard]] bool is_drifted(const Workload& workload) noexcept;
// Words for the snapshot: hook_failed, order_refused, …, in this order.
[[nodiscard]] std::vector<std::string> warnings_of(const Workload& workload);

}  // namespace watchbill::core::workload

template <>
struct watchbill::Words<watchbill::core::workload::Status> {
  static constexpr std::array<std::string_view, 4> table{"ok", "warn", "unknown", "fail"};
};
