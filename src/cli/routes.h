// `route`: where alerts go, asked of files and journals without a controller. Source: design/commands.md §5.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/world.h"

namespace watchbill::cli {

struct RouteArguments {
  std::string configuration;        // an Alertmanager file; of `test` empty: what each test file names
  std::string changed;              // of `diff`: the other one
  std::vector<std::string> files;   // of `test`
  std::vector<std::string> labels;  // of `show`: NAME=VALUE of an alert; none: the whole tree
  std::string at;                   // of `show`: an instant; empty: now
  std::string data{"./data"};
  std::string since;                // of `diff`: a duration before the last record; empty: everything
};

// `route show FILE [NAME=VALUE…]`: the tree, or who is told of such an alert, and by which routes.
[[nodiscard]] ExitCode route_show(Terminal& terminal, World& world, const RouteArguments& arguments);
// `route test FILE…`: exit 1 when somebody else is told than a test expects, 2 when a file cannot be taken.
[[nodiscard]] ExitCode route_test(Terminal& terminal, World& world, const RouteArguments& arguments);
// `route diff OLD NEW`: recorded alerts through both. Exit 1 when somebody would be told more or less, 5 when nothing
// fired.
[[nodiscard]] ExitCode route_diff(Terminal& terminal, World& world, const RouteArguments& arguments);

}  // namespace watchbill::cli
