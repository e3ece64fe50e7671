// Alerts that a single sample raises, and that come and go with it.
#include <fmt/core.h>

#include "config/lint_rule.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
using promql::BinaryOperator;
using promql::Expression;
using promql::FunctionId;
using promql::VectorSelector;
using Spot = promql::NodeIndex;

// Below this, a rate stands on a handful of samples.
constexpr std::int64_t short_window_ms = 120'000;

struct Moment {
  std::size_t offset{0};
  std::string text;  // what a single sample does
};

bool is_order(BinaryOperator op) {
  return op == BinaryOperator::less || op == BinaryOperator::less_or_equal || op == BinaryOperator::greater ||
         op == BinaryOperator::greater_or_equal;
}

bool is_number(const Expression& expression, Spot index) { return expression.at(index).type == promql::ValueType::scalar; }

// Below aggregations, arithmetic with numbers and comparisons with them.
Spot core_of(const Expression& expression, Spot index) {
  for (;;) {
    index = expression.without_parens(index);
    const promql::Node& node = expression.at(index);
    if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of)) {
      index = aggregate->inner;
      continue;
    }
    const auto* binary = std::get_if<promql::Binary>(&node.of);
    if (binary == nullptr || is_set_operator(binary->op)) return index;
    if (is_number(expression, binary->right)) index = binary->left;
    else if (is_number(expression, binary->left)) index = binary->right;
    else return index;
  }
}

const VectorSelector* selector_of(const Expression& expression, Spot index) {
  index = expression.without_parens(index);
  while (const auto* aggregate = std::get_if<promql::Aggregate>(&expression.at(index).of))
    index = expression.without_parens(aggregate->inner);
  return std::get_if<VectorSelector>(&expression.at(index).of);
}

bool may_be_gauge(const VectorSelector& selector, const KnownMetrics& known) {
  if (selector.name.empty()) return false;
  if (const std::string* type = known.said_type_of(selector.name)) return *type == "gauge";
  return !selector.name.ends_with("_total") && !selector.name.ends_with("_count") && !selector.name.ends_with("_sum") &&
         !selector.name.ends_with("_bucket") && selector.name.find(':') == std::string::npos;
}

// `up == 0`, `up != 1`, `up < 1`; of sums and means every comparison.
std::optional<Moment> lost_scrape(const Expression& expression, const promql::Binary& binary, Spot core) {
  const auto* selector = std::get_if<VectorSelector>(&expression.at(core).of);
  if (selector == nullptr || selector->name != "up") return std::nullopt;
  const bool is_bare = expression.without_parens(binary.left) == core;
  const auto* number = std::get_if<promql::NumberLiteral>(&expression.at(expression.without_parens(binary.right)).of);
  if (is_bare && (number == nullptr || (number->value == 1) == (binary.op == BinaryOperator::equal))) return std::nullopt;
  return Moment{expression.at(core).span.begin, "one scrape that fails"};
}

std::optional<Moment> short_rate(const Expression& expression, Spot core) {
  const auto* call = std::get_if<promql::Call>(&expression.at(core).of);
  if (call == nullptr || call->arguments.size() != 1) return std::nullopt;
  if (call->function->id == FunctionId::irate) return Moment{expression.at(core).span.begin, "irate(), which reads two samples,"};
  if (call->function->id != FunctionId::rate) return std::nullopt;
  const auto* matrix = std::get_if<promql::MatrixSelector>(&expression.at(expression.without_parens(call->arguments[0])).of);
  if (matrix == nullptr || matrix->range.expression != promql::no_node || matrix->range.ms >= short_window_ms)
    return std::nullopt;
  return Moment{expression.at(core).span.begin, "a rate over less than 2m"};
}

// What a share of something is at this moment.
std::optional<Moment> share(const LintedRule& rule, Spot core) {
  const auto* binary = std::get_if<promql::Binary>(&rule.expression.at(core).of);
  if (binary == nullptr || binary->op != BinaryOperator::divide) return std::nullopt;
  const VectorSelector* part = selector_of(rule.expression, binary->left);
  const VectorSelector* whole = selector_of(rule.expression, binary->right);
  if (part == nullptr || whole == nullptr || !may_be_gauge(*part, rule.known) || !may_be_gauge(*whole, rule.known))
    return std::nullopt;
  return Moment{rule.expression.at(core).span.begin, "one sample beyond the threshold"};
}

std::optional<Moment> moment_of(const LintedRule& rule, Spot condition) {
  const Expression& expression = rule.expression;
  const promql::Node& node = expression.at(condition);
  if (const auto* call = std::get_if<promql::Call>(&node.of)) {
    if (call->function->id != FunctionId::absent) return std::nullopt;
    const bool is_selector = selector_of(expression, call->arguments[0]) != nullptr;
    return is_selector ? std::optional(Moment{node.span.begin, "one scrape that fails"}) : std::nullopt;
  }
  const auto* binary = std::get_if<promql::Binary>(&node.of);
  if (binary == nullptr || !is_comparison(binary->op) || binary->returns_bool) return std::nullopt;
  if (!is_number(expression, binary->right)) return std::nullopt;
  const Spot core = core_of(expression, binary->left);
  if (auto found = lost_scrape(expression, *binary, core)) return found;
  if (!is_order(binary->op)) return std::nullopt;
  if (auto found = short_rate(expression, core)) return found;
  return share(rule, core);
}

// Of `and` both sides must come and go with a sample, of `or` one.
std::optional<Moment> moment_below(const LintedRule& rule, Spot index) {
  index = rule.expression.without_parens(index);
  const auto* binary = std::get_if<promql::Binary>(&rule.expression.at(index).of);
  if (binary == nullptr || !is_set_operator(binary->op)) return moment_of(rule, index);
  auto left = moment_below(rule, binary->left);
  if (binary->op == BinaryOperator::unless) return left;
  auto right = moment_below(rule, binary->right);
  if (binary->op == BinaryOperator::or_) return left ? left : right;
  return left && right ? left : std::nullopt;
}

}  // namespace

void lint_waiting(const LintedRule& rule, Remarks& out) {
  if (rule.read.alert.empty() || rule.waits) return;
  const std::optional<Moment> found = moment_below(rule, rule.expression.root);
  if (!found) return;
  remark(out, "no_for", found->offset,
         fmt::format("{} raises this alert, and the next one ends it: add `for: 1m`, or write `for: 0s` where that is meant",
                     found->text));
}

}  // namespace watchbill::config
