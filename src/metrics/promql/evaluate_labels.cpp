// label_replace and label_join.
#include <utility>

#include <fmt/core.h>

#include "base/pattern/pattern.h"
#include "base/json.h"
#include "metrics/promql/evaluation.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;

// Labels may hold any UTF-8 but nothing.
bool is_usable_label_name(std::string_view name) noexcept {
  return !name.empty() && find_invalid_utf8(name) == std::string::npos;
}

}  // namespace

const std::string& Evaluation::string_argument(const Call& call, std::size_t index) const {
  return std::get<StringLiteral>(expression_.at(expression_.without_parens(call.arguments[index])).of).value;
}

Evaluated Evaluation::label_replace(const Call& call, NodeIndex at, const Steps& steps) {
  const std::string& destination = string_argument(call, 1);
  const std::string& replacement = string_argument(call, 2);
  const std::string& source = string_argument(call, 3);
  const auto pattern = Pattern::compile(string_argument(call, 4), {tsdb::pattern_memory_bytes_max, true, true});
  if (!pattern)
    return refuse(at, Refusal::bad_parameter,
                  fmt::format("invalid regular expression in label_replace(): {}", string_argument(call, 4)));
  if (!is_usable_label_name(destination))
    return refuse(at, Refusal::bad_parameter, fmt::format("invalid destination label name in label_replace(): {}", destination));
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  std::vector<std::string_view> groups;
  std::string text;
  for (Series& series : value->series) {
    const std::string_view from = visible_value(series, source);
    if (const Done done = go_on(cells_of_a_series + from.size() + replacement.size(), at); !done) return done.error();
    if (!pattern->match_whole(from, groups)) continue;
    text.clear();
    // Each $1 may stand for as much as a label holds.
    pattern->expand(replacement, groups, [&](std::string_view piece) {
      if (text.size() <= options_.limits.label_value_bytes_max) text.append(piece);
    });
    if (const Done done = check_label_value(text.size(), "label_replace()", at); !done) return done.error();
    Labels changed = visible(series);
    changed.set(destination, text);
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
      return refuse(at, Refusal::bad_parameter,
                    fmt::format("invalid source label name in label_join(): {}", string_argument(call, i)));
  if (!is_usable_label_name(destination))
    return refuse(at, Refusal::bad_parameter, fmt::format("invalid destination label name in label_join(): {}", destination));
  auto value = evaluate_node(call.arguments[0], steps);
  if (!value) return value;
  for (Series& series : value->series) {
    std::string text;
    for (std::size_t i = 3; i < call.arguments.size(); ++i) {
      if (i > 3) text += separator;
      text += visible_value(series, string_argument(call, i));
      if (const Done done = check_label_value(text.size(), "label_join()", at); !done) return done.error();
    }
    if (const Done done = go_on(cells_of_a_series + text.size(), at); !done) return done.error();
    Labels changed = visible(series);
    changed.set(destination, text);
    if (name_is_gone(series) || destination == metric_name_label) series.drops_name = false;
    series.labels = keep(std::move(changed));
  }
  value->is_ordered = false;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

}  // namespace watchbill::metrics::promql
