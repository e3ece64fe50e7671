#include "differential/harness/deviations.h"

#include <algorithm>
#include <array>

#include "differential/harness/world.h"
#include "metrics/promql/ast_walk.h"
#include "model/labels.h"

namespace watchbill::differential {
namespace {

namespace promql = metrics::promql;
using promql::AggregateOperator;
using promql::Expression;
using promql::FunctionId;
using promql::NodeIndex;

constexpr std::array<DeviationRow, deviation_count> rows{{
    {Deviation::library_digits, "library_digits",
     "Go's exp, logarithms, trigonometry and powers are not those of the C library: the last digits may differ"},
    {Deviation::order_of_sums, "order_of_sums",
     "the order of the series of a computed vector is not promised (in a range query 2.42 has it from a hash map, anew each "
     "time): the last digits of sums, means and deviations depend on it, and which of 0 and -0 is the least or most"},
    {Deviation::ties_of_top, "ties_of_top", "which of equal values topk() and bottomk() keep is not promised"},
    {Deviation::label_names, "label_names",
     "label_replace(), label_join() and count_values() take any UTF-8 as the name of a label, as Prometheus 3"},
    {Deviation::calendar_of_no_time, "calendar_of_no_time",
     "NaN, infinities and years beyond 30,000 are no date here; Prometheus gives what its processor makes of them as integers"},
    {Deviation::window_read_anew, "window_read_anew",
     "2.42 loses the begin of a window with @ from the second step on, where the function around it is evaluated at each step"},
    {Deviation::parameter_read_once, "parameter_read_once",
     "Prometheus does not look for @ in the parameter of an aggregation, and where the vector is the same at all steps (@) it "
     "reads "
     "the parameter at the first one only"},
    {Deviation::subquery_without_steps, "subquery_without_steps",
     "where a subquery repeats what is the same at all steps and its window has no step, Prometheus gives a point beyond it"},
    {Deviation::time_without_offset, "time_without_offset", "2.42 passes over the offset in timestamp(x @ t offset d)"},
    {Deviation::native_interpolation, "native_interpolation",
     "within an exponential bucket of a native histogram 2.42 interpolates linearly, Prometheus 3 exponentially"},
    {Deviation::native_sums, "native_sums",
     "sums of rates of native histograms are compensated, as in Prometheus 3; the last digits of their many numbers differ from "
     "2.42's"},
}};

bool is_library_function(FunctionId id) noexcept {
  constexpr FunctionId ids[] = {FunctionId::exp, FunctionId::ln, FunctionId::log2, FunctionId::log10, FunctionId::sin,
                                FunctionId::cos, FunctionId::tan, FunctionId::asin, FunctionId::acos, FunctionId::atan,
                                FunctionId::sinh, FunctionId::cosh, FunctionId::tanh, FunctionId::asinh, FunctionId::acosh,
                                FunctionId::atanh};
  return std::find(std::begin(ids), std::end(ids), id) != std::end(ids);
}

const promql::Call* call_at(const Expression& expression, NodeIndex at, FunctionId id) {
  const auto* call = std::get_if<promql::Call>(&expression.at(expression.without_parens(at)).of);
  return call != nullptr && call->function->id == id ? call : nullptr;
}

const promql::Aggregate* top_at(const Expression& expression, NodeIndex at) {
  const auto* aggregate = std::get_if<promql::Aggregate>(&expression.at(expression.without_parens(at)).of);
  const bool is_top = aggregate != nullptr &&
                      (aggregate->op == AggregateOperator::topk || aggregate->op == AggregateOperator::bottomk);
  return is_top ? aggregate : nullptr;
}

bool is_library_node(const promql::Node& node) {
  if (const auto* call = std::get_if<promql::Call>(&node.of)) return is_library_function(call->function->id);
  const auto* binary = std::get_if<promql::Binary>(&node.of);
  return binary != nullptr &&
         (binary->op == promql::BinaryOperator::power || binary->op == promql::BinaryOperator::atan2);
}

Digits digits_of(const promql::Node& node) {
  if (!is_library_node(node)) return Digits::exact;
  const auto* call = std::get_if<promql::Call>(&node.of);
  if (call == nullptr)
    return std::get<promql::Binary>(node.of).op == promql::BinaryOperator::power ? Digits::of_power : Digits::usual;
  const FunctionId id = call->function->id;
  if (id == FunctionId::tan) return Digits::of_tangent;
  return id == FunctionId::log2 || id == FunctionId::sin || id == FunctionId::cos ? Digits::of_one : Digits::usual;
}

// Whether the series of this vector come in the order in which the store has them.
bool has_stored_order(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(expression.without_parens(at));
  if (std::holds_alternative<promql::VectorSelector>(node.of)) return true;
  if (const auto* unary = std::get_if<promql::Unary>(&node.of)) return has_stored_order(expression, unary->inner);
  if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) return has_stored_order(expression, subquery->inner);
  if (std::holds_alternative<promql::MatrixSelector>(node.of)) return true;
  const auto* call = std::get_if<promql::Call>(&node.of);
  if (call == nullptr) return false;
  for (const NodeIndex argument : call->arguments)
    if (expression.at(argument).type == promql::ValueType::range_vector) return has_stored_order(expression, argument);
  return false;
}

bool adds_up(AggregateOperator op) noexcept {
  return op == AggregateOperator::sum || op == AggregateOperator::avg || op == AggregateOperator::stddev ||
         op == AggregateOperator::stdvar;
}

bool is_extreme(AggregateOperator op) noexcept { return op == AggregateOperator::min || op == AggregateOperator::max; }

// Of an aggregation of these kinds: whether its operand is in no promised order.
template <class IsKind>
bool takes_computed(const Expression& expression, const promql::Node& node, const IsKind& is_kind) {
  const auto* aggregate = std::get_if<promql::Aggregate>(&node.of);
  return aggregate != nullptr && is_kind(aggregate->op) && !has_stored_order(expression, aggregate->inner);
}

bool is_calendar(FunctionId id) noexcept {
  constexpr FunctionId ids[] = {FunctionId::minute, FunctionId::hour, FunctionId::day_of_week, FunctionId::day_of_month,
                                FunctionId::day_of_year, FunctionId::days_in_month, FunctionId::month, FunctionId::year};
  return std::find(std::begin(ids), std::end(ids), id) != std::end(ids);
}

// Whether the values of a vector are times or other usual numbers, never NaN or infinite.
bool is_surely_finite(const Expression& expression, NodeIndex at) {
  if (call_at(expression, at, FunctionId::timestamp) != nullptr) return true;
  const auto* selector = std::get_if<promql::VectorSelector>(&expression.at(expression.without_parens(at)).of);
  return selector != nullptr && selector->name != "wild";
}

// As Prometheus 2.42 sees it: whether a part has the same value at all steps, because of @.
// Recursion is bounded by the parser's depth limit.
bool is_invariant(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(at);
  if (const auto* selector = std::get_if<promql::VectorSelector>(&node.of)) return selector->shift.at != promql::AtKind::none;
  if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) return subquery->shift.at != promql::AtKind::none;
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of)) return is_invariant(expression, aggregate->inner);
  if (const auto* call = std::get_if<promql::Call>(&node.of)) {
    const FunctionId id = call->function->id;
    if (is_calendar(id) || id == FunctionId::predict_linear || id == FunctionId::time || id == FunctionId::timestamp)
      return false;
  }
  bool is_so = true;
  promql::each_child(node, [&](NodeIndex child) { is_so = is_so && is_invariant(expression, child); });
  return is_so;
}

