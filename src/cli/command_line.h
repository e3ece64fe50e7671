// From argv to a verb: the only file that speaks to the command line library is command_line.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/world.h"
#include "config/load.h"

namespace watchbill::cli {

struct ServeArguments {
  std::string config;  // empty: watchbill.yaml, if it is there
  config::NeighbourFiles neighbours;  // instead of a bill, when one of them is named
  std::string data;
  std::vector<std::string> listen;
  bool stops_workloads{false};
  bool is_supervised{false};
};

// Verbs that need what only the program itself may start: threads, servers, simulated worlds side by side.
struct ProgramVerbs {
  std::function<ExitCode(Terminal&, const ServeArguments&)> serve;
  std::function<ExitCode(Terminal&, const SimulateArguments&)> simulate;
};

// Parses completely, then runs one verb. Gives the exit code of the process. Exit 2 has no side effect.
[[nodiscard]] int run(int argument_count, char** arguments, World& world, const ProgramVerbs& program);

}  // namespace watchbill::cli
