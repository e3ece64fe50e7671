// The verdicts of test files as JUnit XML, which build servers show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "ruletest/run.h"

namespace watchbill::ruletest {

// What became of one test file.
struct FileReport {
  std::string path;
  std::vector<config::Finding> findings;
  bool is_read{false};  // false: an error among the findings
  std::vector<Verdict> verdicts;
};

// One <testsuite> for each file, one <testcase> for each test, as promtool writes them; a file that cannot be read is a suite
// with one <error>. `at`: when the tests ran. Well-formed XML 1.0 whatever the names are: what XML cannot hold becomes U+FFFD.
[[nodiscard]] std::string junit_document(const std::vector<FileReport>& files, Instant at);

// A difference, its place first and then what was expected and what came, as a terminal and <failure> show it.
[[nodiscard]] std::vector<std::string> lines_of(const Difference& difference, std::string_view test);

}  // namespace watchbill::ruletest
