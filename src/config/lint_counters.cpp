// Counters: asked without a rate, asked for their first event, and rates of what is no counter.
#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <variant>

#include <fmt/core.h>

#include "config/lint_rule.h"
#include "metrics/promql/ast_walk.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
using promql::AggregateOperator;
using promql::BinaryOperator;
using promql::Expression;
using promql::FunctionId;
using promql::VectorSelector;
using Spot = promql::NodeIndex;

const double* number_at(const LintedRule& rule, Spot index) {
  const auto& range = rule.facts.at(index).values;
  return rule.expression.at(index).type == promql::ValueType::scalar && range.is_point() ? &range.low : nullptr;
}

bool is_counter(const VectorSelector& selector, const KnownMetrics& known) {
  if (selector.name.empty()) return false;
  if (const std::string* type = known.said_type_of(selector.name)) return *type == "counter";
  return selector.name.ends_with("_total");
}

// Of the functions of windows, those whose answer is a value of the window.
bool gives_its_value(FunctionId id) noexcept {
  switch (id) {
    case FunctionId::abs: case FunctionId::ceil: case FunctionId::floor: case FunctionId::round: case FunctionId::clamp:
    case FunctionId::clamp_max: case FunctionId::clamp_min: case FunctionId::sort: case FunctionId::sort_desc:
    case FunctionId::label_replace: case FunctionId::label_join: case FunctionId::avg_over_time: case FunctionId::max_over_time:
    case FunctionId::min_over_time: case FunctionId::last_over_time: case FunctionId::quantile_over_time: return true;
    default: return false;
  }
}

bool adds_up(AggregateOperator op) noexcept {
  return op == AggregateOperator::sum || op == AggregateOperator::avg || op == AggregateOperator::min ||
         op == AggregateOperator::max || op == AggregateOperator::topk || op == AggregateOperator::bottomk;
}

// The first selector of a counter whose value reaches `index` as it is, or no_node. A difference is left alone: two times of one
// counter are how its rise was asked for before there was increase().
Spot bare_counter(const Expression& expression, Spot index, const KnownMetrics& known) {
  const promql::Node& node = expression.at(expression.without_parens(index));
  if (const auto* selector = std::get_if<VectorSelector>(&node.of))
    return is_counter(*selector, known) ? expression.without_parens(index) : promql::no_node;
  if (const auto* matrix = std::get_if<promql::MatrixSelector>(&node.of))
    return bare_counter(expression, matrix->selector, known);
  if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) return bare_counter(expression, subquery->inner, known);
  if (const auto* unary = std::get_if<promql::Unary>(&node.of)) return bare_counter(expression, unary->inner, known);
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of))
    return adds_up(aggregate->op) ? bare_counter(expression, aggregate->inner, known) : promql::no_node;
  if (const auto* call = std::get_if<promql::Call>(&node.of)) {
    if (!gives_its_value(call->function->id)) return promql::no_node;
    const bool is_behind = call->function->id == FunctionId::quantile_over_time;
    return bare_counter(expression, call->arguments[is_behind ? 1 : 0], known);
  }
  const auto* binary = std::get_if<promql::Binary>(&node.of);
  if (binary == nullptr || binary->returns_bool) return promql::no_node;
  const bool is_sum = binary->op == BinaryOperator::add || binary->op == BinaryOperator::multiply ||
                      binary->op == BinaryOperator::divide;
  const bool keeps_left = promql::is_comparison(binary->op) || binary->op == BinaryOperator::and_ ||
                          binary->op == BinaryOperator::unless;
  if (!is_sum && !keeps_left) return promql::no_node;
  const Spot left = bare_counter(expression, binary->left, known);
  if (!is_sum || expression.at(binary->right).type == promql::ValueType::scalar) return left;
  const Spot right = bare_counter(expression, binary->right, known);
  if (expression.at(binary->left).type == promql::ValueType::scalar) return right;
  // A name with _total may be a gauge's; that both are counters is no accident.
  return left == promql::no_node || right == promql::no_node ? promql::no_node : left;
}

// `x_total > 0` asks whether it ever happened, which the value does say.
bool asks_whether_ever(BinaryOperator op, double threshold) {
  if (threshold == 0) return true;
  return threshold == 1 && (op == BinaryOperator::greater_or_equal || op == BinaryOperator::less);
}

