// Regular expressions with groups, for label_replace and the test language. RE2's syntax, which is Go's; linear time. Internal to
// the folder: selectors match with tsdb::Matcher.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace watchbill::metrics::promql {

class Pattern {
 public:
  // Fails (invalid) with RE2's message when the pattern does not compile or needs more memory than a matcher may. `.` matches
  // newlines.
  [[nodiscard]] static Result<Pattern> create(std::string_view text);

  [[nodiscard]] bool occurs_in(std::string_view text) const;

  // Whether the whole of `text` matches; then `groups` holds the text of each group, the whole match first, "" for those not
  // taken.
  [[nodiscard]] bool matches(std::string_view text, std::vector<std::string_view>& groups) const;

  // Go's Regexp.Expand: $1, ${1}, $name, ${name} become what the group took, "" when there is no such group; $$ is a dollar, and
  // so is a
  // "$" that begins none of these. `groups` comes from matches().
  [[nodiscard]] std::string expand(std::string_view replacement, const std::vector<std::string_view>& groups) const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) noexcept : compiled_(std::move(compiled)) {}
  [[nodiscard]] std::string_view group(std::string_view name, const std::vector<std::string_view>& groups) const;

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace watchbill::metrics::promql
