// Regular expressions of match and reReplaceAll: RE2's syntax, which is Go's; linear time. Internal to the folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "template/go_text.h"

namespace re2 {
class RE2;
}

namespace watchbill::text_template {

class Pattern {
 public:
  explicit Pattern(std::unique_ptr<const re2::RE2> compiled) noexcept;
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Whether it occurs anywhere in `text`.
  [[nodiscard]] bool occurs_in(std::string_view text) const;
  // Appends `text` with every match replaced; `replacement` may name groups as $1, ${1}, ${name}; $$ is a dollar. Source: Go's
  // regexp.
  void replace(BoundedText& out, std::string_view text, std::string_view replacement) const;

 private:
  std::unique_ptr<const re2::RE2> re2_;
};

// Fails with RE2's own message. A pattern has at most 4 KiB.
[[nodiscard]] Result<std::shared_ptr<const Pattern>, Complaint> compile_pattern(std::string_view pattern);

}  // namespace watchbill::text_template