BinaryOperator seen_from_left(BinaryOperator op, bool is_mirrored) {
  if (!is_mirrored) return op;
  switch (op) {
    case BinaryOperator::less: return BinaryOperator::greater;
    case BinaryOperator::less_or_equal: return BinaryOperator::greater_or_equal;
    case BinaryOperator::greater: return BinaryOperator::less;
    case BinaryOperator::greater_or_equal: return BinaryOperator::less_or_equal;
    default: return op;
  }
}

void lint_bare_counter(const LintedRule& rule, Spot condition, Remarks& out) {
  const auto* binary = std::get_if<promql::Binary>(&rule.expression.at(condition).of);
  if (binary == nullptr || !promql::is_comparison(binary->op) || binary->returns_bool) return;
  const bool is_mirrored = number_at(rule, binary->left) != nullptr;
  const double* threshold = number_at(rule, is_mirrored ? binary->left : binary->right);
  if (threshold == nullptr || asks_whether_ever(seen_from_left(binary->op, is_mirrored), *threshold)) return;
  const Spot found = bare_counter(rule.expression, is_mirrored ? binary->right : binary->left, rule.known);
  if (found == promql::no_node) return;
  const auto& selector = std::get<VectorSelector>(rule.expression.at(found).of);
  remark(out, "counter_without_rate", rule.expression.at(found).span.begin,
         fmt::format("{0} counts since its program began, so this compares how long that is ago: ask rate({0}[5m]) or "
                     "increase({0}[1h])",
                     selector.name));
}

// `increase(metric[…])`, maybe within aggregations, below a comparison that asks for any rise.
void lint_first_event(const LintedRule& rule, Spot condition, Remarks& out) {
  const Expression& expression = rule.expression;
  const auto* binary = std::get_if<promql::Binary>(&expression.at(condition).of);
  if (binary == nullptr) return;
  const auto is_zero = [&](Spot index) {
    const auto* number = std::get_if<promql::NumberLiteral>(&expression.at(expression.without_parens(index)).of);
    return number != nullptr && number->value == 0;
  };
  const bool is_unequal = binary->op == BinaryOperator::not_equal;
  Spot asked = promql::no_node;
  if ((is_unequal || binary->op == BinaryOperator::greater) && is_zero(binary->right)) asked = binary->left;
  else if ((is_unequal || binary->op == BinaryOperator::less) && is_zero(binary->left)) asked = binary->right;
  if (asked == promql::no_node) return;
  asked = expression.without_parens(asked);
  while (const auto* aggregate = std::get_if<promql::Aggregate>(&expression.at(asked).of))
    asked = expression.without_parens(aggregate->inner);
  const auto* call = std::get_if<promql::Call>(&expression.at(asked).of);
  if (call == nullptr || call->arguments.size() != 1) return;
  const FunctionId id = call->function->id;
  if (id != FunctionId::increase && id != FunctionId::rate && id != FunctionId::irate) return;
  const auto* range = std::get_if<promql::MatrixSelector>(&expression.at(expression.without_parens(call->arguments[0])).of);
  if (range == nullptr) return;
  const std::string& metric = std::get<VectorSelector>(expression.at(range->selector).of).name;
  if (metric.empty() || metric.starts_with("watchbill_")) return;  // ours begin with 0
  remark(
      out, "counter_not_initialised", expression.at(asked).span.begin,
      fmt::format("a series of {0} whose first sample is 1 has no {1}, so the event that bore it does not fire: let the program "
                  "begin with 0, or add `or ({0} unless {0} offset …) > 0`",
                  metric, call->function->name));
}

