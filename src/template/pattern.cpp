#include "template/pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "template/runes.h"

namespace watchbill::text_template {
namespace {

constexpr std::size_t pattern_bytes_max = 4096;
constexpr std::int64_t program_bytes_max = 1 << 20;

}  // namespace

void replace(BoundedText& out, const Pattern& pattern, std::string_view text, std::string_view replacement) {
  Pattern::Groups groups;
  std::size_t search_from = 0;
  std::size_t copied_to = 0;
  while (search_from <= text.size() && !out.is_over()) {
    if (!pattern.find(text, search_from, groups)) break;
    const auto first = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t last = first + groups[0].size();
    out.append(text.substr(copied_to, first - copied_to));
    // An empty match directly behind another one would replace twice.
    if (last > copied_to || first == 0)
      pattern.expand(replacement, groups, [&out](std::string_view piece) { out.append(piece); });
    copied_to = last;
    const std::size_t step = search_from < text.size() ? first_rune(text.substr(search_from)).bytes : 1;
    search_from = std::max(last, search_from + step);
  }
  out.append(text.substr(std::min(copied_to, text.size())));
}

Result<std::shared_ptr<const Pattern>, Complaint> compile_pattern(std::string_view pattern) {
  if (pattern.size() > pattern_bytes_max)
    return Complaint{fmt::format("the pattern has {} bytes; at most {} are read", pattern.size(), pattern_bytes_max)};
  Result<Pattern> compiled = Pattern::compile(pattern, {program_bytes_max, false, true});
  if (!compiled) return Complaint{fmt::format("{} is not a pattern: {}", go_quoted(pattern), compiled.error().detail)};
  return std::make_shared<const Pattern>(std::move(*compiled));
}

}  // namespace watchbill::text_template
