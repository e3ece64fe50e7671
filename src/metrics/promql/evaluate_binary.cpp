// Unary and binary operators: arithmetic, comparisons, sets, and the matching of two vectors.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "metrics/histogram/arithmetic.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/print.h"

namespace watchbill::metrics::promql {
namespace {

using Refusal = EvaluationRefusal;

// What it costs to look up the output of a pair, in cells.
constexpr std::uint64_t cells_of_a_pair = 8;

bool drops_name(const Binary& binary, Semantics semantics) noexcept {
  if (binary.op == BinaryOperator::atan2) return semantics == Semantics::prometheus_3;
  return binary.returns_bool || binary.op < BinaryOperator::atan2;
}

double arithmetic(BinaryOperator op, double left, double right) noexcept {
  switch (op) {
    case BinaryOperator::add: return left + right;
    case BinaryOperator::subtract: return left - right;
    case BinaryOperator::multiply: return left * right;
    case BinaryOperator::divide: return left / right;
    case BinaryOperator::modulo: return std::fmod(left, right);
    case BinaryOperator::power: return std::pow(left, right);
    case BinaryOperator::atan2: return std::atan2(left, right);
    case BinaryOperator::equal: return left == right ? 1 : 0;
    case BinaryOperator::not_equal: return left != right ? 1 : 0;
    case BinaryOperator::less: return left < right ? 1 : 0;
    case BinaryOperator::less_or_equal: return left <= right ? 1 : 0;
    case BinaryOperator::greater: return left > right ? 1 : 0;
    case BinaryOperator::greater_or_equal: return left >= right ? 1 : 0;
    case BinaryOperator::and_: case BinaryOperator::or_: case BinaryOperator::unless:
    case BinaryOperator::trim_upper: case BinaryOperator::trim_lower: break;
  }
  return absent_value;  // sets have no arithmetic; floats have nothing to trim, see combine()
}

// As Prometheus writes a label set in messages: the name among the others.
std::string all_labels_text(const Labels& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ", ";
    out.append(is_label_name(name) ? name : quoted(name)).append("=").append(quoted(value));
  }
  return out + "}";
}

}  // namespace

double Evaluation::combine(const Binary& binary, NodeIndex at, double left, double right, double kept) {
  const bool trims = binary.op == BinaryOperator::trim_upper || binary.op == BinaryOperator::trim_lower;
  if (trims || histogram::is_mark(left) || histogram::is_mark(right)) return combine_histograms(binary, at, left, right);
  const double value = arithmetic(binary.op, left, right);
  if (!is_comparison(binary.op) || binary.returns_bool) return value;
  return value != 0 ? kept : absent_value;
}

double Evaluation::combine_histograms(const Binary& binary, NodeIndex at, double left, double right) {
  using Op = BinaryOperator;
  const Op op = binary.op;
  const bool left_is_histogram = histogram::is_mark(left);
  const bool right_is_histogram = histogram::is_mark(right);
  const auto put = [this](histogram::Histogram&& result) {
    compact(result);
    return histograms_.put(std::move(result));
  };
  if (left_is_histogram != right_is_histogram) {
    histogram::Histogram result = histograms_.at(left_is_histogram ? left : right);
    if (op == Op::multiply) {
      multiply(result, left_is_histogram ? right : left);
      return put(std::move(result));
    }
    if (left_is_histogram && op == Op::divide) {
      divide(result, right);
      return put(std::move(result));
    }
    if (left_is_histogram && (op == Op::trim_upper || op == Op::trim_lower)) {
      op == Op::trim_upper ? trim_upper(result, right) : trim_lower(result, right);
      return histograms_.put(std::move(result));
    }
  } else if (left_is_histogram && (op == Op::add || op == Op::subtract)) {
    const bool is_sum = op == Op::add;
    histogram::Histogram result = histograms_.at(left);
    const histogram::Notes notes = is_sum ? add(result, histograms_.at(right)) : subtract(result, histograms_.at(right));
    const std::string_view what = is_sum ? "addition" : "subtraction";
    if (notes.is_incompatible) {
      annotate(AnnotationLevel::warning, at,
               fmt::format("incompatible bucket layout encountered for binary operator {}", text_of(op)));
      return absent_value;
    }
    if (notes.has_reset_collision) {
      annotate(AnnotationLevel::warning, at, fmt::format("conflicting counter resets during histogram {}", what));
      return absent_value;  // as the reference, which keeps no result that it warns of
    }
    if (notes.has_reconciled_bounds)
      annotate(AnnotationLevel::info, at, fmt::format("mismatched custom buckets were reconciled during {}", what));
    if (!is_sum) result.reset_hint = histogram::ResetHint::gauge;
    return put(std::move(result));
  } else if (left_is_histogram && (op == Op::equal || op == Op::not_equal)) {
    const bool holds = is_equal(histograms_.at(left), histograms_.at(right)) == (op == Op::equal);
    if (binary.returns_bool) return holds ? 1 : 0;
    return holds ? left : absent_value;
  }
  const auto type = [](bool is_histogram) { return is_histogram ? "histogram" : "float"; };
  annotate(AnnotationLevel::info, at,
           fmt::format("incompatible sample types encountered for binary operator {}: {} {} {}", quoted(text_of(op)),
                       type(left_is_histogram), text_of(op), type(right_is_histogram)));
  return absent_value;
}

