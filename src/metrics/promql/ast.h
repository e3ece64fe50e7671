// The tree of a parsed PromQL expression: nodes in one vector, children by index. Plain data; copying and destroying never
// recurses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "metrics/promql/functions.h"
#include "metrics/promql/operators.h"
#include "metrics/promql/position.h"

namespace watchbill::metrics::promql {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xFFFF'FFFF;

// One condition on a label of a series; regular expressions are RE2, anchored at both ends.
struct SelectorMatcher {
  std::string name;
  MatchOperator op{MatchOperator::equal};
  std::string value;
  std::uint32_t offset{0};  // of the matcher in the text
};

// A span of time in the text. Where it was written as an expression, `expression` is its node and `ms` means nothing until
// resolve_duration() has been asked with the query's step and range.
struct DurationValue {
  std::int64_t ms{0};
  NodeIndex expression{no_node};
  std::uint32_t offset{0};  // of the duration in the text
};

enum class AtKind : std::uint8_t { none, instant, start, end };

// `offset` and `@` of a selector or subquery.
struct TimeShift {
  std::optional<DurationValue> offset;
  AtKind at{AtKind::none};
  std::int64_t at_ms{0};  // of AtKind::instant
};

enum class RangeExtension : std::uint8_t { none, anchored, smoothed };

struct NumberLiteral {
  double value{0};
  bool is_duration{false};  // written as 5m; the value is in seconds
};
struct StringLiteral {
  std::string value;
};
struct VectorSelector {
  std::string name;  // as written before the braces; then also the last of `matchers`
  std::vector<SelectorMatcher> matchers;
  TimeShift shift;
  RangeExtension extension{RangeExtension::none};
};
struct MatrixSelector {
  NodeIndex selector{no_node};  // a VectorSelector, which holds offset and @
  DurationValue range;
};
struct Subquery {
  NodeIndex inner{no_node};
  DurationValue range;
  std::optional<DurationValue> step;  // absent: the default step of the evaluation
  TimeShift shift;
};
struct Unary {
  bool is_negation{false};
  NodeIndex inner{no_node};
};
enum class Cardinality : std::uint8_t { one_to_one, many_to_one, one_to_many, many_to_many };
struct VectorMatching {
  Cardinality cardinality{Cardinality::one_to_one};
  bool is_on{false};                 // on(labels); otherwise ignoring(labels)
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left and group_right
  std::optional<double> fill_left;
  std::optional<double> fill_right;
};
struct Binary {
  BinaryOperator op{BinaryOperator::add};
  NodeIndex left{no_node};
  NodeIndex right{no_node};
  bool returns_bool{false};
  bool has_matching{false};  // any matching modifier was written
  VectorMatching matching;
};
struct Aggregate {
  AggregateOperator op{AggregateOperator::sum};
  NodeIndex inner{no_node};
  NodeIndex parameter{no_node};
  std::vector<std::string> grouping;
  bool is_without{false};
};
struct Call {
  const FunctionSignature* function{nullptr};  // a row of the function table
  std::vector<NodeIndex> arguments;
};
struct Paren {
  NodeIndex inner{no_node};
};
enum class DurationOperator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  negate,
  plus,
  step,
  range,
  min,
  max,
  paren
};
// Inside a duration: `left` of unary operators and parentheses, none of step() and range(). Leaves are NumberLiterals.
struct DurationOperation {
  DurationOperator op{DurationOperator::add};
  NodeIndex left{no_node};
  NodeIndex right{no_node};
};

struct Node {
  Span span;
  ValueType type{ValueType::scalar};  // set by the parser
  std::uint16_t depth{1};             // levels below and including this one
  std::variant<NumberLiteral, StringLiteral, VectorSelector, MatrixSelector, Subquery, Unary, Binary, Aggregate, Call, Paren,
               DurationOperation>
      of;
};

// A whole expression with the text that its spans point into.
struct Expression {
  std::string text;
  std::vector<Node> nodes;
  NodeIndex root{no_node};

  [[nodiscard]] const Node& at(NodeIndex index) const { return nodes[index]; }
  [[nodiscard]] ValueType type() const { return nodes[root].type; }
  // The node below any parentheses.
  [[nodiscard]] NodeIndex without_parens(NodeIndex index) const;
};

}  // namespace watchbill::metrics::promql
