#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "metrics/promql/parser.h"
#include "metrics/tsdb/matcher.h"

namespace watchbill::metrics::promql {
namespace {

using Reason = ExpressionRefusal;
using Checked = Result<void, ExpressionError>;

// The tree is checked node by node in the order of the vector: children stand before their parents, so the innermost error comes
// first.
class Checker {
 public:
  explicit Checker(const Expression& expression) : expression_(expression) {}

  Checked run() {
    find_info_selectors();
    for (const Node& node : expression_.nodes) {
      node_ = &node;
      if (const Checked checked = std::visit([this](const auto& part) { return check(part); }, node.of); !checked) return checked;
    }
    return {};
  }

 private:
  // The second argument of info() chooses labels, not series: it may match anything, and names no metric before its braces.
  void find_info_selectors() {
    for (const Node& node : expression_.nodes)
      if (const Call* call = std::get_if<Call>(&node.of);
          call != nullptr && call->function->id == FunctionId::info && call->arguments.size() == 2)
        info_selectors_.push_back(&expression_.at(expression_.without_parens(call->arguments[1])));
  }
  [[nodiscard]] bool is_info_selector() const {
    return std::find(info_selectors_.begin(), info_selectors_.end(), node_) != info_selectors_.end();
  }
  [[nodiscard]] ValueType type_of(NodeIndex index) const { return expression_.at(index).type; }
  [[nodiscard]] ExpressionError refuse(const Node& node, Reason reason, std::string message) const {
    return refuse_at(node.span.begin, reason, std::move(message));
  }
  [[nodiscard]] ExpressionError refuse_at(std::uint32_t offset, Reason reason, std::string message) const {
    return expression_error(expression_.text, offset, reason, std::move(message));
  }
  [[nodiscard]] Checked expect(NodeIndex index, ValueType wanted, std::string_view context) const {
    if (type_of(index) == wanted) return {};
    return refuse(
        expression_.at(index), Reason::wrong_type,
        fmt::format("expected type {} in {}, got {}", documented_name(wanted), context, documented_name(type_of(index))));
  }

  Checked check(const NumberLiteral&) { return {}; }
  Checked check(const StringLiteral&) { return {}; }
  Checked check(const Paren&) { return {}; }
  Checked check(const DurationOperation&) { return {}; }

  Checked check(const VectorSelector& selector) {
    bool selects_something = is_info_selector();
    for (const SelectorMatcher& matcher : selector.matchers) {
      const auto compiled = tsdb::Matcher::create(matcher.name, static_cast<tsdb::MatchKind>(matcher.op), matcher.value);
      if (!compiled)
        return refuse_at(matcher.offset, Reason::bad_selector,
                         fmt::format("error parsing regexp of label \"{}\": {}", matcher.name, compiled.error().detail));
      selects_something = selects_something || !compiled->matches_empty();
    }
    if (!selects_something)
      return refuse(*node_, Reason::bad_selector, "vector selector must contain at least one non-empty matcher");
    return {};
  }

  Checked positive(const DurationValue& duration) const {
    if (duration.expression != no_node || duration.ms > 0) return {};
    return refuse_at(duration.offset, Reason::bad_duration, "duration must be greater than 0");
  }
  Checked check(const MatrixSelector& matrix) { return positive(matrix.range); }
  Checked check(const Subquery& subquery) {
    if (type_of(subquery.inner) != ValueType::instant_vector)
      return refuse(
          *node_, Reason::wrong_type,
          fmt::format("subquery is only allowed on instant vector, got {} instead", documented_name(type_of(subquery.inner))));
    if (const Checked range = positive(subquery.range); !range) return range;
    return subquery.step ? positive(*subquery.step) : Checked{};
  }

  Checked check(const Unary& unary) {
    const ValueType type = type_of(unary.inner);
    if (type == ValueType::scalar || type == ValueType::instant_vector) return {};
    return refuse(*node_, Reason::wrong_type,
                  fmt::format("unary expression only allowed on expressions of type scalar or instant vector, got \"{}\"",
                              documented_name(type)));
  }

  Checked check(const Binary& binary) {
    for (const NodeIndex side : {binary.left, binary.right})
      if (type_of(side) != ValueType::scalar && type_of(side) != ValueType::instant_vector)
        return refuse(expression_.at(side), Reason::wrong_type,
                      "binary expression must contain only scalar and instant vector types");
    const bool left_is_vector = type_of(binary.left) == ValueType::instant_vector;
    const bool right_is_vector = type_of(binary.right) == ValueType::instant_vector;
    if (!left_is_vector && !right_is_vector &&
        (binary.op == BinaryOperator::trim_upper || binary.op == BinaryOperator::trim_lower))
      return refuse(*node_, Reason::wrong_type, fmt::format("operator \"{}\" not allowed for scalars", text_of(binary.op)));
    if (!left_is_vector && !right_is_vector && is_comparison(binary.op) && !binary.returns_bool)
      return refuse(*node_, Reason::wrong_type, "comparisons between scalars must use BOOL modifier");
    if (left_is_vector && right_is_vector) return check_matching(binary.matching);
    if (is_set_operator(binary.op))
      return refuse(*node_, Reason::wrong_type,
                    fmt::format("set operator \"{}\" not allowed in binary scalar expression", text_of(binary.op)));
    if (!binary.matching.labels.empty() || binary.matching.fill_left || binary.matching.fill_right)
      return refuse(*node_, Reason::bad_modifier, "vector matching only allowed between instant vectors");
    return {};
  }
  Checked check_matching(const VectorMatching& matching) const {
    if (!matching.is_on) return {};
    for (const std::string& label : matching.include)
      if (std::find(matching.labels.begin(), matching.labels.end(), label) != matching.labels.end())
        return refuse(*node_, Reason::bad_modifier,
                      fmt::format("label \"{}\" must not occur in ON and GROUP clause at once", label));
    return {};
  }

