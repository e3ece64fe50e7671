#include "template/pattern.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

#include "template/runes.h"

namespace watchbill::text_template {
namespace {

constexpr std::size_t pattern_bytes_max = 4096;
constexpr std::int64_t program_bytes_max = 1 << 20;  // RE2 fails beyond this instead of taking more

using Groups = std::vector<re2::StringPiece>;

void append_group(BoundedText& out, std::string_view name, const RE2& pattern, const Groups& groups) {
  std::size_t index = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), index);
  if (read.ec != std::errc{} || read.ptr != name.data() + name.size()) {
    const auto found = pattern.NamedCapturingGroups().find(std::string(name));
    if (found == pattern.NamedCapturingGroups().end()) return;
    index = static_cast<std::size_t>(found->second);
  }
  if (index < groups.size() && groups[index].data() != nullptr)
    out.append(std::string_view(groups[index].data(), groups[index].size()));
}

// "name" or "{name}" at the front, or "" when there is none and the dollar stands for itself.
std::string_view take_name(std::string_view& rest) {
  const bool has_braces = rest.starts_with('{');
  const std::size_t begin = has_braces ? 1 : 0;
  std::size_t end = begin;
  while (end < rest.size()) {
    const Rune rune = first_rune(rest.substr(end));
    if (rune.value != '_' && !(rune.value >= '0' && rune.value <= '9') && !is_letter(rune.value)) break;
    end += rune.bytes;
  }
  const std::string_view name = rest.substr(begin, end - begin);
  if (name.empty() || (has_braces && (end >= rest.size() || rest[end] != '}'))) return {};
  rest.remove_prefix(has_braces ? end + 1 : end);
  return name;
}

void append_replacement(BoundedText& out, std::string_view replacement, const RE2& pattern, const Groups& groups) {
  while (!replacement.empty()) {
    const std::size_t dollar = replacement.find('$');
    out.append(replacement.substr(0, dollar));
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out.append("$");
      replacement.remove_prefix(1);
      continue;
    }
    const std::string_view name = take_name(replacement);
    if (name.empty())
      out.append("$");
    else
      append_group(out, name, pattern, groups);
  }
}

}  // namespace

Pattern::Pattern(std::unique_ptr<const re2::RE2> compiled) noexcept : re2_(std::move(compiled)) {}
Pattern::~Pattern() = default;

bool Pattern::occurs_in(std::string_view text) const {
  return re2_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

void Pattern::replace(BoundedText& out, std::string_view text, std::string_view replacement) const {
  const re2::StringPiece subject(text.data(), text.size());
  Groups groups(static_cast<std::size_t>(re2_->NumberOfCapturingGroups()) + 1);
  std::size_t search_from = 0;
  std::size_t copied_to = 0;
  while (search_from <= text.size() && !out.is_over()) {
    if (!re2_->Match(subject, search_from, text.size(), RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) break;
    const auto first = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t last = first + groups[0].size();
    out.append(text.substr(copied_to, first - copied_to));
    // An empty match directly behind another one would replace twice.
    if (last > copied_to || first == 0) append_replacement(out, replacement, *re2_, groups);
    copied_to = last;
    const std::size_t step = search_from < text.size() ? first_rune(text.substr(search_from)).bytes : 1;
    search_from = std::max(last, search_from + step);
  }
  out.append(text.substr(std::min(copied_to, text.size())));
}

Result<std::shared_ptr<const Pattern>, Complaint> compile_pattern(std::string_view pattern) {
  if (pattern.size() > pattern_bytes_max)
    return Complaint{fmt::format("the pattern has {} bytes; at most {} are read", pattern.size(), pattern_bytes_max)};
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(program_bytes_max);
  auto compiled = std::make_unique<const RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) return Complaint{fmt::format("{} is not a pattern: {}", go_quoted(pattern), compiled->error())};
  return std::make_shared<const Pattern>(std::move(compiled));
}

}  // namespace watchbill::text_template
