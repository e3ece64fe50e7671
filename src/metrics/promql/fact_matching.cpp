// The facts of operators: what comparisons leave, and which labels two sides agree on.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/core.h>

#include "metrics/promql/fact_finder.h"
#include "model/labels.h"

namespace watchbill::metrics::promql {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool has_fill(const Binary& binary) { return binary.matching.fill_left || binary.matching.fill_right; }

bool has_label(const std::vector<std::string>& labels, std::string_view label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

BinaryOperator mirrored(BinaryOperator op) {
  using Op = BinaryOperator;
  switch (op) {
    case Op::less: return Op::greater;
    case Op::less_or_equal: return Op::greater_or_equal;
    case Op::greater: return Op::less;
    case Op::greater_or_equal: return Op::less_or_equal;
    default: return op;
  }
}

// The numbers of which `number OP other` can hold.
ValueRange passing(BinaryOperator op, const ValueRange& other) {
  using Op = BinaryOperator;
  ValueRange out = ValueRange::between(-infinity, infinity);
  switch (op) {
    case Op::less: out.high = other.high, out.is_below_high = true; break;
    case Op::less_or_equal: out.high = other.high, out.is_below_high = other.is_below_high; break;
    case Op::greater: out.low = other.low, out.is_above_low = true; break;
    case Op::greater_or_equal: out.low = other.low, out.is_above_low = other.is_above_low; break;
    case Op::equal: return other.and_in(other);
    default: out.may_be_nan = true;
  }
  return out;
}

// Of `values`, those that pass `values OP other`.
ValueRange left_by(BinaryOperator op, const ValueRange& values, const ValueRange& other) {
  if (op != BinaryOperator::not_equal) return values.and_in(passing(op, other));
  ValueRange out = values;
  if (values.is_point() && other.is_point() && values.low == other.low) out.is_above_low = true;  // nothing
  return out;
}

double exact(BinaryOperator op, double left, double right) {
  using Op = BinaryOperator;
  switch (op) {
    case Op::add: return left + right;
    case Op::subtract: return left - right;
    case Op::multiply: return left * right;
    case Op::divide: return left / right;
    case Op::modulo: return std::fmod(left, right);
    case Op::power: return std::pow(left, right);
    case Op::atan2: return std::atan2(left, right);
    default: return std::numeric_limits<double>::quiet_NaN();
  }
}

ValueRange negative(const ValueRange& range) {
  ValueRange out = range;
  // 0 is no -0 to people.
  out.low = 0 - range.high, out.is_above_low = range.is_below_high;
  out.high = 0 - range.low, out.is_below_high = range.is_above_low;
  return out;
}

// Rounding is monotone, so bounds that are not left out stay bounds.
ValueRange computed(BinaryOperator op, const ValueRange& left, const ValueRange& right) {
  using Op = BinaryOperator;
  // Bounds do not tell 0 from -0, by which these give another result.
  const bool asks_sign_of_zero = op == Op::divide || op == Op::power || op == Op::atan2;
  const bool has_zero = left.low == 0 || right.low == 0;
  if (left.is_point() && right.is_point() && !(asks_sign_of_zero && has_zero))
    return ValueRange::of(exact(op, left.low, right.low));
  const auto bounded = [](double low, double high) {
    return ValueRange::between(std::isnan(low) ? -infinity : low, std::isnan(high) ? infinity : high, true);
  };
  if (op == Op::subtract) return computed(Op::add, left, negative(right));
  if (op == Op::add) return bounded(left.low + right.low, left.high + right.high);
  const bool is_left_factor = op == Op::multiply && left.is_point();
  const ValueRange& factor = is_left_factor ? left : right;
  const ValueRange& other = is_left_factor ? right : left;
  if ((op != Op::multiply && op != Op::divide) || !factor.is_point() || factor.low == 0 || std::isinf(factor.low)) return {};
  const double a = exact(op, other.low, factor.low);
  const double b = exact(op, other.high, factor.low);
  return bounded(std::min(a, b), std::max(a, b));
}

ValueRange either(const ValueRange& a, const ValueRange& b) {
  ValueRange out = ValueRange::between(std::min(a.low, b.low), std::max(a.high, b.high), a.may_be_nan || b.may_be_nan);
  out.is_above_low = (a.low != out.low || a.is_above_low) && (b.low != out.low || b.is_above_low);
  out.is_below_high = (a.high != out.high || a.is_below_high) && (b.high != out.high || b.is_below_high);
  return out;
}

// Both sides have this value of a label, or both have none.
LabelFact both(const LabelFact& keeper, const LabelFact& other) {
  if (keeper.presence == Presence::never) return keeper;
  if (other.presence == Presence::never) return other;
  const LabelFact& surer = other.presence > keeper.presence ? other : keeper;
  LabelFact out = surer;
  if (!out.value) out.value = keeper.value ? keeper.value : other.value;
  return out;
}

bool disagree(const LabelFact& a, const LabelFact& b) {
  if (a.presence == Presence::always && b.presence == Presence::always) return a.value && b.value && *a.value != *b.value;
  return (a.presence == Presence::always && b.presence == Presence::never) ||
         (a.presence == Presence::never && b.presence == Presence::always);
}

std::string side_text(const Expression& expression, std::string_view side, std::string_view label, const LabelFact& fact) {
  if (fact.presence != Presence::never)
    return fmt::format("the {} side has {}{}", side, label, fact.value ? fmt::format("=\"{}\"", *fact.value) : "");
  return fmt::format("the {} side has no {}{}", side, label,
                     fact.is_wanted ? "" : fmt::format(" ({} leaves it out)", taker_text(expression, fact.by)));
}

// A vector below comparisons with scalars, which keep labels and values.
struct Filtered {
  NodeIndex base{no_node};
  ValueRange passed;     // exactly what passes, when is_exact
  bool is_exact{true};
};

}  // namespace

static Filtered filtered(const Expression& expression, const ExpressionFacts& facts, NodeIndex index) {
  Filtered out;
  for (;;) {
    index = expression.without_parens(index);
    const auto* binary = std::get_if<Binary>(&expression.at(index).of);
    out.base = index;
    if (binary == nullptr || !is_comparison(binary->op) || binary->returns_bool) return out;
    const bool is_left_scalar = expression.at(binary->left).type == ValueType::scalar;
    if (!is_left_scalar && expression.at(binary->right).type != ValueType::scalar) return out;
    const ValueRange& bound = facts.at(is_left_scalar ? binary->left : binary->right).values;
    const BinaryOperator op = is_left_scalar ? mirrored(binary->op) : binary->op;
    out.is_exact = out.is_exact && bound.is_point() && op != BinaryOperator::not_equal;
    out.passed = out.passed.and_in(passing(op, bound));
    index = is_left_scalar ? binary->right : binary->left;
  }
}

ResultFacts FactFinder::of_unary(NodeIndex index, const Unary& unary) {
  Facts out = at(unary.inner);
  if (!unary.is_negation) return out;
  if (node(index).type == ValueType::instant_vector) drop_name(out.labels, index);
  out.values = negative(out.values);
  return out;
}

ResultFacts FactFinder::of_binary(NodeIndex index, const Binary& binary) {
  const bool left_is_scalar = node(binary.left).type == ValueType::scalar;
  const bool right_is_scalar = node(binary.right).type == ValueType::scalar;
  if (left_is_scalar && right_is_scalar) return of_scalars(binary);
  if (left_is_scalar || right_is_scalar) return of_vector_and_scalar(index, binary);
  return is_set_operator(binary.op) ? of_sets(index, binary) : of_vectors(index, binary);
}

ResultFacts FactFinder::of_scalars(const Binary& binary) const {
  Facts out;
  const ValueRange& left = at(binary.left).values;
  const ValueRange& right = at(binary.right).values;
  if (!is_comparison(binary.op)) out.values = computed(binary.op, left, right);
  else out.values = ValueRange::between(0, left_by(binary.op, left, right).has_nothing() ? 0 : 1);
  return out;
}

// Takes what a comparison or arithmetic operator does to the name.
static void take_operator(const Binary& binary, NodeIndex index, LabelFacts& labels) {
  if (is_comparison(binary.op) && !binary.returns_bool) return;
  if (binary.op < BinaryOperator::atan2 || binary.returns_bool) return drop_name(labels, index);
  if (labels.of(metric_name_label).presence != Presence::never) labels.known[std::string(metric_name_label)] = {};
}

ResultFacts FactFinder::of_vector_and_scalar(NodeIndex index, const Binary& binary) {
  const bool left_is_vector = node(binary.left).type == ValueType::instant_vector;
  const Facts& vector = at(left_is_vector ? binary.left : binary.right);
  const Facts& scalar = at(left_is_vector ? binary.right : binary.left);
  Facts out = vector;
  take_operator(binary, index, out.labels);
  if (!is_comparison(binary.op)) {
    out.values = left_is_vector ? computed(binary.op, vector.values, scalar.values)
                                : computed(binary.op, scalar.values, vector.values);
    return out;
  }
  const BinaryOperator op = left_is_vector ? binary.op : mirrored(binary.op);
  const ValueRange passed = left_by(op, vector.values, scalar.values);
  if (passed.has_nothing() && out.empty_by == no_node && !binary.returns_bool) {
    out.empty_by = index;
    note(Impossibility::comparison, index, operator_offset(binary), "",
         fmt::format("the {} side is {}, the {} side {}", left_is_vector ? "left" : "right", vector.values.text(),
                     left_is_vector ? "right" : "left", scalar.values.text()));
  }
  out.values = binary.returns_bool ? ValueRange::between(0, passed.has_nothing() ? 0 : 1) : passed;
  return out;
}

std::uint32_t FactFinder::operator_offset(const Binary& binary) const {
  const std::uint32_t begin = node(binary.left).span.end;
  const std::size_t found = expression_.text.find_first_not_of(" \t\r\n", begin);
  return found == std::string::npos ? begin : static_cast<std::uint32_t>(found);
}

bool FactFinder::is_matched_on(const Binary& binary, std::string_view label) const {
  if (binary.matching.is_on) return has_label(binary.matching.labels, label);
  return label != metric_name_label && !has_label(binary.matching.labels, label);
}

LabelFacts FactFinder::agreed(const Binary& binary, const LabelFacts& keeper, const LabelFacts& other) const {
  LabelFacts out = keeper;
  if (!binary.matching.is_on) {
    if (out.others.presence != Presence::never && other.others.presence == Presence::never) {
      out.others = other.others;
      // The labels that need no partner keep what they were.
      for (const std::string& label : binary.matching.labels) out.known.try_emplace(label, keeper.others);
      out.known.try_emplace(std::string(metric_name_label), keeper.of(metric_name_label));
    }
    for (const auto& [label, fact] : other.known)
      if (is_matched_on(binary, label)) out.known[label] = both(keeper.of(label), fact);
    for (const auto& [label, fact] : keeper.known)
      if (is_matched_on(binary, label)) out.known[label] = both(fact, other.of(label));
    return out;
  }
  for (const std::string& label : binary.matching.labels) out.known[label] = both(keeper.of(label), other.of(label));
  return out;
}

bool FactFinder::can_match(NodeIndex index, const Binary& binary) {
  const LabelFacts& left = at(binary.left).labels;
  const LabelFacts& right = at(binary.right).labels;
  std::set<std::string_view> labels;
  if (binary.matching.is_on) labels.insert(binary.matching.labels.begin(), binary.matching.labels.end());
  else
    for (const LabelFacts* side : {&left, &right})
      for (const auto& [label, fact] : side->known)
        if (is_matched_on(binary, label)) labels.insert(label);
  std::vector<std::pair<LabelUse, std::pair<NodeIndex, std::string_view>>> lost;
  for (const std::string_view label : labels) {
    const LabelFact& a = left.of(label);
    const LabelFact& b = right.of(label);
    if (disagree(a, b)) {
      note(Impossibility::matching, index, operator_offset(binary), std::string(label),
           side_text(expression_, "left", label, a) + ", " + side_text(expression_, "right", label, b));
      return false;
    }
    const bool is_left = a.presence == Presence::never;
    if (!is_left && b.presence != Presence::never) continue;
    if ((is_left ? a : b).is_wanted) continue;
    const NodeIndex without = is_left ? binary.left : binary.right;
    if (binary.matching.is_on) lost.push_back({LabelUse::on, {without, label}});
    else if ((is_left ? b : a).presence == Presence::named) lost.push_back({LabelUse::one_side, {without, label}});
  }
  for (const auto& [use, where] : lost)
    note_lost(use, where.first, where.second,
              use == LabelUse::on ? offset_of(index, where.second, node(binary.left).span.end) : operator_offset(binary));
  return true;
}

bool FactFinder::has_same_elements(const Binary& binary) const {
  if (binary.matching.is_on || !binary.matching.labels.empty() || has_fill(binary)) return false;
  const NodeIndex left = filtered(expression_, out_, binary.left).base;
  const NodeIndex right = filtered(expression_, out_, binary.right).base;
  if (text_of_node(left) != text_of_node(right)) return false;
  // Two metrics of the same labels would be two elements with one key.
  const LabelFact& name = at(left).labels.of(metric_name_label);
  return name.presence == Presence::never || name.value.has_value();
}

ResultFacts FactFinder::of_sets(NodeIndex index, const Binary& binary) {
  const Facts& left = at(binary.left);
  const Facts& right = at(binary.right);
  const bool is_possible = left.empty_by == no_node && right.empty_by == no_node;
  Facts out = left;
  if (binary.op == BinaryOperator::or_) {
    if (left.empty_by != no_node || right.empty_by != no_node) return left.empty_by != no_node ? right : left;
    out.labels = promql::either(left.labels, right.labels);
    out.values = either(left.values, right.values);
    return out;
  }
  if (!is_possible) {
    if (binary.op == BinaryOperator::and_ && out.empty_by == no_node) out.empty_by = right.empty_by;
    return out;
  }
  const bool matches = can_match(index, binary);
  const bool is_same = has_same_elements(binary);
  if (binary.op == BinaryOperator::unless) {
    const Filtered removed = filtered(expression_, out_, binary.right);
    if (!is_same || !removed.is_exact || !left.values.is_within(removed.passed)) return out;
    out.empty_by = index;
    note(Impossibility::itself, index, operator_offset(binary), "", "whatever the left side has, the right side has too");
    return out;
  }
  if (!matches) out.empty_by = index;
  out.labels = agreed(binary, left.labels, right.labels);
  if (!is_same) return out;
  out.values = left.values.and_in(right.values);
  // A number that is none passed no comparison; without one it is in both.
  out.values.may_be_nan = left.values.may_be_nan && right.values.may_be_nan;
  if (!out.values.has_nothing() || out.empty_by != no_node) return out;
  out.empty_by = index;
  note(Impossibility::itself, index, operator_offset(binary), "",
       fmt::format("of the same elements one side has those that are {}, the other those that are {}", left.values.text(),
                   right.values.text()));
  return out;
}

ResultFacts FactFinder::of_vectors(NodeIndex index, const Binary& binary) {
  const Facts& left = at(binary.left);
  const Facts& right = at(binary.right);
  const VectorMatching& matching = binary.matching;
  const bool is_filter = is_comparison(binary.op) && !binary.returns_bool;
  const bool left_is_one = matching.cardinality == Cardinality::one_to_many;
  const Facts& many = left_is_one ? right : left;
  const Facts& one = left_is_one ? left : right;
  Facts out;
  if (has_fill(binary)) {  // an element of either side may stand alone
    out.labels = promql::either(many.labels, one.labels);
    for (auto& [label, fact] : out.labels.known)
      if (fact.presence != Presence::never) fact = {};
    take_operator(binary, index, out.labels);
    return out;
  }
  out.empty_by = left.empty_by != no_node ? left.empty_by : right.empty_by;
  const bool is_possible = out.empty_by == no_node;
  if (is_possible && !can_match(index, binary)) out.empty_by = index;
  out.labels = agreed(binary, many.labels, one.labels);
  take_operator(binary, index, out.labels);
  if (matching.cardinality == Cardinality::one_to_one) {
    if (matching.is_on) {
      LabelFacts kept;
      kept.others = taken_by(index);
      for (const std::string& label : matching.labels) {
        LabelFact fact = out.labels.of(label);
        if (fact.presence == Presence::maybe) fact.presence = Presence::named;
        kept.known[label] = std::move(fact);
      }
      out.labels = std::move(kept);
    } else {
      for (const std::string& label : matching.labels)
        if (out.labels.of(label).presence != Presence::never) out.labels.known[label] = taken_by(index);
    }
  }
  for (const std::string& label : matching.include) {
    LabelFact fact = one.labels.of(label);
    // group_left (__name__) is how some write a group_left without labels.
    if (fact.presence == Presence::never && !fact.is_wanted && is_possible && label != metric_name_label)
      note_lost(LabelUse::include, left_is_one ? binary.left : binary.right, label,
                offset_of(index, label, node(binary.left).span.end));
    if (fact.presence == Presence::maybe) fact.presence = Presence::named;
    out.labels.known[label] = std::move(fact);
  }
  if (!is_comparison(binary.op)) {
    out.values = computed(binary.op, left.values, right.values);
    return out;
  }
  const ValueRange passed = left_by(binary.op, left.values, right.values);
  out.values = is_filter ? passed : ValueRange::between(0, passed.has_nothing() ? 0 : 1);
  if (!is_filter || out.empty_by != no_node) return out;
  const bool is_strict = binary.op == BinaryOperator::greater || binary.op == BinaryOperator::less;
  const bool is_itself = is_strict && has_same_elements(binary);
  if (!passed.has_nothing() && !is_itself) return out;
  out.empty_by = index;
  note(is_itself ? Impossibility::itself : Impossibility::comparison, index, operator_offset(binary), "",
       is_itself ? std::string("both sides are the same values")
                 : fmt::format("the left side is {}, the right side {}", left.values.text(), right.values.text()));
  return out;
}

}  // namespace watchbill::metrics::promql
