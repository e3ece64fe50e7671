// Bills in memory, and the form of golden files: cases with a claim, the files of a bill, and what is said about it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/load.h"

namespace watchbill::config {

// Absolute path to text.
using MemoryFiles = std::map<std::string, std::string>;

// Reads them as a disk would be read. The files must outlive the reader.
[[nodiscard]] FileReader reader_of(const MemoryFiles& files);

// One case of a golden file:
//
//   ### a claim
//   watchbill: 1            the text of /etc/wb/watchbill.yaml
//   >>> rules/web.yml       from here on the text of another file
//   …
//   ??? root today=2026-03-01   options; `metrics`: a few families of our own are known, `emitters`: and some others, and no more
//   ===
//   the report, line by line
struct Case {
  std::string claim;
  std::string input;   // everything before "==="
  MemoryFiles files;
  LoadOptions options;
  std::string report;
};

[[nodiscard]] std::vector<Case> cases_of(const std::string& text);

// The findings, one line each; of a good bill "ok" at the end.
[[nodiscard]] std::string report_of(const Loaded& loaded);

inline constexpr const char* memory_folder = "/etc/wb";

}  // namespace watchbill::config
