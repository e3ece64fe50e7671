// `watchbill serve --supervised`: the keeper runs the controller, and again when it crashes; this process shows what it prints.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "cli/command_line.h"

namespace watchbill::app {

// Runs until the controller has ended for good, or SIGTERM or SIGINT had it stopped: its exit code is ours. Killed, it leaves
// controller and workloads to the keeper; the next one then follows that controller, and its own arguments count from the
// controller's next start. Exit codes when it does not start: as serve().
[[nodiscard]] cli::ExitCode serve_supervised(cli::Terminal& terminal, const cli::ServeArguments& arguments);

// The controller of this data directory that is guarded and is not this process: why no plain serve() may begin there.
[[nodiscard]] std::optional<Error> another_is_guarded(const std::string& data);

}  // namespace watchbill::app
