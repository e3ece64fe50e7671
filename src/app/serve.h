// `watchbill serve`: the controller. The only place that starts threads.
#pragma once

#include "cli/command_line.h"

namespace watchbill::app {

// Runs until SIGTERM or SIGINT. Exit codes when it does not start: design/commands.md §7.
[[nodiscard]] cli::ExitCode serve(cli::Terminal& terminal, const cli::ServeArguments& arguments, cli::World& world);

}  // namespace watchbill::app
