// `watchbill simulate`: worlds side by side, one thread for each core; each world itself is one thread and one seed.
#pragma once

#include "cli/verbs.h"

namespace watchbill::app {

// Prints each violation with its seed and timeline. Exit 0 when no checker found anything, 1 otherwise (also for a plant that was
// found).
[[nodiscard]] cli::ExitCode simulate(cli::Terminal& terminal, const cli::SimulateArguments& arguments);

}  // namespace watchbill::app
