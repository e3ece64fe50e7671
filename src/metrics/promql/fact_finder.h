// The walk behind facts_of(): internal to this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "metrics/promql/result_facts.h"

namespace watchbill::metrics::promql {

// Finds the facts of each node after those of the nodes below it. Recursion is bounded by the parser's depth limit.
class FactFinder {
 public:
  FactFinder(const Expression& expression, const KnownLabels& known) : expression_(expression), known_(known) {}
  ExpressionFacts run();

 private:
  using Facts = ResultFacts;

  // result_facts.cpp: leaves, aggregations, calls.
  void find(NodeIndex index);
  [[nodiscard]] Facts facts_of(NodeIndex index, const Node& node);
  Facts of_selector(NodeIndex index, const VectorSelector& selector);
  void check_matchers(NodeIndex index, const std::vector<const SelectorMatcher*>& of_label, Facts& out);
  Facts of_aggregate(NodeIndex index, const Aggregate& aggregate);
  Facts of_call(NodeIndex index, const Call& call);
  Facts of_label_function(NodeIndex index, const Call& call);
  void set_values(const Call& call, Facts& out) const;

  // fact_matching.cpp: operators.
  Facts of_unary(NodeIndex index, const Unary& unary);
  Facts of_binary(NodeIndex index, const Binary& binary);
  Facts of_scalars(const Binary& binary) const;
  Facts of_vector_and_scalar(NodeIndex index, const Binary& binary);
  Facts of_sets(NodeIndex index, const Binary& binary);
  Facts of_vectors(NodeIndex index, const Binary& binary);
  // Whether elements of both sides can agree; notes where they cannot, and labels that only one side has.
  bool can_match(NodeIndex index, const Binary& binary);
  // The labels of `keeper`'s elements that have a partner in `other`.
  [[nodiscard]] LabelFacts agreed(const Binary& binary, const LabelFacts& keeper, const LabelFacts& other) const;
  [[nodiscard]] std::uint32_t operator_offset(const Binary& binary) const;
  [[nodiscard]] bool is_matched_on(const Binary& binary, std::string_view label) const;
  // Both sides have the very same elements, up to constant comparisons that leave some out.
  [[nodiscard]] bool has_same_elements(const Binary& binary) const;

  [[nodiscard]] const Facts& at(NodeIndex index) const { return out_.nodes[index]; }
  [[nodiscard]] const Node& node(NodeIndex index) const { return expression_.at(index); }
  [[nodiscard]] std::string_view text_of_node(NodeIndex index) const;
  // The place of `word` within the node's own text; its beginning when it is not to be found.
  [[nodiscard]] std::uint32_t offset_of(NodeIndex index, std::string_view word, std::uint32_t from) const;
  void note(Impossibility what, NodeIndex index, std::uint32_t offset, std::string label, std::string why);
  void note_lost(LabelUse use, NodeIndex node, std::string_view label, std::uint32_t offset);

  const Expression& expression_;
  const KnownLabels& known_;
  ExpressionFacts out_;
};

// The facts of a label that `by` took away.
[[nodiscard]] LabelFact taken_by(NodeIndex by);
// The metric name goes.
void drop_name(LabelFacts& labels, NodeIndex by);

}  // namespace watchbill::metrics::promql
