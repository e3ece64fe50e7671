#include "config/rule_lint.h"

#include <variant>
#include <vector>

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
using promql::BinaryOperator;
using promql::Expression;
using promql::NodeIndex;

bool is_zero(const Expression& expression, NodeIndex index) {
  const auto* number = std::get_if<promql::NumberLiteral>(&expression.at(expression.without_parens(index)).of);
  return number != nullptr && number->value == 0;
}

// The side of a comparison that must be more than 0, or no_node.
NodeIndex asked_to_rise(const Expression& expression, const promql::Binary& binary) {
  const bool is_unequal = binary.op == BinaryOperator::not_equal;
  if ((is_unequal || binary.op == BinaryOperator::greater) && is_zero(expression, binary.right)) return binary.left;
  if ((is_unequal || binary.op == BinaryOperator::less) && is_zero(expression, binary.left)) return binary.right;
  return promql::no_node;
}

// `increase(metric[…])`, maybe within aggregations.
std::optional<BareIncrease> increase_of(const Expression& expression, NodeIndex index) {
  index = expression.without_parens(index);
  while (const auto* aggregate = std::get_if<promql::Aggregate>(&expression.at(index).of))
    index = expression.without_parens(aggregate->inner);
  const auto* call = std::get_if<promql::Call>(&expression.at(index).of);
  if (call == nullptr || call->arguments.size() != 1) return std::nullopt;
  const std::string_view name = call->function->name;
  if (name != "increase" && name != "rate" && name != "irate") return std::nullopt;
  const auto* range = std::get_if<promql::MatrixSelector>(&expression.at(expression.without_parens(call->arguments[0])).of);
  if (range == nullptr) return std::nullopt;
  const auto& selector = std::get<promql::VectorSelector>(expression.at(range->selector).of);
  if (selector.name.empty() || selector.name.starts_with("watchbill_")) return std::nullopt;
  return BareIncrease{std::string(name), selector.name, expression.at(index).span.begin};
}

}  // namespace

std::optional<BareIncrease> find_bare_increase(const Expression& expression) {
  std::vector<NodeIndex> waiting{expression.root};
  while (!waiting.empty()) {
    const auto* binary = std::get_if<promql::Binary>(&expression.at(expression.without_parens(waiting.back())).of);
    waiting.pop_back();
    if (binary == nullptr) continue;
    if (binary->op == BinaryOperator::and_ || binary->op == BinaryOperator::unless) {
      if (binary->op == BinaryOperator::and_) waiting.push_back(binary->right);
      waiting.push_back(binary->left);
      continue;
    }
    const NodeIndex asked = asked_to_rise(expression, *binary);
    if (asked == promql::no_node) continue;
    if (auto found = increase_of(expression, asked)) return found;
  }
  return std::nullopt;
}

}  // namespace watchbill::config
