// Test files in memory, and what is said of them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "config/load.h"
#include "ruletest/junit.h"
#include "ruletest/run.h"
#include "ruletest/test_file.h"

namespace watchbill::ruletest {

// Absolute path to text.
using MemoryFiles = std::map<std::string, std::string>;

inline config::FileReader reader_of(const MemoryFiles& files) {
  config::FileReader reader;
  reader.read = [&files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{ErrorKind::not_found, "read", path, "No such file or directory"};
    if (found->second == "unreadable\n") return Error{ErrorKind::denied, "read", path, "Permission denied"};
    return found->second;
  };
  reader.list = [&files](const std::string& folder) -> Result<std::vector<std::string>> {
    std::set<std::string> names;
    for (const auto& [path, text] : files)
      if (path.starts_with(folder + "/"))
        names.insert(path.substr(folder.size() + 1, path.find('/', folder.size() + 1) - folder.size() - 1));
    return std::vector<std::string>(names.begin(), names.end());
  };
  return reader;
}

inline config::LoadOptions options_of_tests() {
  config::LoadOptions options;
  options.working_directory = "/etc/wb";
  return options;
}

// The findings, what differs, and a line for each test.
inline std::string report_of(const std::string& path, const config::FileReader& files, const Limits& limits = {}) {
  const LoadedTests loaded = load_tests(path, files, options_of_tests(), limits);
  std::string out;
  for (const config::Finding& finding : loaded.findings) out += finding.line() + "\n";
  if (!loaded.file) return out + "not taken\n";
  const Runner runner(*loaded.file, limits);
  for (const Test& test : loaded.file->tests) {
    const Verdict verdict = runner.run(test);
    for (const Difference& difference : verdict.differences)
      for (const std::string& line : lines_of(difference, verdict.name)) out += line + "\n";
    out += std::string(word(verdict.outcome)) + " " + verdict.name + "\n";
  }
  return out;
}

}  // namespace watchbill::ruletest
