#include "metrics/promql/series_selector.h"

#include "metrics/promql/parser.h"

namespace watchbill::metrics::promql {
namespace {

tsdb::MatchKind kind_of(MatchOperator op) noexcept {
  switch (op) {
    case MatchOperator::equal: return tsdb::MatchKind::equal;
    case MatchOperator::not_equal: return tsdb::MatchKind::not_equal;
    case MatchOperator::regex: return tsdb::MatchKind::regex;
    case MatchOperator::not_regex: return tsdb::MatchKind::not_regex;
  }
  return tsdb::MatchKind::equal;
}

}  // namespace

Result<std::vector<tsdb::Matcher>, ExpressionError> parse_series_selector(std::string_view text) {
  const auto expression = parse_syntax(text);
  if (!expression) return expression.error();
  const auto* selector = std::get_if<VectorSelector>(&expression->at(expression->root).of);
  if (selector == nullptr || selector->shift.offset || selector->shift.at != AtKind::none)
    return expression_error(text, 0, ExpressionRefusal::wrong_type, "expected a selector of series");
  std::vector<tsdb::Matcher> matchers;
  for (const SelectorMatcher& matcher : selector->matchers) {
    auto made = tsdb::Matcher::create(matcher.name, kind_of(matcher.op), matcher.value);
    if (!made) return expression_error(text, matcher.offset, ExpressionRefusal::bad_selector, made.error().detail);
    matchers.push_back(std::move(*made));
  }
  return matchers;
}

}  // namespace watchbill::metrics::promql
