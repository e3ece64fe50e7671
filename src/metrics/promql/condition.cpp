#include "metrics/promql/condition.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "metrics/promql/evaluation.h"

namespace watchbill::metrics::promql {
namespace {

using Elements = std::vector<ConditionElement>;
using Judged = Result<Elements, EvaluationError>;

bool joins_truth(const Node& node) {
  const Binary* binary = std::get_if<Binary>(&node.of);
  return binary != nullptr && (binary->op == BinaryOperator::and_ || binary->op == BinaryOperator::or_);
}

// Three-valued: none is "cannot be told".
std::optional<bool> both(std::optional<bool> a, std::optional<bool> b) noexcept {
  if (a == false || b == false) return false;
  return a && b ? std::optional(true) : std::nullopt;
}
std::optional<bool> either(std::optional<bool> a, std::optional<bool> b) noexcept {
  if (a == true || b == true) return true;
  return a && b ? std::optional(false) : std::nullopt;
}

bool labels_match(const Labels& a, const Labels& b, const VectorMatching& matching) {
  const auto is_compared = [&](std::string_view name) {
    const bool is_listed = std::find(matching.labels.begin(), matching.labels.end(), name) != matching.labels.end();
    return matching.is_on ? is_listed : !is_listed && name != metric_name_label;
  };
  const auto covers = [&](const Labels& from, const Labels& other) {
    return std::all_of(from.begin(), from.end(), [&](const Labels::Pair& pair) {
      return !is_compared(pair.first) || other.get(pair.first) == pair.second;
    });
  };
  return covers(a, b) && covers(b, a);
}

class Judge {
 public:
  Judge(const Expression& condition, const tsdb::Snapshot& snapshot, Instant at, const EvaluationOptions& options)
      : expression_(condition), snapshot_(snapshot), at_(at), options_(options) {}

  Judged judge(NodeIndex index) {
    index = expression_.without_parens(index);
    const Node node = expression_.at(index);
    if (joins_truth(node)) return join(std::get<Binary>(node.of));
    if (const Binary* binary = std::get_if<Binary>(&node.of); binary != nullptr && is_comparison(binary->op))
      return compare(index);
    const Call* call = std::get_if<Call>(&node.of);
    const bool is_absent_call =
        call != nullptr && (call->function->id == FunctionId::absent || call->function->id == FunctionId::absent_over_time);
    auto elements = truths(index);
    if (elements && elements->empty() && is_absent_call)
      elements->push_back(ConditionElement{absent_labels(expression_, call->arguments[0]), false});
    return elements;
  }

  std::vector<SelectorFound> take_found() { return std::move(found_); }

 private:
  Result<Answer, EvaluationError> ask(NodeIndex index) {
    expression_.root = index;
    auto answer = evaluate(expression_, snapshot_, QueryTime::at(at_), options_);
    if (!answer) return answer;
    found_.resize(std::max(found_.size(), answer->found.size()));
    for (std::size_t i = 0; i < answer->found.size(); ++i)
      if (answer->found[i].series_count > 0 || found_[i].node == no_node) found_[i] = answer->found[i];
    return answer;
  }

  Judged truths(NodeIndex index) {
    const auto answer = ask(index);
    if (!answer) return answer.error();
    const auto truth = [](double value) { return std::isnan(value) ? std::nullopt : std::optional(value != 0); };
    Elements elements;
    if (answer->type == ValueType::scalar) elements.push_back(ConditionElement{{}, truth(answer->scalar)});
    for (const AnswerSeries& series : answer->series)
      elements.push_back(ConditionElement{series.labels, truth(series.samples.front().v)});
    return elements;
  }

