// What can be said of an expression's result before there is a sample: which labels its elements have, between which bounds their
// values lie, and which parts can never have an element. An abstract interpretation over the tree; pure, any thread.
//
// Sound: what is said to be `never` or `always` holds of every answer that evaluate() gives, from whatever store, with names
// removed at once (EvaluationOptions::removes_names_late is false). It says "maybe" where it cannot know.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/promql/ast.h"

namespace watchbill::metrics::promql {

// Whether the elements of a result have a label. In a proof `named` is `maybe`: somebody grouped by the label, or joined on it,
// and so believes that it is there.
enum class Presence : std::uint8_t { never, maybe, named, always };

struct LabelFact {
  Presence presence{Presence::maybe};
  NodeIndex by{no_node};             // of `never`: the node that took the label away
  bool is_wanted{false};             // of `never`: a matcher such as a="" asks for it
  std::optional<std::string> value;  // of `always`: the same for all elements
};

struct LabelFacts {
  LabelFact others;  // labels that are not in `known`: never or maybe
  std::map<std::string, LabelFact, std::less<>> known;

  [[nodiscard]] const LabelFact& of(std::string_view label) const;
};

// Every value that is a float lies within it; a result that may be a native histogram has the whole line.
struct ValueRange {
  double low{-std::numeric_limits<double>::infinity()};
  double high{std::numeric_limits<double>::infinity()};
  bool is_above_low{false};  // low itself is not among them
  bool is_below_high{false};
  bool may_be_nan{true};

  [[nodiscard]] static ValueRange of(double value);
  [[nodiscard]] static ValueRange between(double low, double high, bool may_be_nan = false);
  [[nodiscard]] bool is_point() const noexcept { return low == high && !may_be_nan; }
  [[nodiscard]] bool has_nothing() const noexcept { return low > high || (low == high && (is_above_low || is_below_high)); }
  // The numbers (no NaN) that are in both.
  [[nodiscard]] ValueRange and_in(const ValueRange& other) const noexcept;
  [[nodiscard]] bool is_within(const ValueRange& other) const noexcept;
  // "always 1", "at least 1", "more than 5", "between 0 and 1"; empty for the whole line.
  [[nodiscard]] std::string text() const;
};

struct ResultFacts {
  LabelFacts labels;
  ValueRange values;
  NodeIndex empty_by{no_node};  // set: there is never an element, because of that node
};

// A part that never does what it is there for.
enum class Impossibility : std::uint8_t {
  matchers,    // matchers of a selector that no series meets
  comparison,  // values that are never on that side of the other side
  matching,    // no element of one side agrees with one of the other on `label`
  itself,      // `x unless x`, `x > x`, `x > 5 and x < 3`
};
struct Impossible {
  Impossibility what{Impossibility::comparison};
  NodeIndex node{no_node};
  std::uint32_t offset{0};       // of the place in the text
  std::string label;             // of matchers and matching
  std::string why;               // a clause for people: "count() is at least 1"
};

// A label that somebody names though it is not there any more.
enum class LabelUse : std::uint8_t {
  grouping,  // by (label)
  on,        // on (label): the side `node` has none
  include,   // group_left (label): the side that it is to come from has none
  one_side,  // one side is grouped by the label, the side `node` has none, and both must agree on it
  matcher,   // a matcher on a recorded series, whose rule took the label away
};
struct LostLabel {
  LabelUse use{LabelUse::grouping};
  NodeIndex node{no_node};   // which has no such label
  NodeIndex by{no_node};     // which took it away
  std::uint32_t offset{0};   // of the use, in the text
  std::string label;
};

struct ExpressionFacts {
  std::vector<ResultFacts> nodes;  // by NodeIndex; of scalars `values` alone
  std::vector<Impossible> impossible;
  std::vector<LostLabel> lost;

  [[nodiscard]] const ResultFacts& at(NodeIndex node) const { return nodes[node]; }
};

// What is known of the labels of a selector's series by its name, as of a recorded one; it is believed, not proved. May be empty.
using KnownLabels = std::function<const LabelFacts*(const VectorSelector& selector)>;

// Holds: the expression came from parse().
[[nodiscard]] ExpressionFacts facts_of(const Expression& expression, const KnownLabels& known = {});

// What took a label away, for people: "sum by (job)", "absent()", "on (job)".
[[nodiscard]] std::string taker_text(const Expression& expression, NodeIndex by);

// What both sides of `or` may be, as when two rules record one name.
[[nodiscard]] LabelFacts either(const LabelFacts& a, const LabelFacts& b);

}  // namespace watchbill::metrics::promql