Evaluated Evaluation::unary(const Unary& unary, NodeIndex at, const Steps& steps) {
  auto value = evaluate_node(unary.inner, steps);
  if (!value || !unary.is_negation) return value;
  for (double& scalar : value->scalar) scalar = -scalar;
  for (Series& series : value->series) {
    if (const Done done = go_on(steps.count, at); !done) return done.error();
    series.drops_name = true;
    for (double& element : series.values) {
      if (histogram::is_mark(element)) {
        histogram::Histogram negative = histograms_.at(element);
        multiply(negative, -1);
        element = histograms_.put(std::move(negative));
      } else if (!is_absent(element)) {
        element = -element;
      }
    }
  }
  if (const Done joined = join_equal(value->series, at, !options_.removes_names_late); !joined) return joined.error();
  value->is_ordered = false;
  return value;
}

Evaluated Evaluation::binary(const Binary& binary, NodeIndex at, const Steps& steps) {
  auto left = evaluate_node(binary.left, steps);
  if (!left) return left;
  auto right = evaluate_node(binary.right, steps);
  if (!right) return right;
  const bool left_is_vector = expression_.at(binary.left).type == ValueType::instant_vector;
  const bool right_is_vector = expression_.at(binary.right).type == ValueType::instant_vector;
  if (is_set_operator(binary.op)) return set_operation(binary, at, steps, std::move(*left), std::move(*right));
  if (left_is_vector && right_is_vector) return vector_with_vector(binary, at, steps, *left, *right);
  if (left_is_vector || right_is_vector) return scalar_with_vector(binary, at, steps, std::move(*left), std::move(*right));
  for (std::size_t i = 0; i < steps.count; ++i)
    left->scalar[i] = present(arithmetic(binary.op, left->scalar[i], right->scalar[i]));
  return left;
}

Evaluated Evaluation::scalar_with_vector(const Binary& binary, NodeIndex at, const Steps& steps, Value left, Value right) {
  const bool vector_is_left = left.scalar.empty();
  Value out = vector_is_left ? std::move(left) : std::move(right);
  const std::vector<double>& scalar = vector_is_left ? right.scalar : left.scalar;
  for (Series& series : out.series) {
    if (const Done done = go_on(steps.count, at); !done) return done.error();
    series.drops_name = series.drops_name || drops_name(binary, options_.semantics);
    for (std::size_t i = 0; i < steps.count; ++i) {
      double& value = series.values[i];
      if (is_absent(value)) continue;
      value = vector_is_left ? combine(binary, at, value, scalar[i], value) : combine(binary, at, scalar[i], value, value);
    }
  }
  out.is_ordered = false;
  if (const Done joined = join_equal(out.series, at, false); !joined) return joined.error();
  return out;
}

// Sets look at matching labels only, step by step; an element keeps labels and value.
Evaluated Evaluation::set_operation(const Binary& binary, NodeIndex at, const Steps& steps, Value left, Value right) {
  Grouping grouping{binary.matching.labels, binary.matching.is_on};
  std::sort(grouping.labels.begin(), grouping.labels.end());
  const bool keeps_left = binary.op != BinaryOperator::or_;
  // Which keys are present at which step on the side that decides.
  const std::vector<Series>& deciding = keeps_left ? right.series : left.series;
  std::unordered_map<std::string, std::vector<bool>> present_at;
  for (const Series& series : deciding) {
    if (const Done done = go_on(cells_of_a_series + steps.count, at); !done) return done.error();
    std::string key;
    append_key(key, series, grouping);
    std::vector<bool>& flags = present_at[key];
    flags.resize(steps.count);
    for (std::size_t i = 0; i < steps.count; ++i)
      if (!is_absent(series.values[i])) flags[i] = true;
  }
  const bool wants_presence = binary.op == BinaryOperator::and_;
  for (Series& series : keeps_left ? left.series : right.series) {
    if (const Done done = go_on(cells_of_a_series + steps.count, at); !done) return done.error();
    std::string key;
    append_key(key, series, grouping);
    const auto found = present_at.find(key);
    for (std::size_t i = 0; i < steps.count; ++i) {
      const bool is_present = found != present_at.end() && found->second[i];
      if (is_present != wants_presence) series.values[i] = absent_value;
    }
  }
  left.is_ordered = left.is_ordered && keeps_left;
  if (keeps_left) return left;
  for (Series& series : right.series) left.series.push_back(std::move(series));
  if (const Done joined = join_equal(left.series, at, false); !joined) return joined.error();
  return left;
}

