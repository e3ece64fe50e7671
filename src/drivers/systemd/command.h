// Runs one short command on the loop and gathers what it says. For reading only: it is ended with us.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::systemd {

struct CommandAnswer {
  int exit_code{-1};  // 128 + N when signal N ended it
  std::string out;    // standard output, at most 64 KiB; standard error goes nowhere
};

// Runs argv[0] (a path) with an empty environment but PATH and LANG. `done` comes once, on the loop, never from within this call:
// the answer, or why there is none (not_found, timed_out after `timeout`, …). Loop thread only.
void run_command(ports::IoLoop& loop, const std::vector<std::string>& argv, Duration timeout,
                 std::function<void(Result<CommandAnswer>)> done);

}  // namespace watchbill::drivers::systemd
