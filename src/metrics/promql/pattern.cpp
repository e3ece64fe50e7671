#include "metrics/promql/pattern.h"

#include <charconv>

#include <re2/re2.h>

#include "metrics/tsdb/matcher.h"

namespace watchbill::metrics::promql {
namespace {

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<Pattern> Pattern::create(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(tsdb::pattern_memory_bytes_max);
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) return Error{ErrorKind::invalid, "compile the pattern", std::string(text), compiled->error()};
  return Pattern(std::move(compiled));
}

bool Pattern::occurs_in(std::string_view text) const {
  return compiled_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

bool Pattern::matches(std::string_view text, std::vector<std::string_view>& groups) const {
  const re2::StringPiece subject(text.data(), text.size());
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()) + 1);
  if (!compiled_->Match(subject, 0, text.size(), re2::RE2::ANCHOR_BOTH, pieces.data(), static_cast<int>(pieces.size())))
    return false;
  groups.clear();
  for (const re2::StringPiece& piece : pieces) groups.emplace_back(piece.data(), piece.size());
  return true;
}

std::string Pattern::expand(std::string_view replacement, const std::vector<std::string_view>& groups) const {
  std::string out;
  for (std::size_t at = 0; at < replacement.size();) {
    if (replacement[at] != '$' || at + 1 == replacement.size()) {
      out.push_back(replacement[at++]);
      continue;
    }
    if (replacement[at + 1] == '$') {
      out.push_back('$');
      at += 2;
      continue;
    }
    const bool is_braced = replacement[at + 1] == '{';
    const std::size_t begin = at + (is_braced ? 2U : 1U);
    std::size_t end = begin;
    while (end < replacement.size() && is_word(replacement[end])) ++end;
    const bool is_closed = !is_braced || (end < replacement.size() && replacement[end] == '}');
    if (end == begin || !is_closed) {
      out.push_back(replacement[at++]);
      continue;
    }
    out.append(group(replacement.substr(begin, end - begin), groups));
    at = end + (is_braced ? 1U : 0U);
  }
  return out;
}

std::string_view Pattern::group(std::string_view name, const std::vector<std::string_view>& groups) const {
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (failure != std::errc{} || end != name.data() + name.size()) {
    const auto found = compiled_->NamedCapturingGroups().find(std::string(name));
    if (found == compiled_->NamedCapturingGroups().end()) return {};
    index = static_cast<std::size_t>(found->second);
  }
  return index < groups.size() ? groups[index] : std::string_view();
}

}  // namespace watchbill::metrics::promql