// Matching of two vectors. The "one" side has at most one element for each key; the other may have many with
// group_left/group_right.
class VectorMatch {
 public:
  VectorMatch(Evaluation& run, const Binary& binary, NodeIndex at, const Steps& steps, const Value& left, const Value& right)
      : run_(run),
        binary_(binary),
        at_(at),
        steps_(steps),
        left_is_one_(binary.matching.cardinality == Cardinality::one_to_many),
        many_(left_is_one_ ? right.series : left.series),
        one_(left_is_one_ ? left.series : right.series),
        // With group_right the reference exchanges the sides and leaves the fills where they were.
        fill_many_(binary.matching.fill_left),
        fill_one_(binary.matching.fill_right),
        grouping_{binary.matching.labels, binary.matching.is_on} {
    std::sort(grouping_.labels.begin(), grouping_.labels.end());
  }

  Evaluated run() {
    if (const Done done = find_keys(many_, many_key_); !done) return done.error();
    if (const Done done = find_keys(one_, one_key_); !done) return done.error();
    one_at_key_.assign(keys_.size(), nullptr);
    many_seen_.assign(keys_.size(), false);
    for (std::size_t step = 0; step < steps_.count; ++step) {
      if (const Done done = run_step(step); !done) return done.error();
      if (const Done done = run_.touch(many_.size() + one_.size(), at_); !done) return done.error();
    }
    Value value;
    value.series = std::move(out_);
    return value;
  }

 private:
  Done find_keys(const std::vector<Series>& side, std::vector<std::size_t>& numbers) {
    numbers.reserve(side.size());
    for (const Series& series : side) {
      if (const Done done = run_.go_on(cells_of_a_series, at_); !done) return done;
      std::string key;
      run_.append_key(key, series, grouping_);
      numbers.push_back(keys_.emplace(std::move(key), keys_.size()).first->second);
    }
    return {};
  }

