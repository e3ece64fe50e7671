// `test`: rules and PromQL against what test files expect. Offline; writes nothing but the file of --junit.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/world.h"

namespace watchbill::cli {

struct RuleTestArguments {
  std::vector<std::string> files;
  std::string junit;             // empty: none is written
  std::vector<std::string> run;  // patterns; a test runs when its name has a match of any. Empty: all run
};

// `test rules FILE…`: promtool's unit tests of rules. Exit 1 when a test fails, 2 when a file or a test cannot be taken.
[[nodiscard]] ExitCode test_rules(Terminal& terminal, World& world, const RuleTestArguments& arguments);

// `test promql FILE…`: runs scripts in Prometheus' own test language. Exit 1 when an answer differs.
[[nodiscard]] ExitCode test_promql(Terminal& terminal, const std::vector<std::string>& files);

}  // namespace watchbill::cli
