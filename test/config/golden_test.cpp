// Every bill below test/data/config/*.cases with exactly the report that stands under it. WB_WRITE_GOLDENS=1 writes the reports
// anew; a person reads them before they are committed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "config/cases.h"
#include "places.h"

namespace watchbill::config {
namespace {

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(in_test_data("config")))
    if (entry.path().extension() == ".cases") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(bill, every_wrong_bill_has_exactly_its_report) {
  const bool is_writing = std::getenv("WB_WRITE_GOLDENS") != nullptr;
  std::size_t count = 0;
  std::set<std::string> claims;
  for (const std::filesystem::path& path : golden_files()) {
    std::string written;
    for (const Case& each : cases_of(text_of_file(path))) {
      const std::string report = report_of(load_bill("watchbill.yaml", reader_of(each.files), each.options));
      written += "### " + each.claim + "\n" + each.input + "===\n" + report + "\n";
      EXPECT_TRUE(claims.insert(each.claim).second) << "twice: " << each.claim;
      EXPECT_EQ(report, is_writing ? report : each.report) << path.filename() << ": " << each.claim;
      ++count;
    }
    if (is_writing) std::ofstream(path, std::ios::binary) << written;
  }
  EXPECT_GE(count, 80U);
}

}  // namespace
}  // namespace watchbill::config