  Done run_step(std::size_t step) {
    std::fill(one_at_key_.begin(), one_at_key_.end(), nullptr);
    std::fill(many_seen_.begin(), many_seen_.end(), false);
    if (!any_present(many_, step) && !fill_many_) return {};
    if (!any_present(one_, step) && !fill_one_) return {};
    for (std::size_t i = 0; i < one_.size(); ++i) {
      if (is_absent(one_[i].values[step])) continue;
      const Series*& seat = one_at_key_[one_key_[i]];
      if (seat != nullptr) return refuse_duplicate(*seat, one_[i]);
      seat = &one_[i];
    }
    for (std::size_t i = 0; i < many_.size(); ++i) {
      if (is_absent(many_[i].values[step])) continue;
      const std::size_t key = many_key_[i];
      const Series* partner = one_at_key_[key];
      if (partner == nullptr && !fill_one_) continue;
      const double other = partner != nullptr ? partner->values[step] : *fill_one_;
      if (!counts_as_match(many_[i].values[step], other)) continue;
      if (binary_.matching.cardinality == Cardinality::one_to_one && many_seen_[key])
        return run_.refuse(at_, Refusal::many_to_many,
                           "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
      many_seen_[key] = true;
      if (const Done done = put(step, &many_[i], partner, many_[i].values[step], other); !done) return done;
    }
    if (!fill_many_) return {};
    for (std::size_t i = 0; i < one_.size(); ++i) {
      if (is_absent(one_[i].values[step]) || many_seen_[one_key_[i]]) continue;
      if (const Done done = put(step, nullptr, &one_[i], *fill_many_, one_[i].values[step]); !done) return done;
    }
    return {};
  }
  // Prometheus 2.42 looks for second matches among the pairs whose comparison holds; 3 among all of them.
  bool counts_as_match(double many_value, double one_value) {
    if (run_.options_.semantics == Semantics::prometheus_3 || !is_comparison(binary_.op)) return true;
    return !is_absent(left_is_one_ ? run_.combine(binary_, at_, one_value, many_value, one_value)
                                   : run_.combine(binary_, at_, many_value, one_value, many_value));
  }
  static bool any_present(const std::vector<Series>& side, std::size_t step) noexcept {
    return std::any_of(side.begin(), side.end(), [step](const Series& series) { return !is_absent(series.values[step]); });
  }

  EvaluationError refuse_duplicate(const Series& first, const Series& second) {
    const Labels group = run_.group_labels(first, Grouping{grouping_.labels, grouping_.keeps_listed});
    return run_.refuse(at_, Refusal::many_to_many,
                       fmt::format("found duplicate series for the match group {} on the {} hand-side of the operation: [{}, {}];"
                                   "many-to-many matching not allowed: matching labels must be unique on one side",
                                   all_labels_text(group), left_is_one_ ? "left" : "right", all_labels_text(run_.visible(first)),
                                   all_labels_text(run_.visible(second))));
  }

  // Adds the result of one pair; a missing side is null and was filled.
  Done put(std::size_t step, const Series* many, const Series* one, double many_value, double one_value) {
    const double left = left_is_one_ ? one_value : many_value;
    const double right = left_is_one_ ? many_value : one_value;
    const double value = run_.combine(binary_, at_, left, right, left);
    if (is_absent(value)) return {};
    const std::size_t series_before = out_.size();
    Series& out = out_[output(many, one)];
    if (out_.size() != series_before)
      if (const Done done = run_.touch(steps_.count, at_); !done) return done;
    if (const Done done = run_.go_on(cells_of_a_pair, at_); !done) return done;
    if (!is_absent(out.values[step]))
      return run_.refuse(at_, Refusal::many_to_many,
                         binary_.matching.cardinality == Cardinality::one_to_one
                             ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                             : "multiple matches for labels: grouping labels must ensure unique matches");
    out.values[step] = value;
    return {};
  }

  // The index of the result series of a pair; pairs with equal result labels share one.
  std::size_t output(const Series* many, const Series* one) {
    const auto [pair, is_new_pair] = outputs_.emplace(std::pair{many, one}, 0);
    if (!is_new_pair) return pair->second;
    Labels labels = result_labels(many, one);
    const bool is_dropped = (many != nullptr && many->drops_name) || drops_name(binary_, run_.options_.semantics);
    const auto [same, is_new] = by_labels_.emplace(std::pair{labels, is_dropped}, out_.size());
    if (is_new)
      out_.push_back(Series{run_.keep(std::move(labels)), is_dropped && run_.options_.removes_names_late,
                            std::vector<double>(steps_.count, absent_value)});
    pair->second = same->second;
    return same->second;
  }

  Labels result_labels(const Series* many, const Series* one) {
    if (many == nullptr) {
      Labels labels = run_.group_labels(*one, grouping_);
      if (binary_.matching.cardinality == Cardinality::one_to_one || binary_.matching.include.empty()) return labels;
      for (const std::string& name : binary_.matching.include) labels.set(name, one->labels->get(name));
      return labels;
    }
    const bool hides_name =
        (many->drops_name || drops_name(binary_, run_.options_.semantics)) && !run_.options_.removes_names_late;
    std::vector<Labels::Pair> pairs;
    for (const auto& [name, value] : *many->labels) {
      if (hides_name && is_identity_label(name)) continue;
      const bool is_listed = std::binary_search(grouping_.labels.begin(), grouping_.labels.end(), name);
      if (binary_.matching.cardinality == Cardinality::one_to_one && is_listed != grouping_.keeps_listed) continue;
      pairs.emplace_back(name, value);
    }
    Labels labels(std::move(pairs));
    if (one != nullptr)
      for (const std::string& name : binary_.matching.include) labels.set(name, run_.visible_value(*one, name));
    return labels;
  }

  Evaluation& run_;
  const Binary& binary_;
  const NodeIndex at_;
  const Steps& steps_;
  const bool left_is_one_;
  const std::vector<Series>& many_;
  const std::vector<Series>& one_;
  const std::optional<double> fill_many_;
  const std::optional<double> fill_one_;
  Grouping grouping_;
  std::unordered_map<std::string, std::size_t> keys_;
  std::vector<std::size_t> many_key_;
  std::vector<std::size_t> one_key_;
  std::vector<const Series*> one_at_key_;
  std::vector<bool> many_seen_;
  std::map<std::pair<const Series*, const Series*>, std::size_t> outputs_;  // looked up only, never walked
  std::map<std::pair<Labels, bool>, std::size_t> by_labels_;
  std::vector<Series> out_;
};

Evaluated Evaluation::vector_with_vector(const Binary& binary, NodeIndex at, const Steps& steps, const Value& left,
                                         const Value& right) {
  auto value = VectorMatch(*this, binary, at, steps, left, right).run();
  if (!value) return value;
  if (const Done joined = join_equal(value->series, at, false); !joined) return joined.error();
  return value;
}

}  // namespace watchbill::metrics::promql