bool uses_at(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(at);
  if (const auto* selector = std::get_if<promql::VectorSelector>(&node.of)) return selector->shift.at != promql::AtKind::none;
  if (const auto* subquery = std::get_if<promql::Subquery>(&node.of);
      subquery != nullptr && subquery->shift.at != promql::AtKind::none)
    return true;
  bool is_so = false;
  promql::each_child(node, [&](NodeIndex child) { is_so = is_so || uses_at(expression, child); });
  return is_so;
}

bool reads_native_histograms(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(at);
  if (const auto* selector = std::get_if<promql::VectorSelector>(&node.of)) return selector->name == native_metric().name;
  bool is_so = false;
  promql::each_child(node, [&](NodeIndex child) { is_so = is_so || reads_native_histograms(expression, child); });
  return is_so;
}

// Whether something that multiplies histograms by no whole number is in a part.
bool has_rate(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(at);
  if (const auto* call = std::get_if<promql::Call>(&node.of);
      call != nullptr && (call->function->id == FunctionId::rate || call->function->id == FunctionId::increase))
    return true;
  bool is_so = false;
  promql::each_child(node, [&](NodeIndex child) { is_so = is_so || has_rate(expression, child); });
  return is_so;
}

std::optional<Deviation> other_class(const Expression& expression, NodeIndex at) {
  const promql::Node& node = expression.at(at);
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of)) {
    if (aggregate->parameter != promql::no_node &&
        (uses_at(expression, aggregate->parameter) ||
         (!is_invariant(expression, aggregate->parameter) && is_invariant(expression, aggregate->inner))))
      return Deviation::parameter_read_once;
  }
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of);
      aggregate != nullptr && aggregate->op == AggregateOperator::sum && has_rate(expression, aggregate->inner) &&
      reads_native_histograms(expression, aggregate->inner))
    return Deviation::native_sums;
  if (const auto* subquery = std::get_if<promql::Subquery>(&node.of)) {
    constexpr std::int64_t default_step_ms = 60'000;
    if (subquery->range.ms < (subquery->step ? subquery->step->ms : default_step_ms) && uses_at(expression, subquery->inner))
      return Deviation::subquery_without_steps;
  }
  const auto* call = std::get_if<promql::Call>(&node.of);
  if (call == nullptr) return std::nullopt;
  if (call->function->id == FunctionId::timestamp) {
    const auto* selector =
        std::get_if<promql::VectorSelector>(&expression.at(expression.without_parens(call->arguments[0])).of);
    const bool has_both = selector != nullptr && selector->shift.at != promql::AtKind::none && selector->shift.offset;
    return has_both ? std::optional(Deviation::time_without_offset) : std::nullopt;
  }
  if ((call->function->id == FunctionId::histogram_quantile || call->function->id == FunctionId::histogram_fraction) &&
      reads_native_histograms(expression, at))
    return Deviation::native_interpolation;
  for (const NodeIndex argument : call->arguments)
    if (expression.at(argument).type == promql::ValueType::range_vector && is_invariant(expression, argument) &&
        !is_invariant(expression, at))
      return Deviation::window_read_anew;
  return std::nullopt;
}