  // A comparison with NaN is false in PromQL, which would let "no traffic" pass for "too slow". atan2 of the same pair is NaN
  // exactly where an operand is.
  Judged compare(NodeIndex index) {
    auto elements = truths(index);
    if (!elements) return elements;
    Binary& binary = std::get<Binary>(expression_.nodes[index].of);
    const BinaryOperator op = std::exchange(binary.op, BinaryOperator::atan2);
    binary.returns_bool = false;
    const auto numbers = truths(index);
    Binary& restored = std::get<Binary>(expression_.nodes[index].of);
    restored.op = op;
    restored.returns_bool = true;
    if (!numbers) return numbers;
    std::set<Labels> nan;
    for (const ConditionElement& number : *numbers)
      if (!number.truth) nan.insert(number.labels);
    for (ConditionElement& element : *elements)
      if (nan.contains(element.labels)) element.truth = std::nullopt;
    return elements;
  }

  Judged join(const Binary& binary) {
    auto left = judge(binary.left);
    if (!left) return left;
    auto right = judge(binary.right);
    if (!right) return right;
    const bool is_and = binary.op == BinaryOperator::and_;
    Elements out;
    std::vector<bool> is_used(right->size(), false);
    for (ConditionElement& element : *left) {
      // Each is compared with all of the other side.
      if (options_.should_stop && options_.should_stop())
        return EvaluationError{EvaluationRefusal::out_of_time,
                               position_of(expression_.text, expression_.at(binary.left).span.begin),
                               "the evaluation took longer than it may"};
      bool is_matched = false;
      for (std::size_t i = 0; i < right->size(); ++i) {
        const ConditionElement& other = (*right)[i];
        if (!labels_match(element.labels, other.labels, binary.matching)) continue;
        element.truth = is_and ? both(element.truth, other.truth) : either(element.truth, other.truth);
        is_matched = is_used[i] = true;
      }
      if (is_matched || !is_and) out.push_back(std::move(element));
    }
    for (std::size_t i = 0; i < right->size() && !is_and; ++i)
      if (!is_used[i]) out.push_back(std::move((*right)[i]));
    return out;
  }

  Expression expression_;  // a copy: its root and one operator change while it is asked
  const tsdb::Snapshot& snapshot_;
  const Instant at_;
  const EvaluationOptions& options_;
  std::vector<SelectorFound> found_;
};

}  // namespace

std::string_view word(ConditionVerdict verdict) noexcept {
  switch (verdict) {
    case ConditionVerdict::holds: return "holds";
    case ConditionVerdict::fails: return "fails";
    case ConditionVerdict::no_data: return "no_data";
  }
  return "";
}

std::string_view word(NoDataReason reason) noexcept {
  switch (reason) {
    case NoDataReason::none: return "";
    case NoDataReason::no_samples: return "no_samples";
    case NoDataReason::not_a_number: return "not_a_number";
    case NoDataReason::query_failed: return "query_failed";
  }
  return "";
}

ConditionAnswer evaluate_condition(const Expression& condition, const tsdb::Snapshot& snapshot, Instant at,
                                   const EvaluationOptions& options) {
  Judge judge(condition, snapshot, at, options);
  ConditionAnswer answer;
  auto elements = judge.judge(condition.root);
  answer.found = judge.take_found();
  if (!elements) {
    answer.reason = NoDataReason::query_failed;
    answer.failure = elements.error();
    return answer;
  }
  answer.elements = std::move(*elements);
  std::stable_sort(answer.elements.begin(), answer.elements.end(),
                   [](const ConditionElement& a, const ConditionElement& b) { return a.labels < b.labels; });
  const auto any = [&](std::optional<bool> truth) {
    return std::any_of(answer.elements.begin(), answer.elements.end(),
                       [&](const ConditionElement& e) { return e.truth == truth; });
  };
  if (answer.elements.empty()) answer.reason = NoDataReason::no_samples;
  else if (any(std::nullopt)) answer.reason = NoDataReason::not_a_number;
  else answer.verdict = any(false) ? ConditionVerdict::fails : ConditionVerdict::holds;
  return answer;
}

}  // namespace watchbill::metrics::promql
