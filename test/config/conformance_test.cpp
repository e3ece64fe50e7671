// Files of the field, read in place: every public rule file loads.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "config/cases.h"
#include "places.h"

namespace watchbill::config {
namespace {

// Beside the checkout, or beside the folder of worktrees.
std::filesystem::path conformance(const std::string& name) {
  const std::filesystem::path beside = in_source("../shared/conformance/" + name);
  if (std::filesystem::exists(beside)) return beside;
  return in_source("../../shared/conformance/" + name);
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(conformance, every_public_rule_file_loads) {
  const std::filesystem::path folder = conformance("rules");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no rule files at " << folder;
  std::size_t count = 0;
  std::map<std::string_view, std::size_t> warnings;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const MemoryFiles files{{"/rules.yml", text_of_file(entry.path())}};
    const Loaded loaded = check_rule_files({"/rules.yml"}, reader_of(files));
    EXPECT_TRUE(loaded.configuration) << entry.path() << report_of(loaded);
    for (const Finding& finding : loaded.findings) {
      ++warnings[finding.code];
      EXPECT_EQ(finding.severity, Severity::warning) << entry.path() << finding.line();
    }
    ++count;
  }
  EXPECT_GE(count, 79U);
  // The last two were all looked at and are right, of the second a part (docs/decisions/lints.md). A lint that says more than
  // before is looked at again.
  const std::map<std::string_view, std::size_t> right{
      {"counter_not_initialised", 33}, {"label_lost", 175}, {"never_fires", 8}, {"never_matches", 3}};
  EXPECT_EQ(warnings, right);
}

// What Alertmanager takes is taken, or refused by the name of what this release does not have; what it refuses is refused.
TEST(conformance, public_alertmanager_files_are_judged_as_alertmanager_does) {
  const std::filesystem::path folder = conformance("alertmanager-config");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no Alertmanager files at " << folder;
  // Alertmanager 0.25 reads the first of several documents; ours has one.
  std::size_t whole_count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const MemoryFiles files{{"/am.yml", text_of_file(entry.path())}};
    const Loaded loaded = check_alertmanager_file("/am.yml", reader_of(files));
    if (entry.path().parent_path().filename() == "bad") {
      EXPECT_FALSE(loaded.configuration) << entry.path();
      continue;
    }
    for (const Finding& finding : loaded.findings) EXPECT_EQ(finding.code, "not_yet_supported") << entry.path() << finding.line();
    if (loaded.configuration) ++whole_count;
  }
  EXPECT_GE(whole_count, 3U);
}

}  // namespace
}  // namespace watchbill::config