  Checked check(const Aggregate& aggregate) {
    if (const Checked inner = expect(aggregate.inner, ValueType::instant_vector, "aggregation expression"); !inner) return inner;
    if (aggregate.parameter == no_node) return {};
    const ValueType wanted = aggregate.op == AggregateOperator::count_values ? ValueType::string : ValueType::scalar;
    return expect(aggregate.parameter, wanted, "aggregation parameter");
  }

  Checked check(const Call& call) {
    const FunctionSignature& function = *call.function;
    const std::size_t count = call.arguments.size();
    const auto wrong_count = [&](std::string_view bound, std::size_t wanted) {
      return refuse(*node_, Reason::wrong_argument_count,
                    fmt::format("expected {}{} argument(s) in call to \"{}\", got {}", bound, wanted, function.name, count));
    };
    if (function.count_min == function.count_max && count != function.count_min) return wrong_count("", function.count_min);
    if (count < function.count_min) return wrong_count("at least ", function.count_min);
    if (function.count_max != arguments_unbounded && count > function.count_max)
      return wrong_count("at most ", function.count_max);
    for (std::size_t i = 0; i < count; ++i) {
      const Checked argument =
          expect(call.arguments[i], argument_type(function, i), fmt::format("call to function \"{}\"", function.name));
      if (!argument) return argument;
    }
    if (function.id == FunctionId::info && count == 2) {
      const Node& selector = expression_.at(expression_.without_parens(call.arguments[1]));
      const VectorSelector* labels = std::get_if<VectorSelector>(&selector.of);
      if (labels == nullptr || !labels->name.empty())
        return refuse(selector, Reason::wrong_type, "expected label selectors only in the second argument of info");
    }
    return check_extension(call);
  }

  // anchored and smoothed change what a few range functions mean; the others refuse them.
  Checked check_extension(const Call& call) const {
    for (const NodeIndex argument : call.arguments) {
      const MatrixSelector* matrix = std::get_if<MatrixSelector>(&expression_.at(expression_.without_parens(argument)).of);
      if (matrix == nullptr) continue;
      const RangeExtension extension = std::get<VectorSelector>(expression_.at(matrix->selector).of).extension;
      const FunctionId id = call.function->id;
      const bool is_rate = id == FunctionId::delta || id == FunctionId::increase || id == FunctionId::rate;
      const bool is_count = id == FunctionId::changes || id == FunctionId::resets;
      if (extension == RangeExtension::anchored && !is_rate && !is_count)
        return refuse(*node_, Reason::bad_modifier,
                      fmt::format("anchored modifier can only be used with: changes, delta, increase, rate, resets - not with {}",
                                  call.function->name));
      if (extension == RangeExtension::smoothed && !is_rate)
        return refuse(
            *node_, Reason::bad_modifier,
            fmt::format("smoothed modifier can only be used with: delta, increase, rate - not with {}", call.function->name));
    }
    return {};
  }

  const Expression& expression_;
  const Node* node_{nullptr};
  std::vector<const Node*> info_selectors_;
};

// Seconds of a duration expression. Recursion is bounded by the tree's depth.
Result<double, ExpressionError> seconds_of(const Expression& expression, NodeIndex index, double step, double range) {
  const Node& node = expression.at(index);
  if (const NumberLiteral* literal = std::get_if<NumberLiteral>(&node.of)) return literal->value;
  const DurationOperation& operation = std::get<DurationOperation>(node.of);
  double left = 0;
  double right = 0;
  for (const auto& [child, value] : {std::pair{operation.left, &left}, std::pair{operation.right, &right}}) {
    if (child == no_node) continue;
    const auto read = seconds_of(expression, child, step, range);
    if (!read) return read;
    *value = *read;
  }
  switch (operation.op) {
    case DurationOperator::add: return left + right;
    case DurationOperator::subtract: return left - right;
    case DurationOperator::multiply: return left * right;
    case DurationOperator::divide:
    case DurationOperator::modulo:
      if (right == 0)
        return expression_error(expression.text, node.span.begin, Reason::bad_duration,
                                operation.op == DurationOperator::divide ? "division by zero" : "modulo by zero");
      return operation.op == DurationOperator::divide ? left / right : std::fmod(left, right);
    case DurationOperator::power: return std::pow(left, right);
    case DurationOperator::negate: return -left;
    case DurationOperator::plus:
    case DurationOperator::paren: return left;
    case DurationOperator::step: return step;
    case DurationOperator::range: return range;
    case DurationOperator::min: return std::min(left, right);
    case DurationOperator::max: return std::max(left, right);
  }
  return 0.0;
}

}  // namespace

Result<void, ExpressionError> check_types(const Expression& expression) { return Checker(expression).run(); }

Result<std::int64_t, ExpressionError> resolve_duration(const Expression& expression, const DurationValue& duration,
                                                       std::int64_t step_ms, std::int64_t range_ms) {
  if (duration.expression == no_node) return duration.ms;
  const auto seconds =
      seconds_of(expression, duration.expression, static_cast<double>(step_ms) / 1000, static_cast<double>(range_ms) / 1000);
  if (!seconds) return seconds.error();
  constexpr double seconds_max = 9'223'372'036.0;  // Go's durations end here
  if (!(std::abs(*seconds) <= seconds_max))
    return expression_error(expression.text, expression.at(duration.expression).span.begin, Reason::bad_duration,
                            "duration out of range");
  return static_cast<std::int64_t>(std::round(*seconds * 1000));
}

}  // namespace watchbill::metrics::promql
