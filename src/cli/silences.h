// `silence`: a person's request for quiet, through the controller's Alertmanager API.
#pragma once

#include <string>
#include <vector>

#include "cli/online.h"

namespace watchbill::cli {

struct SilenceArguments {
  std::vector<std::string> matchers;  // `severity=page`, `job=~"a|b"`
  std::string author;                 // empty: whoever runs the program
  std::string reason;
  std::string length{"1h"};
  std::string file;  // of import: JSON as `silence list -o json` and amtool write it; "-": standard input
  std::string id;
  bool with_expired{false};
};

// `silence add MATCHER…`: prints the id.
[[nodiscard]] ExitCode silence_add(Terminal& terminal, World& world, const ServerArguments& server,
                                   const SilenceArguments& silence);
// `silence list`: those that are pending or active, or with --expired all that are kept.
[[nodiscard]] ExitCode silence_list(Terminal& terminal, World& world, const ServerArguments& server,
                                    const SilenceArguments& silence);
// `silence expire ID`: an id, or the beginning of one.
[[nodiscard]] ExitCode silence_expire(Terminal& terminal, World& world, const ServerArguments& server,
                                      const SilenceArguments& silence);
// `silence import FILE`: adds each silence of the list that has not ended, under a new id.
[[nodiscard]] ExitCode silence_import(Terminal& terminal, World& world, const ServerArguments& server,
                                      const SilenceArguments& silence);

}  // namespace watchbill::cli
