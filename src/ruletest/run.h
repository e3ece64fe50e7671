// Runs unit tests of rules: a store in memory, the groups of the rule files over it at every evaluation_interval, then what the
// test file says of alerts and expressions.
//
// The rules are evaluated by metrics/rules and alerts move by model/alert.h, as under a controller; every answer counts at once.
// As in promtool, points are in the store up to the last evaluation only, and a rule that cannot be evaluated ends its test.
// Source: Prometheus 3.x cmd/promtool/unittest.go (2026-08).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/rules/rule.h"
#include "ruletest/test_file.h"

namespace watchbill::ruletest {

// One thing that is not as the test says.
struct Difference {
  config::Place place;
  std::string what;                // "alert WebDown at 5m"
  std::vector<std::string> lines;  // expected and got, field by field
};

enum class Outcome : std::uint8_t {
  passed,
  failed,
  refused,  // it needs what this release does not have: the only difference says what
};
[[nodiscard]] std::string_view word(Outcome outcome) noexcept;

struct Verdict {
  std::string name;
  config::Place place;
  Outcome outcome{Outcome::passed};
  std::vector<Difference> differences;
};

// The tests of one file. Pure: equal files give equal verdicts.
class Runner {
 public:
  // `file` outlives it.
  explicit Runner(const TestFile& file, const Limits& limits = {});
  // Holds: `test` is one of the file's.
  [[nodiscard]] Verdict run(const Test& test) const;

 private:
  const TestFile& file_;
  Limits limits_;
  std::vector<metrics::rules::RuleGroup> groups_;
  std::string defect_;  // why the groups cannot be compiled; empty: they are
};

}  // namespace watchbill::ruletest
