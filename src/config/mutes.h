// Lints that comments of a rule file turn off: `# watchbill disable CODE, CODE: why`. On a line of a rule, or directly above it,
// such a comment is about that rule; directly above a group about its rules; above everything else in the file about all of it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config/cursor.h"

namespace watchbill::config {

class Mutes {
 public:
  // Reads the comments of a file; complains (unknown_lint, a warning) about codes that do not exist. `file` outlives this.
  Mutes(const SourceFile& file, Report& report);

  // Whether a comment turns `code` off for the rule `node`, an element of the rules of `group`.
  [[nodiscard]] bool has(std::string_view code, const Node& group, const Node& rule) const;

 private:
  // A comment from the line above `begin` upwards, as far as nothing else comes between.
  [[nodiscard]] bool is_above(std::string_view code, const Node& node) const;
  [[nodiscard]] bool is_within(std::string_view code, const Node& node) const;
  [[nodiscard]] bool has_line(std::uint32_t line, std::string_view code) const;
  [[nodiscard]] std::string_view line_of(std::uint32_t line) const;

  const SourceFile& file_;
  std::map<std::uint32_t, std::set<std::string, std::less<>>> by_line_;  // codes that comments name
  std::map<std::uint32_t, std::string_view> comments_;                   // lines that are nothing but a comment, or empty
  std::uint32_t first_line_{1};                                          // that is something else
};

}  // namespace watchbill::config
