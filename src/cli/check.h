// `check`: what a person runs before anything is live. Offline; nothing is written.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/world.h"
#include "config/load.h"

namespace watchbill::cli {

struct CheckArguments {
  std::string config;                  // empty: watchbill.yaml, unless a file of a neighbour is named
  config::NeighbourFiles neighbours;
  std::vector<std::string> own_addresses;
  std::vector<std::string> files;  // of `check rules` and `check alertmanager`
  std::vector<std::string> emitters;  // files and URLs: who emits what (cli/emitters.h); empty: nobody said
  bool warn_as_fail{false};
};

// What a bill is read against on this host: the working directory, the host's name, the rights of the keeper.
[[nodiscard]] config::LoadOptions load_options();
// One line for each finding, or one JSON object; in a table's format with their numbers at the end.
void print_findings(Terminal& terminal, const config::Loaded& loaded);

// The bill with everything that it includes and names, or the neighbours' files in its place; Prometheus rule files by
// themselves; an Alertmanager file by itself. Exit 2 when it cannot be taken, or an emitter cannot be read; 1 when a rule is
// wrong (Severity::mistake), and for warnings with --warn-as-fail; else 0 (design/commands.md §3).
[[nodiscard]] ExitCode check_bill(Terminal& terminal, const World& world, const CheckArguments& arguments);
[[nodiscard]] ExitCode check_rules(Terminal& terminal, const World& world, const CheckArguments& arguments);
[[nodiscard]] ExitCode check_alertmanager(Terminal& terminal, const CheckArguments& arguments);

// `import prometheus FILE`: prints the bill that says the same. Exit 2, with the findings, when there can be none.
[[nodiscard]] ExitCode import_prometheus(Terminal& terminal, const config::NeighbourFiles& files);

}  // namespace watchbill::cli
