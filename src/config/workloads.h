// workloads, probes and supervisor of a bill. What links them (dependencies that exist, cycles) is checked afterwards.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_supervisor.h"

namespace watchbill::config {

// Add what is under the key to `out`.
void read_workloads(const Cursor& at, std::map<std::string, WorkloadConfiguration>& out);
void read_probes(const Cursor& at, std::map<std::string, ProbeConfiguration>& out);
void read_supervisor(const Cursor& at, SupervisorConfiguration& out);
// started, live and ready of one workload.
void read_workload_probe(const Cursor& at, std::optional<ProbeConfiguration>& out);

// The tables of these chapters, for documentation and tests.
[[nodiscard]] std::vector<TableView> workload_tables();
[[nodiscard]] std::vector<TableView> probe_tables();

}  // namespace watchbill::config