void lint_rate(const LintedRule& rule, Spot index, Remarks& out) {
  const Expression& expression = rule.expression;
  const auto* call = std::get_if<promql::Call>(&expression.at(index).of);
  if (call == nullptr) return;
  const FunctionId id = call->function->id;
  if (id != FunctionId::rate && id != FunctionId::irate && id != FunctionId::increase) return;
  const std::string_view function = call->function->name;
  const Spot argument = expression.without_parens(call->arguments[0]);
  const std::size_t offset = expression.at(index).span.begin;
  if (const auto* subquery = std::get_if<promql::Subquery>(&expression.at(argument).of)) {
    const Spot inner = expression.without_parens(subquery->inner);
    const auto* aggregate = std::get_if<promql::Aggregate>(&expression.at(inner).of);
    if (aggregate == nullptr || !is_bare_counter(expression, inner, rule.known)) return;
    return remark(
        out, "rate_of_sum", offset,
        fmt::format("{0}() of a {1} takes the restart of one program for one of all, and what came in between is lost or "
                    "counted twice: put it the other way round, {1}({0}(…))",
                    function, text_of(aggregate->op)));
  }
  const auto* matrix = std::get_if<promql::MatrixSelector>(&expression.at(argument).of);
  if (matrix == nullptr) return;
  const std::string& name = std::get<VectorSelector>(expression.at(matrix->selector).of).name;
  if (name.empty()) return;
  if (rule.is_recorded_sum(name))
    return remark(
        out, "rate_of_sum", offset,
        fmt::format("{0}() of {1}, which a rule records as a sum of counters, takes the restart of one program for one of "
                    "all: let that rule record the sum of {0}() instead",
                    function, name));
  const std::string* type = rule.known.type_of(name);
  if (type == nullptr || *type != "gauge") return;
  remark(out, "rate_of_gauge", offset,
         fmt::format("{} is a gauge, and {}() takes each fall of it for a restart from 0: ask {}", name, function,
                     id == FunctionId::increase ? "delta()" : id == FunctionId::rate ? "deriv() or delta()" : "idelta()"));
}

std::set<std::string_view> metrics_below(const Expression& expression, Spot node) {
  std::set<std::string_view> names;
  if (const auto* selector = std::get_if<VectorSelector>(&expression.at(node).of)) names.insert(selector->name);
  promql::each_child(expression.at(node), [&](Spot child) { names.merge(metrics_below(expression, child)); });
  return names;
}

// Whether what stands behind `and` guards what stands before it: that something was asked at all, before its quotient is judged.
bool is_guard(const Expression& expression, const promql::Binary& both) {
  const std::set<std::string_view> judged = metrics_below(expression, both.left);
  const std::set<std::string_view> guarding = metrics_below(expression, both.right);
  return std::includes(judged.begin(), judged.end(), guarding.begin(), guarding.end());
}

// The side of `or` may see what the other misses.
void each_certain_condition(const Expression& expression, const std::function<void(Spot)>& visit) {
  std::vector<Spot> waiting{expression.root};
  while (!waiting.empty()) {
    const Spot index = expression.without_parens(waiting.back());
    const auto* binary = std::get_if<promql::Binary>(&expression.at(index).of);
    waiting.pop_back();
    if (binary == nullptr || binary->op == BinaryOperator::or_) continue;
    if (!promql::is_set_operator(binary->op)) {
      visit(index);
      continue;
    }
    if (binary->op == BinaryOperator::and_ && !is_guard(expression, *binary)) waiting.push_back(binary->right);
    waiting.push_back(binary->left);
  }
}

}  // namespace

bool is_bare_counter(const Expression& expression, Spot node, const KnownMetrics& known) {
  return bare_counter(expression, node, known) != promql::no_node;
}

void each_condition(const Expression& expression, const std::function<void(Spot)>& visit) {
  std::vector<Spot> waiting{expression.root};
  while (!waiting.empty()) {
    const Spot index = expression.without_parens(waiting.back());
    waiting.pop_back();
    const auto* binary = std::get_if<promql::Binary>(&expression.at(index).of);
    if (binary == nullptr || !promql::is_set_operator(binary->op)) {
      visit(index);
      continue;
    }
    if (binary->op != BinaryOperator::unless) waiting.push_back(binary->right);
    waiting.push_back(binary->left);
  }
}

void lint_counters(const LintedRule& rule, Remarks& out) {
  for (Spot index = 0; index < rule.expression.nodes.size(); ++index) lint_rate(rule, index, out);
  if (rule.read.alert.empty()) return;
  each_condition(rule.expression, [&](Spot condition) { lint_bare_counter(rule, condition, out); });
  const std::size_t before = out.size();
  each_certain_condition(rule.expression, [&](Spot condition) {
    if (out.size() == before) lint_first_event(rule, condition, out);  // one for each rule is enough
  });
}

}  // namespace watchbill::config
