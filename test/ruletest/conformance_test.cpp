// promtool's own test files, read in place: what passes there passes here, what fails there fails here.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "config/disk.h"
#include "places.h"
#include "ruletest/run.h"
#include "ruletest/test_file.h"

namespace watchbill::ruletest {
namespace {

// Beside the checkout, or beside the folder of worktrees.
std::filesystem::path conformance() {
  const std::filesystem::path beside = in_source("../shared/conformance/rule-tests");
  if (std::filesystem::exists(beside)) return beside;
  return in_source("../../shared/conformance/rule-tests");
}

struct Counts {
  std::size_t passed{0}, failed{0}, refused{0};
  bool is_taken{false};
  std::string text;
};

Counts counts_of(const std::string& path) {
  Counts counts;
  const LoadedTests loaded = load_tests(path, config::disk_files(), {});
  for (const config::Finding& finding : loaded.findings) counts.text += finding.line() + "\n";
  counts.is_taken = loaded.file.has_value();
  if (!loaded.file) return counts;
  const Runner runner(*loaded.file);
  for (const Test& test : loaded.file->tests) {
    const Verdict verdict = runner.run(test);
    counts.passed += verdict.outcome == Outcome::passed ? 1U : 0U;
    counts.failed += verdict.outcome == Outcome::failed ? 1U : 0U;
    counts.refused += verdict.outcome == Outcome::refused ? 1U : 0U;
    for (const Difference& difference : verdict.differences) {
      counts.text += difference.what + "\n";
      for (const std::string& line : difference.lines) counts.text += "  " + line + "\n";
    }
  }
  return counts;
}

TEST(rule_tests, promtools_own_files_get_its_verdicts) {
  if (!std::filesystem::exists(conformance())) GTEST_SKIP() << "no rule tests at " << conformance();
  std::ifstream verdicts(conformance() / "verdicts.jsonl");
  std::size_t files = 0;
  std::size_t refused = 0;
  for (std::string line; std::getline(verdicts, line);) {
    const auto row = parse_json(line);
    ASSERT_TRUE(row) << line;
    const std::string file(*row->find("file")->as_string());
    const Counts counts = counts_of((std::filesystem::canonical(conformance()) / file).string());
    const bool passes = counts.is_taken && counts.failed == 0;
    EXPECT_EQ(passes, *row->find("newest_exit")->as_integer() == 0) << file << "\n" << counts.text;
    const auto tests = static_cast<std::size_t>(*row->find("groups")->as_integer());
    if (counts.is_taken) {
      EXPECT_EQ(counts.passed + counts.failed + counts.refused, tests) << file;
    }
    refused += counts.refused;
    ++files;
  }
  EXPECT_EQ(files, 9U);
  EXPECT_EQ(refused, 0U);
}

}  // namespace
}  // namespace watchbill::ruletest
