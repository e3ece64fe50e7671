#include "metrics/rules/selectors.h"

#include <algorithm>
#include <iterator>

#include "metrics/promql/parser.h"

namespace watchbill::metrics::rules {
namespace {

using promql::NodeIndex;

constexpr std::size_t projected_series_max = 64;  // of one projection's entry: more are never shown

tsdb::MatchKind kind_of(promql::MatchOperator op) noexcept {
  switch (op) {
    case promql::MatchOperator::equal: return tsdb::MatchKind::equal;
    case promql::MatchOperator::not_equal: return tsdb::MatchKind::not_equal;
    case promql::MatchOperator::regex: return tsdb::MatchKind::regex;
    case promql::MatchOperator::not_regex: return tsdb::MatchKind::not_regex;
  }
  return tsdb::MatchKind::equal;
}

// How far an expression looks back. Recursion is bounded by the parser's depth limit.
class Reach {
 public:
  Reach(const promql::Expression& expression, Duration lookback) : expression_(expression), lookback_(lookback) {}

  std::int64_t of(NodeIndex index) const {
    if (index == promql::no_node) return 0;
    return std::visit([this](const auto& node) { return reach(node); }, expression_.at(index).of);
  }

 private:
  std::int64_t ms(const promql::DurationValue& duration) const {
    const auto value = promql::resolve_duration(expression_, duration, 0, 0);
    return value ? *value : 0;
  }
  std::int64_t offset(const promql::TimeShift& shift) const {
    return shift.offset ? std::max<std::int64_t>(0, ms(*shift.offset)) : 0;
  }

  std::int64_t reach(const promql::VectorSelector& node) const { return lookback_.ms + offset(node.shift); }
  std::int64_t reach(const promql::MatrixSelector& node) const {
    const auto& selector = std::get<promql::VectorSelector>(expression_.at(node.selector).of);
    const bool is_extended = selector.extension != promql::RangeExtension::none;
    return ms(node.range) + offset(selector.shift) + (is_extended ? lookback_.ms : 0);
  }
  std::int64_t reach(const promql::Subquery& node) const { return ms(node.range) + offset(node.shift) + of(node.inner); }
  std::int64_t reach(const promql::Unary& node) const { return of(node.inner); }
  std::int64_t reach(const promql::Paren& node) const { return of(node.inner); }
  std::int64_t reach(const promql::Binary& node) const { return std::max(of(node.left), of(node.right)); }
  std::int64_t reach(const promql::Aggregate& node) const { return std::max(of(node.inner), of(node.parameter)); }
  std::int64_t reach(const promql::Call& node) const {
    std::int64_t most = 0;
    for (const NodeIndex argument : node.arguments) most = std::max(most, of(argument));
    return most;
  }
  std::int64_t reach(const promql::NumberLiteral&) const { return 0; }
  std::int64_t reach(const promql::StringLiteral&) const { return 0; }
  std::int64_t reach(const promql::DurationOperation&) const { return 0; }

  const promql::Expression& expression_;
  Duration lookback_;
};

bool reads_name(std::span<const tsdb::Matcher> matchers, std::string_view name) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const tsdb::Matcher& matcher) {
    return matcher.name() != metric_name_label || matcher.matches(name);
  });
}

bool contradicts(std::span<const tsdb::Matcher> matchers, const Labels& target) {
  return std::any_of(matchers.begin(), matchers.end(), [&](const tsdb::Matcher& matcher) {
    return target.has(matcher.name()) && !matcher.matches(target.get(matcher.name()));
  });
}

}  // namespace