bool has_odd_name(const Expression& expression, NodeIndex at) {
  const auto* text = std::get_if<promql::StringLiteral>(&expression.at(expression.without_parens(at)).of);
  return text != nullptr && !is_label_name(text->value);
}

bool makes_odd_label(const Expression& expression, const promql::Node& node) {
  if (const auto* aggregate = std::get_if<promql::Aggregate>(&node.of))
    return aggregate->op == AggregateOperator::count_values && has_odd_name(expression, aggregate->parameter);
  const auto* call = std::get_if<promql::Call>(&node.of);
  return call != nullptr && (call->function->id == FunctionId::label_replace || call->function->id == FunctionId::label_join) &&
         has_odd_name(expression, call->arguments[1]);
}

class Classifier {
 public:
  explicit Classifier(const Expression& expression) : expression_(expression) {}

  ExpressionClass run() {
    const promql::Node& end = expression_.at(values_from(expression_.root));
    found_.digits = digits_of(end);
    const auto* call = std::get_if<promql::Call>(&end.of);
    found_.ends_in_calendar = call != nullptr && is_calendar(call->function->id);
    const promql::Aggregate* top = top_at(expression_, expression_.root);
    found_.ends_in_top = top != nullptr;
    // The groups of topk() come as their first series do.
    found_.is_ordered =
        call_at(expression_, expression_.root, FunctionId::sort) != nullptr ||
        call_at(expression_, expression_.root, FunctionId::sort_desc) != nullptr ||
        (top != nullptr && ((top->grouping.empty() && !top->is_without) || has_stored_order(expression_, top->inner)));
    walk(expression_.root, true, false);
    return found_;
  }

