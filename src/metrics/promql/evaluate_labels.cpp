// label_replace and label_join.
#include <utility>

#include <fmt/core.h>
#include <re2/re2.h>

#include "base/json.h"
#include "metrics/promql/evaluation.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Labels may hold any UTF-8 but nothing.
bool is_usable_label_name(std::string_view name) noexcept { return !name.empty() && find_invalid_utf8(name) == std::string::npos; }

// What a name or number of the template stands for; nothing when the pattern has no such group.
std::string_view group_text(const re2::RE2& pattern, std::string_view name, const std::vector<re2::StringPiece>& groups) {
  std::size_t number = 0;
  const bool is_number = name.find_first_not_of("0123456789") == std::string_view::npos && name.size() < 9;
  if (is_number) {
    for (const char c : name) number = number * 10 + static_cast<std::size_t>(c - '0');
  } else {
    const auto found = pattern.NamedCapturingGroups().find(std::string(name));
    if (found == pattern.NamedCapturingGroups().end()) return {};
    number = static_cast<std::size_t>(found->second);
  }
  if (number >= groups.size()) return {};
  return {groups[number].data(), groups[number].size()};
}

// Go's Regexp.Expand: $name, ${name}, $$; a "$" that begins none of these stands for itself.
std::string expand(std::string_view text, const re2::RE2& pattern, const std::vector<re2::StringPiece>& groups) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$' || at + 1 == text.size()) {
      out.push_back(text[at++]);
      continue;
    }
    if (text[at + 1] == '$') {
      out.push_back('$');
      at += 2;
      continue;
    }
    const bool is_braced = text[at + 1] == '{';
    const std::size_t begin = at + (is_braced ? 2U : 1U);
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    const bool is_closed = !is_braced || (end < text.size() && text[end] == '}');
    if (end == begin || !is_closed) {
      out.push_back(text[at++]);
      continue;
    }
    out.append(group_text(pattern, text.substr(begin, end - begin), groups));
    at = end + (is_braced ? 1U : 0U);
  }
  return out;
}

}  // namespace

const std::string& Evaluation::string_argument(const Call& call, std::size_t index) const {
  return std::get<StringLiteral>(expression_.at(expression_.without_parens(call.arguments[index])).of).value;
}

Evaluated Evaluation::label_replace(const Call& call, NodeIndex at, const Steps& steps) {
  const std::string& destination = string_argument(call, 1);
  const std::string& replacement = string_argument(call, 2);
  const std::string& source = string_argument(call, 3);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(tsdb::pattern_memory_bytes_max);
  const re2::RE2 pattern(string_argument(call, 4), options);
  if (!pattern.ok())
    return refuse(at, Refusal::bad_parameter, fmt::format("invalid regular expression in label_replace(): {}", string_argument(call, 4)));
  if (!is_usable_label_name(destination))
    return refuse(at, Refusal::bad_parameter, fmt::format("invalid destination label name in label_replace(): {}", destination));
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) + 1);
  for (Series& series : value->series) {
    const Labels* labels = visible(series);
    const std::string_view text = labels->get(source);
    const re2::StringPiece piece(text.data(), text.size());
    if (!pattern.Match(piece, 0, piece.size(), re2::RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()))) continue;
    Labels changed = *labels;
    changed.set(destination, expand(replacement, pattern, groups));
    if (name_is_gone(series) || destination == metric_name_label) series.drops_name = false;
    series.labels = keep(std::move(changed));
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

Evaluated Evaluation::label_join(const Call& call, NodeIndex at, const Steps& steps) {
  const std::string& destination = string_argument(call, 1);
  const std::string& separator = string_argument(call, 2);
  for (std::size_t i = 3; i < call.arguments.size(); ++i)
    if (!is_usable_label_name(string_argument(call, i)))
      return refuse(at, Refusal::bad_parameter, fmt::format("invalid source label name in label_join(): {}", string_argument(call, i)));
  if (!is_usable_label_name(destination))
    return refuse(at, Refusal::bad_parameter, fmt::format("invalid destination label name in label_join(): {}", destination));
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  for (Series& series : value->series) {
    const Labels* labels = visible(series);
    std::string text;
    for (std::size_t i = 3; i < call.arguments.size(); ++i) {
      if (i > 3) text += separator;
      text += labels->get(string_argument(call, i));
    }
    Labels changed = *labels;
    changed.set(destination, text);
    if (name_is_gone(series) || destination == metric_name_label) series.drops_name = false;
    series.labels = keep(std::move(changed));
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

}  // namespace watchbill::metrics::promql
