// Parsing of conditions: what the bill's reader needs of them, without evaluation.
#include "metrics/promql/parser.h"

#include <utility>

namespace watchbill::metrics::promql {
namespace {

bool joins_truth(const Node& node) {
  const Binary* binary = std::get_if<Binary>(&node.of);
  return binary != nullptr && (binary->op == BinaryOperator::and_ || binary->op == BinaryOperator::or_);
}

// Recursion is bounded by the parser's depth limit.
void compare_as_bool(Expression& expression, NodeIndex index) {
  index = expression.without_parens(index);
  Binary* binary = std::get_if<Binary>(&expression.nodes[index].of);
  if (binary == nullptr) return;
  if (is_comparison(binary->op)) binary->returns_bool = true;
  if (!joins_truth(expression.at(index))) return;
  const auto [left, right] = std::pair{binary->left, binary->right};
  compare_as_bool(expression, left);
  compare_as_bool(expression, right);
}

}  // namespace

Result<Expression, ExpressionError> parse_condition(std::string_view text, const ParseLimits& limits) {
  auto expression = parse_syntax(text, limits);
  if (!expression) return expression;
  compare_as_bool(*expression, expression->root);
  if (const auto checked = check_types(*expression); !checked) return checked.error();
  if (const ValueType type = expression->type(); type != ValueType::scalar && type != ValueType::instant_vector)
    return expression_error(text, 0, ExpressionRefusal::wrong_type,
                            "a condition must be a scalar or an instant vector, got " + std::string(documented_name(type)));
  return expression;
}

}  // namespace watchbill::metrics::promql
