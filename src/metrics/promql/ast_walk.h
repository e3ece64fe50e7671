// What is below a node of an expression. Pure.
#pragma once

#include <utility>

#include "metrics/promql/ast.h"

namespace watchbill::metrics::promql {

// Calls visit(NodeIndex) for each expression right below `node`, in the order of the text: of a range selector its selector, of a
// subquery what it repeats. Parts of durations are none. Recursion by it is bounded by the parser's depth limit.
template <class Visit>
void each_child(const Node& node, Visit&& visit) {
  if (const MatrixSelector* matrix = std::get_if<MatrixSelector>(&node.of)) {
    visit(matrix->selector);
  } else if (const Subquery* subquery = std::get_if<Subquery>(&node.of)) {
    visit(subquery->inner);
  } else if (const Paren* paren = std::get_if<Paren>(&node.of)) {
    visit(paren->inner);
  } else if (const Unary* unary = std::get_if<Unary>(&node.of)) {
    visit(unary->inner);
  } else if (const Binary* binary = std::get_if<Binary>(&node.of)) {
    visit(binary->left);
    visit(binary->right);
  } else if (const Aggregate* aggregate = std::get_if<Aggregate>(&node.of)) {
    if (aggregate->parameter != no_node) visit(aggregate->parameter);
    visit(aggregate->inner);
  } else if (const Call* call = std::get_if<Call>(&node.of)) {
    for (const NodeIndex argument : call->arguments) visit(argument);
  }
}

}  // namespace watchbill::metrics::promql