Result<Selectors> Selectors::of(const promql::Expression& expression, Duration lookback) {
  Selectors out;
  std::vector<std::vector<tsdb::Matcher>> of_info;
  const auto note_fixed = [&out](const promql::TimeShift& shift) {
    if (shift.at != promql::AtKind::instant) return;
    out.oldest_fixed_ = std::min(out.oldest_fixed_.value_or(Instant{shift.at_ms}), Instant{shift.at_ms});
  };
  for (const promql::Node& node : expression.nodes) {
    if (std::holds_alternative<promql::MatrixSelector>(node.of) || std::holds_alternative<promql::Subquery>(node.of))
      out.reads_instants_only_ = false;
    if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) note_fixed(subquery->shift);
    const auto* call = std::get_if<promql::Call>(&node.of);
    if (call != nullptr && call->function->id == promql::FunctionId::info) {
      out.reads_instants_only_ = false;  // an answer rests on series that no answer lists
      if (call->arguments.size() == 1)
        of_info.push_back({tsdb::Matcher::equal(std::string(metric_name_label), "target_info")});
    }
    const auto* selector = std::get_if<promql::VectorSelector>(&node.of);
    if (selector == nullptr) continue;
    note_fixed(selector->shift);
    if (selector->shift.offset || selector->shift.at != promql::AtKind::none) out.reads_instants_only_ = false;
    std::vector<tsdb::Matcher> matchers;
    for (const promql::SelectorMatcher& matcher : selector->matchers) {
      auto made = tsdb::Matcher::create(matcher.name, kind_of(matcher.op), matcher.value);
      if (!made) return made.error();
      matchers.push_back(std::move(*made));
    }
    out.selectors_.push_back(std::move(matchers));
  }
  std::move(of_info.begin(), of_info.end(), std::back_inserter(out.selectors_));
  out.reach_ = Duration{Reach(expression, lookback).of(expression.root)};
  return out;
}

bool Selectors::reads(std::size_t index, const Labels& series) const {
  return std::all_of(selectors_[index].begin(), selectors_[index].end(),
                     [&](const tsdb::Matcher& matcher) { return matcher.matches(series.get(matcher.name())); });
}

Instant Selectors::reads_from(Instant at) const noexcept { return std::min(at, oldest_fixed_.value_or(at)) - reach_; }

bool Selectors::reads_any(std::span<const std::string> metric_names) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const auto& matchers) {
    return std::any_of(metric_names.begin(), metric_names.end(),
                       [&](const std::string& name) { return reads_name(matchers, name); });
  });
}

bool Selectors::may_read(const Labels& target) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const auto& matchers) { return !contradicts(matchers, target); });
}

bool Selectors::may_read(const Labels& target, std::span<const std::string> metric_names) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const auto& matchers) {
    return !contradicts(matchers, target) && std::any_of(metric_names.begin(), metric_names.end(), [&](const std::string& name) {
      return reads_name(matchers, name);
    });
  });
}

bool agree(const Labels& a, const Labels& b) noexcept {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (left->first < right->first) ++left;
    else if (right->first < left->first) ++right;
    else if ((left++)->second != (right++)->second) return false;
  }
  return true;
}

const Agreement::Projection& Agreement::projection(const Labels& element) {
  Names names;
  for (const auto& [name, value] : element) names.push_back(name);
  const auto [at, is_new] = projections_.try_emplace(std::move(names));
  if (!is_new) return at->second;
  for (const promql::SelectorFound& found : found_)
    for (const Labels* series : found.series) {
      std::vector<Labels::Pair> values;
      for (const std::string& name : at->first)
        if (series->has(name)) values.emplace_back(name, series->get(name));
      if (values.size() < at->first.size()) {
        at->second.partial.push_back(series);
        continue;
      }
      auto& list = at->second.complete[Labels(std::move(values))];
      if (list.size() < projected_series_max) list.push_back(series);
    }
  return at->second;
}

bool Agreement::any(const Labels& element) {
  const Projection& series = projection(element);
  return series.complete.contains(element) ||
         std::any_of(series.partial.begin(), series.partial.end(), [&](const Labels* one) { return agree(*one, element); });
}

std::vector<const Labels*> Agreement::first(const Labels& element, std::size_t max) {
  const Projection& series = projection(element);
  std::vector<const Labels*> out;
  if (const auto at = series.complete.find(element); at != series.complete.end())
    out.assign(at->second.begin(), at->second.begin() + static_cast<std::ptrdiff_t>(std::min(max, at->second.size())));
  for (const Labels* one : series.partial) {
    if (out.size() >= max) break;
    if (agree(*one, element)) out.push_back(one);
  }
  return out;
}

}  // namespace watchbill::metrics::rules
