// Small repositories in memory with one fault planted in each, and what tidy says of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tidy/repository.h"

namespace watchbill::tidy {

// A few rows are enough: which folder may include which is layers.txt's business, that it is obeyed is the rules'.
inline constexpr const char* planted_layers =
    "base: ; 40\n"
    "model: base\n"
    "model/wire: base\n"
    "core/*: base model\n"
    "core: base model core/*\n"
    "ports: base\n"
    "keeper: base model/wire\n"
    "engine: base core\n"
    "metrics/tsdb: base ports/files\n"
    "metrics/promql: base metrics/tsdb\n"
    "drivers/*: base ports\n"
    "drivers/query: base ports metrics\n"
    "app: everything\n";

// The findings' lines, without the texts of what was expected: "src/base/a.h:3: contract".
inline std::vector<std::string> found(Files files) {
  files.emplace_back("tools/layers.txt", planted_layers);
  std::vector<std::string> lines;
  for (const Finding& finding : check_repository(files)) {
    const std::string where = finding.line == 0 ? finding.path : finding.path + ":" + std::to_string(finding.line);
    lines.push_back(where + ": " + (finding.is_warning ? "warning: " : "") + finding.rule);
  }
  return lines;
}

// One file alone.
inline std::vector<std::string> found_in(std::string path, std::string text) {
  return found({{std::move(path), std::move(text)}});
}

using Lines = std::vector<std::string>;

}  // namespace watchbill::tidy
