// Reads a repository and applies all rules to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/rules.h"

namespace watchbill::tidy {

// A repository in memory: path from its root, and text. Tests plant faults in one of these.
using Files = std::vector<std::pair<std::string, std::string>>;

// Reads the files that tidy looks at below `root`: C++ of src, test, fuzz, bench and tools, and every other text that people
// write (scripts, CMake, documents, presets, the console's sources). Left out: build, test data and corpora, what is generated or
// fetched. False, with a sentence in `error`, when a file cannot be read or `root` holds no tools/layers.txt.
[[nodiscard]] bool read_repository(const std::string& root, Files& files, std::string& error);

// Everything that the rules find in `files`, less what tools/tidy/allow.txt excuses, ordered by path and line. A row of
// layers.txt or allow.txt that cannot be read, and an exception that excuses nothing, are findings too.
[[nodiscard]] Findings check_repository(const Files& files);

// "FILE:LINE: RULE: EXPECTED"; for a warning "FILE: warning: RULE: EXPECTED".
[[nodiscard]] std::string text_of(const Finding& finding);

}  // namespace watchbill::tidy
