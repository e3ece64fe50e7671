// What `serve` was told: the command line before the bill, the bill before the defaults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/bill.h"
#include "app/listen.h"
#include "cli/command_line.h"

namespace watchbill::app {

struct ServePlan {
  BillSource source;  // what was named, or the bill that is there
  std::optional<Bill> bill;
  std::string data{"./data"};
  std::vector<drivers::net::HttpListen> listen;
};

// Reads the bill and every file that it names. No value when `serve` cannot start with it; that, and with `shows_warnings` what
// is doubtful, was said to the terminal.
[[nodiscard]] std::optional<ServePlan> read_plan(cli::Terminal& terminal, const cli::ServeArguments& arguments,
                                                 bool shows_warnings);

// Says why `serve` does not start, and gives `code` back.
cli::ExitCode refuse_start(cli::Terminal& terminal, const std::string& reason, const Error& error, cli::ExitCode code);

// Says why the lock of the data directory was not taken: data_in_use or data_not_writable.
cli::ExitCode refuse_lock(cli::Terminal& terminal, const Error& error);

}  // namespace watchbill::app
