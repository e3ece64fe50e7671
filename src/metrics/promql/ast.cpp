#include "metrics/promql/ast.h"

namespace watchbill::metrics::promql {

NodeIndex Expression::without_parens(NodeIndex index) const {
  while (const Paren* paren = std::get_if<Paren>(&nodes[index].of)) index = paren->inner;
  return index;
}

}  // namespace watchbill::metrics::promql
