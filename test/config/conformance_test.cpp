// Files of the field, read in place: every public rule file loads.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "config/cases.h"

namespace watchbill::config {
namespace {

const std::filesystem::path conformance = std::filesystem::path(WB_SOURCE_DIR) / ".." / "shared" / "conformance";

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(conformance, every_public_rule_file_loads) {
  std::filesystem::path folder = conformance / "rules";
  if (!std::filesystem::exists(folder))
    folder = std::filesystem::path(WB_SOURCE_DIR) / ".." / ".." / "shared" / "conformance" / "rules";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no rule files at " << folder;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yml") continue;
    const MemoryFiles files{{"/rules.yml", text_of_file(entry.path())}};
    const Loaded loaded = check_rule_files({"/rules.yml"}, reader_of(files));
    EXPECT_EQ(report_of(loaded), "ok\n") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 79U);
}

}  // namespace
}  // namespace watchbill::config