 private:
  // The node whose values are those of `at`: below parentheses and signs.
  NodeIndex values_from(NodeIndex at) {
    at = expression_.without_parens(at);
    const auto* unary = std::get_if<promql::Unary>(&expression_.at(at).of);
    return unary == nullptr ? at : values_from(unary->inner);
  }

  // `is_end`: nothing but parentheses and signs is around. `is_rounded`: round(clamp(…)) is right around.
  // Recursion is bounded by the parser's depth limit.
  void walk(NodeIndex at, bool is_end, bool is_rounded) {
    const promql::Node& node = expression_.at(at);
    found_.sums_computed = found_.sums_computed || takes_computed(expression_, node, adds_up);
    found_.picks_computed = found_.picks_computed || takes_computed(expression_, node, is_extreme);
    found_.has_odd_label_name = found_.has_odd_label_name || makes_odd_label(expression_, node);
    if (is_library_node(node) && !is_end && !is_rounded) found_.is_judgeable = false;
    if (!found_.other) found_.other = other_class(expression_, at);
    const auto* call = std::get_if<promql::Call>(&node.of);
    if (call != nullptr && is_calendar(call->function->id) && !is_end && !call->arguments.empty() &&
        !is_surely_finite(expression_, call->arguments[0]))
      found_.is_judgeable = false;
    const bool is_cover = std::holds_alternative<promql::Paren>(node.of) || std::holds_alternative<promql::Unary>(node.of);
    const bool is_vector =
        call_at(expression_, at, FunctionId::vector) != nullptr && !std::holds_alternative<promql::Paren>(node.of);
    const NodeIndex within = std::holds_alternative<promql::Paren>(node.of) ? promql::no_node : rounds(at);
    promql::each_child(node, [&](NodeIndex child) {
      if (within != promql::no_node && child == round_argument(at)) {
        walk(within, false, true);
        return;
      }
      judge_top(node, child);
      walk(child, is_cover && is_end, (is_cover || is_vector) && is_rounded);
    });
  }

  NodeIndex round_argument(NodeIndex at) const { return std::get<promql::Call>(expression_.at(at).of).arguments[0]; }

  // What is rounded by round(clamp(…, -bound, bound), step) at `at`, or no_node.
  NodeIndex rounds(NodeIndex at) const {
    const promql::Call* round = call_at(expression_, at, FunctionId::round);
    if (round == nullptr || round->arguments.size() != 2 || !is_number(round->arguments[1], rounding_step))
      return promql::no_node;
    const promql::Call* clamp = call_at(expression_, round->arguments[0], FunctionId::clamp);
    if (clamp == nullptr || !is_number(clamp->arguments[2], rounding_bound)) return promql::no_node;
    const promql::Span low = expression_.at(clamp->arguments[1]).span;
    if (expression_.text.substr(low.begin, low.end - low.begin) != "-" + std::string(rounding_bound)) return promql::no_node;
    return clamp->arguments[0];
  }
  bool is_number(NodeIndex at, std::string_view text) const {
    const promql::Span span = expression_.at(at).span;
    return std::string_view(expression_.text).substr(span.begin, span.end - span.begin) == text;
  }

  // topk() may stand at the end, or below an aggregation that makes one value of all, whatever their labels.
  void judge_top(const promql::Node& parent, NodeIndex child) {
    if (std::holds_alternative<promql::Paren>(parent.of) || top_at(expression_, child) == nullptr) return;
    const auto* aggregate = std::get_if<promql::Aggregate>(&parent.of);
    const bool makes_one = aggregate != nullptr && aggregate->grouping.empty() && !aggregate->is_without &&
                           (adds_up(aggregate->op) || aggregate->op == AggregateOperator::min ||
                            aggregate->op == AggregateOperator::max || aggregate->op == AggregateOperator::count ||
                            aggregate->op == AggregateOperator::group);
    if (!makes_one) found_.is_judgeable = false;
  }

  const Expression& expression_;
  ExpressionClass found_;
};

}  // namespace

std::span<const DeviationRow> deviations() noexcept { return rows; }
const DeviationRow& row_of(Deviation deviation) noexcept { return rows[static_cast<std::size_t>(deviation)]; }

ExpressionClass class_of(const Expression& expression) { return Classifier(expression).run(); }

}  // namespace watchbill::differential
