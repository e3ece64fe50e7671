// The verbs `workloads`, `status workloads` and `logs`.
#pragma once

#include <string>

#include "cli/online.h"

namespace watchbill::cli {

struct WorkloadArguments {
  std::string name;    // NAME, NAME@N, or group:NAME
  std::string reason;
  std::string request_id;
  bool waits{false};
  std::string timeout{"60s"};  // of waiting, as Prometheus writes durations
};

struct LogArguments {
  std::string data{"./data"};
  std::string name;
  std::uint32_t lines{100};
  bool follows{false};
};

// `workloads`, `workloads list`, `status workloads`: a line for each. `watch`: again each second.
[[nodiscard]] ExitCode workloads_list(Terminal& terminal, World& world, const ServerArguments& server, bool watch);
// `workloads show NAME`: everything about one.
[[nodiscard]] ExitCode workloads_show(Terminal& terminal, World& world, const ServerArguments& server, const std::string& name);

enum class WorkloadAction : std::uint8_t { start, stop, restart };
// `workloads start|stop|restart NAME`. With --wait it ends when the wanted state is reached (0), when it cannot be (1), or after
// --timeout (75).
[[nodiscard]] ExitCode workloads_act(Terminal& terminal, World& world, const ServerArguments& server, WorkloadAction action,
                                     const WorkloadArguments& arguments);

// `logs NAME`: the last lines from the data directory, also without a controller; with -f what is written from then on.
[[nodiscard]] ExitCode logs(Terminal& terminal, World& world, const LogArguments& arguments);

}  // namespace watchbill::cli
