// What people and programs see of workloads, as JSON. Source: domain/supervision.md §9.
#pragma once

#include <string>
#include <string_view>

#include "api/services.h"
#include "base/json.h"
#include "core/workload/state.h"
#include "core/workload/view.h"

namespace watchbill::api {

struct SeenWorkload {
  const std::string& name;  // with its instance
  const core::workload::Workload& workload;
  const core::workload::State& state;
  const Services& services;
};

// The status with what the keeper's silence makes of it: unknown while it cannot be asked.
[[nodiscard]] core::workload::Status status_of(const SeenWorkload& seen, const KeeperView& keeper);

// One object of the snapshot's `workloads`. Loop's thread.
void write_workload(JsonWriter& json, const SeenWorkload& seen);
// The whole snapshot: what is declared, what is skipped and why. Loop's thread.
void write_snapshot(std::string& out, const core::workload::State& state, const Services& services);
// How many workloads there are by status, and the warnings about their keeper: the member `workloads` of the overview.
void write_workload_counts(JsonWriter& json, const core::workload::State& state, const Services& services,
                           std::vector<std::string> warnings);

}  // namespace watchbill::api
