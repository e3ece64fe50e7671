#include "metrics/tsdb/matcher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/json.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::string_view special_characters = "\\.+*?()|[]{}^$";

// The alternatives of a pattern that is nothing but plain texts with `|` between them, perhaps in one pair of brackets; sorted,
// each once. Nothing when the pattern is more than that.
std::optional<std::vector<std::string>> plain_alternatives(std::string_view pattern) {
  if (pattern.starts_with("(?:") && pattern.ends_with(')')) {
    pattern = pattern.substr(3, pattern.size() - 4);
  } else if (pattern.starts_with('(') && !pattern.starts_with("(?") && pattern.ends_with(')')) {
    pattern = pattern.substr(1, pattern.size() - 2);
  }
  std::vector<std::string> alternatives(1);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '|') {
      alternatives.emplace_back();
    } else if (c == '\\') {
      // An escaped special character is itself; any other escape is a class, and so is a backslash that ends a bracketed pattern.
      if (i + 1 >= pattern.size() || special_characters.find(pattern[i + 1]) == std::string_view::npos) return std::nullopt;
      alternatives.back().push_back(pattern[++i]);
    } else if (special_characters.find(c) != std::string_view::npos) {
      return std::nullopt;
    } else {
      alternatives.back().push_back(c);
    }
  }
  std::sort(alternatives.begin(), alternatives.end());
  alternatives.erase(std::unique(alternatives.begin(), alternatives.end()), alternatives.end());
  return alternatives;
}

Error refused_pattern(const std::string& pattern, std::string detail) {
  constexpr std::size_t shown_bytes_max = 200;
  return Error{ErrorKind::invalid, "compile regular expression", quoted(pattern.substr(0, shown_bytes_max)), std::move(detail)};
}

}  // namespace

std::string_view symbol(MatchKind kind) noexcept {
  switch (kind) {
    case MatchKind::equal: return "=";
    case MatchKind::not_equal: return "!=";
    case MatchKind::regex: return "=~";
    case MatchKind::not_regex: return "!~";
  }
  return "";
}

Result<Matcher> Matcher::create(std::string name, MatchKind kind, std::string value) {
  Matcher matcher;
  matcher.name_ = std::move(name);
  matcher.kind_ = kind;
  matcher.value_ = std::move(value);
  if (kind == MatchKind::equal || kind == MatchKind::not_equal) {
    matcher.literals_.push_back(matcher.value_);
  } else {
    if (matcher.value_.size() > pattern_bytes_max) return refused_pattern(matcher.value_, "the pattern is longer than 32 KiB");
    // What RE2 refuses as text must not slip through as plain text.
    const bool is_text = find_invalid_utf8(matcher.value_) == std::string_view::npos;
    if (std::optional<std::vector<std::string>> plain = plain_alternatives(matcher.value_); plain.has_value() && is_text) {
      matcher.literals_ = std::move(*plain);
    } else {
      Result<Pattern> pattern = Pattern::compile(matcher.value_, {pattern_memory_bytes_max, true, false});
      if (!pattern) return refused_pattern(matcher.value_, pattern.error().detail);
      matcher.prefix_ = pattern->common_prefix();
      matcher.pattern_ = std::move(*pattern);
    }
  }
  if (matcher.literals_.size() == 1) matcher.prefix_ = matcher.literals_.front();
  matcher.matches_empty_ = matcher.matches("");
  return matcher;
}

Matcher Matcher::equal(std::string name, std::string value) {
  Result<Matcher> matcher = create(std::move(name), MatchKind::equal, std::move(value));
  WB_ASSERT(matcher.has_value(), "an equality has no pattern that could fail to compile");
  return std::move(*matcher);
}

bool Matcher::matches(std::string_view label_value) const { return matches_positively(label_value) != is_negative(); }

bool Matcher::matches_positively(std::string_view label_value) const {
  if (pattern_) return label_value.starts_with(prefix_) && pattern_->matches_whole(label_value);
  return std::binary_search(literals_.begin(), literals_.end(), label_value);
}

std::string Matcher::text() const { return name_ + std::string(symbol(kind_)) + quoted(value_); }

}  // namespace watchbill::metrics::tsdb
