#include "config/mutes.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/lints.h"

namespace watchbill::config {
namespace {

constexpr std::string_view opening = "# watchbill disable";

// Of what stands in the line; 0 for nothing, which is also the end of a line of another system.
std::uint32_t column_of(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \r");
  return static_cast<std::uint32_t>(begin == std::string_view::npos ? 0 : begin + 1);
}

bool is_code_character(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// The codes behind `opening`, up to what is neither a code nor between two of them.
std::set<std::string, std::less<>> codes_of(std::string_view text) {
  std::set<std::string, std::less<>> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" ,\t", at);
    if (begin == std::string_view::npos) break;
    std::size_t end = begin;
    while (end < text.size() && is_code_character(text[end])) ++end;
    if (end == begin) break;
    out.emplace(text.substr(begin, end - begin));
    at = end;
  }
  return out;
}

}  // namespace

Mutes::Mutes(const SourceFile& file, Report& report) : file_(file) {
  const std::string_view source = file.tree.source;
  bool is_head = true;
  std::uint32_t number = 0;
  for (std::size_t begin = 0; begin < source.size();) {
    const std::size_t end = std::min(source.find('\n', begin), source.size());
    const std::string_view line = source.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    const std::uint32_t first = column_of(line);
    const bool is_comment = first == 0 || line[first - 1] == '#';
    if (is_comment) comments_[number] = line;
    const bool is_mark = line.starts_with("---") || line.starts_with('%');  // of the document, before what it holds
    if (is_head && !is_comment && !is_mark) first_line_ = number;
    is_head = is_head && (is_comment || is_mark);
    const std::size_t found = line.find(opening);
    if (found == std::string_view::npos || (found > 0 && line[found - 1] != ' ' && line[found - 1] != '\t')) continue;
    std::set<std::string, std::less<>> codes = codes_of(line.substr(found + opening.size()));
    for (const std::string& code : codes) {
      if (is_lint(code)) continue;
      const std::string_view nearest = nearest_spelling(code, lint_codes());
      report.add({Severity::warning, "unknown_lint", {file.path, {number, static_cast<std::uint32_t>(found + 1)}}, "",
                  fmt::format("there is no lint {}{}, so this turns nothing off", code,
                              nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest))});
    }
    by_line_[number] = std::move(codes);
  }
  if (is_head) first_line_ = number + 1;
}

bool Mutes::has_line(std::uint32_t line, std::string_view code) const {
  const auto found = by_line_.find(line);
  return found != by_line_.end() && found->second.contains(code);
}

std::string_view Mutes::line_of(std::uint32_t line) const {
  const auto found = comments_.find(line);
  return found == comments_.end() ? std::string_view() : found->second;
}

bool Mutes::is_above(std::string_view code, const Node& node) const {
  for (std::uint32_t line = node.begin.line - 1; line > 0 && comments_.contains(line); --line) {
    const std::uint32_t column = column_of(line_of(line));
    // What stands as far in as the keys belongs to the element before, and an empty line ends what is "directly above".
    if (column == 0 || column >= node.begin.column) return false;
    if (has_line(line, code)) return true;
  }
  return false;
}

bool Mutes::is_within(std::string_view code, const Node& node) const {
  std::uint32_t last = node.end.line;
  // A block ends where the next thing begins; comments before that are its own as far as they stand as far in as its keys.
  if (node.end.line > node.begin.line && node.end.column < node.begin.column) --last;
  while (last > node.begin.line && comments_.contains(last) && column_of(line_of(last)) < node.begin.column) --last;
  const auto begin = by_line_.lower_bound(node.begin.line);
  const auto end = by_line_.upper_bound(last);
  return std::any_of(begin, end, [code](const auto& line) { return line.second.contains(code); });
}

bool Mutes::has(std::string_view code, const Node& group, const Node& rule) const {
  if (by_line_.empty()) return false;
  if (is_within(code, rule) || is_above(code, rule) || is_above(code, group)) return true;
  const auto end = by_line_.lower_bound(first_line_);
  return std::any_of(by_line_.begin(), end, [code](const auto& line) { return line.second.contains(code); });
}

}  // namespace watchbill::config
