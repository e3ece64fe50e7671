// Regular expressions: RE2's syntax, which is Go's; linear time, bounded memory. The only file that includes RE2 is pattern.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace watchbill {

// Immutable and cheap to copy; any thread.
class Pattern {
 public:
  struct Options {
    std::int64_t memory_bytes_max{1 << 20};  // of the compiled program; more is a failure, not more memory
    bool dot_matches_newline{false};
    bool captures{true};  // false: groups only group, and matching is a little faster
  };
  // Fails (invalid) with RE2's own reason as `detail`.
  [[nodiscard]] static Result<Pattern> compile(std::string_view text, Options options);

  // Whether it matches somewhere in `text`, or `text` as a whole.
  [[nodiscard]] bool occurs_in(std::string_view text) const;
  [[nodiscard]] bool matches_whole(std::string_view text) const;

  // The texts of a match: the whole match first, then each group. A group that took no part has a null data().
  using Groups = std::vector<std::string_view>;
  // The first match at or behind `from`; false, and `groups` unchanged, when there is none.
  [[nodiscard]] bool find(std::string_view text, std::size_t from, Groups& groups) const;
  // The match of the whole text.
  [[nodiscard]] bool match_whole(std::string_view text, Groups& groups) const;

  // Go's Regexp.Expand: $1, ${1}, $name and ${name} become what the group took, nothing when there is no such group; $$ is a
  // dollar, and so is a dollar that begins none of these. Calls append(piece) for the parts of the result in order.
  void expand(std::string_view replacement, const Groups& groups, const std::function<void(std::string_view)>& append) const;

  // What every match of the whole text begins with; "" when nothing is known. At most 64 bytes.
  [[nodiscard]] std::string common_prefix() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) noexcept : compiled_(std::move(compiled)) {}
  [[nodiscard]] bool match(std::string_view text, std::size_t from, bool is_whole, Groups& groups) const;
  [[nodiscard]] std::string_view group(std::string_view name, const Groups& groups) const;

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace watchbill
