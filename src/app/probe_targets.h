// What is to be probed on this host, as the core believes it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/state.h"
#include "drivers/agent/probes.h"
#include "model/configuration_supervisor.h"

namespace watchbill::app {

// The startup probe of a workload that starts, liveness and readiness of one that runs, and the bill's own `probes`.
[[nodiscard]] std::vector<drivers::agent::ProbeTarget> probe_targets(const core::State& state,
                                                                    const std::map<std::string, ProbeConfiguration>& watched);

}  // namespace watchbill::app
