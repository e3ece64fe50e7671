// Every test file below test/data/ruletest/*.cases with exactly what is said of it. WB_WRITE_GOLDENS=1 writes that anew; a person
// reads it before it is committed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "config/tables.h"
#include "places.h"
#include "ruletest/memory.h"

namespace watchbill::ruletest {
namespace {

// ### a claim
// tests: …               the text of /etc/wb/test.yml
// >>> rules.yml          from here on the text of another file
// ===
// what is said of it
struct Case {
  std::string claim;
  std::string input;
  MemoryFiles files;
  std::string report;
};

std::vector<Case> cases_of(const std::string& text) {
  std::vector<Case> cases;
  std::istringstream lines(text);
  std::string file;
  bool is_report = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("### ")) {
      cases.emplace_back().claim = line.substr(4);
      file = "/etc/wb/test.yml";
      cases.back().files[file];
      is_report = false;
    } else if (cases.empty()) {
      continue;
    } else if (line == "===") {
      is_report = true;
    } else if (is_report) {
      cases.back().report += line.empty() ? "" : line + "\n";
    } else {
      cases.back().input += line + "\n";
      if (line.starts_with(">>> ")) cases.back().files[file = "/etc/wb/" + line.substr(4)];
      else cases.back().files[file] += line + "\n";
    }
  }
  return cases;
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(rule_tests, every_file_has_exactly_its_report) {
  const bool is_writing = std::getenv("WB_WRITE_GOLDENS") != nullptr;
  std::size_t count = 0;
  std::set<std::string> claims;
  for (const auto& entry : std::filesystem::directory_iterator(in_test_data("ruletest"))) {
    if (entry.path().extension() != ".cases") continue;
    std::string written;
    for (const Case& each : cases_of(text_of_file(entry.path()))) {
      const std::string report = report_of("test.yml", reader_of(each.files));
      written += "### " + each.claim + "\n" + each.input + "===\n" + report + "\n";
      EXPECT_TRUE(claims.insert(each.claim).second) << "twice: " << each.claim;
      EXPECT_EQ(report, is_writing ? report : each.report) << entry.path().filename() << ": " << each.claim;
      ++count;
    }
    if (is_writing) std::ofstream(entry.path(), std::ios::binary) << written;
  }
  EXPECT_GE(count, 50U);
}

// The hand-written part of docs/rule-tests.md ends with the line "## Keys".
TEST(rule_tests, the_documentation_has_the_keys_that_are_read) {
  const std::string path = in_source("docs/rule-tests.md");
  std::string document = text_of_file(path);
  const std::string heading = "## Keys\n";
  const std::size_t keys = document.find(heading);
  ASSERT_NE(keys, std::string::npos);
  std::string tables = config::tables_document(test_tables());
  tables.pop_back();
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) {
    document = document.substr(0, keys) + heading + tables;
    std::ofstream(path, std::ios::binary) << document;
  }
  EXPECT_EQ(document.substr(keys + heading.size()), tables);
}

// The example of the documentation, with the rule that it is about.
TEST(rule_tests, the_documentations_example_fails_as_it_says) {
  const std::string document = text_of_file(in_source("docs/rule-tests.md"));
  const auto block = [&](const std::string& beginning) {
    const std::size_t begin = document.find(beginning);
    return begin == std::string::npos ? "" : document.substr(begin, document.find("\n```", begin) + 1 - begin);
  };
  const MemoryFiles files{{"/etc/wb/rules_test.yml", block("# rules_test.yml")},
                          {"/etc/wb/rules.yml",
                           "groups: [{name: web, rules: [{alert: WebDown, expr: up == 0, for: 2m, labels: {severity: page}, "
                           "annotations: {summary: '{{ $labels.job }} is down'}}]}]\n"}};
  EXPECT_EQ(report_of("rules_test.yml", reader_of(files)),
            block("rules_test.yml:9:9").replace(block("rules_test.yml:9:9").rfind("passed 0"), std::string::npos,
                                                "failed pages after two minutes\n"));
}

}  // namespace
}  // namespace watchbill::ruletest
