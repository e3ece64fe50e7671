// Runs scripts in Prometheus' PromQL test language (`load`, `clear`, `eval`), for `watchbill test promql` and our own conformance
// test.
//
// An eval that needs a series which the store did not take is counted as refused. Scripts assume Prometheus 3 with late removal
// of names; each instant eval is repeated inside a range query around its time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/promql/evaluate.h"

namespace watchbill::metrics::promql {

// The reference whose answers a script holds.
struct ScriptSemantics {
  Semantics semantics{Semantics::prometheus_3};
  bool removes_names_late{true};
};

struct ScriptLimits {
  std::size_t samples_max{20'000'000};       // stored by all loads between two clears
  std::size_t points_of_line_max{1'000'000};  // of one series line: `1x999999999` must not fill memory
  std::size_t differences_max{100};           // kept; all are counted
};

// One eval that gave something else than the script says.
struct ScriptDifference {
  std::size_t line{0};     // of the eval, from 1
  std::string query;
  std::string difference;  // what was expected and what came
};

struct ScriptResult {
  std::size_t passed{0};
  std::size_t failed{0};
  std::size_t refused{0};  // not evaluated at all
  std::vector<ScriptDifference> differences;
  std::vector<ScriptDifference> refusals;

  // "passed 12, failed 1, refused 3", then the first difference with its line, if any.
  [[nodiscard]] std::string text() const;
};

// Fails (invalid) where the script itself is wrong: `detail` begins with "line N: ".
[[nodiscard]] Result<ScriptResult> run_script(std::string_view script, const ScriptLimits& limits = {},
                                               const ScriptSemantics& semantics = {});

}  // namespace watchbill::metrics::promql
