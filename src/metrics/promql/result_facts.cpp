#include "metrics/promql/result_facts.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "metrics/promql/ast_walk.h"
#include "metrics/promql/evaluation.h"
#include "metrics/promql/fact_finder.h"
#include "metrics/promql/range_functions.h"
#include "metrics/tsdb/matcher.h"

namespace watchbill::metrics::promql {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

LabelFact either(const LabelFact& a, const LabelFact& b) {
  if (a.presence == b.presence) {
    LabelFact out = a;
    if (a.value != b.value) out.value.reset();
    return out;
  }
  LabelFact out;
  out.presence = std::min(a.presence, b.presence);
  if (out.presence == Presence::never) out.presence = Presence::maybe;
  return out;
}

LabelFact with_presence(Presence presence) {
  LabelFact out;
  out.presence = presence;
  return out;
}

LabelFacts no_labels(NodeIndex by) {
  LabelFacts out;
  out.others = taken_by(by);
  return out;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string list_text(const std::vector<std::string>& labels) {
  std::string out = "(";
  for (const std::string& label : labels) out += (out.size() > 1 ? ", " : "") + label;
  return out + ")";
}

}  // namespace

LabelFact taken_by(NodeIndex by) {
  LabelFact out;
  out.presence = Presence::never;
  out.by = by;
  return out;
}

void drop_name(LabelFacts& labels, NodeIndex by) { labels.known[std::string(metric_name_label)] = taken_by(by); }

const LabelFact& LabelFacts::of(std::string_view label) const {
  const auto found = known.find(label);
  return found == known.end() ? others : found->second;
}

LabelFacts either(const LabelFacts& a, const LabelFacts& b) {
  LabelFacts out;
  out.others = either(a.others, b.others);
  for (const LabelFacts* side : {&a, &b})
    for (const auto& [label, fact] : side->known) out.known.emplace(label, either(a.of(label), b.of(label)));
  return out;
}

ExpressionFacts FactFinder::run() {
  out_.nodes.resize(expression_.nodes.size());
  find(expression_.root);
  return std::move(out_);
}

void FactFinder::find(NodeIndex index) {
  const Node& here = node(index);
  each_child(here, [this](NodeIndex child) { find(child); });
  out_.nodes[index] = facts_of(index, here);
}

ResultFacts FactFinder::facts_of(NodeIndex index, const Node& here) {
  if (const auto* number = std::get_if<NumberLiteral>(&here.of)) return {{}, ValueRange::of(number->value), no_node};
  if (const auto* selector = std::get_if<VectorSelector>(&here.of)) return of_selector(index, *selector);
  if (const auto* matrix = std::get_if<MatrixSelector>(&here.of)) return at(matrix->selector);
  if (const auto* subquery = std::get_if<Subquery>(&here.of)) return at(subquery->inner);
  if (const auto* paren = std::get_if<Paren>(&here.of)) return at(paren->inner);
  if (const auto* unary = std::get_if<Unary>(&here.of)) return of_unary(index, *unary);
  if (const auto* binary = std::get_if<Binary>(&here.of)) return of_binary(index, *binary);
  if (const auto* aggregate = std::get_if<Aggregate>(&here.of)) return of_aggregate(index, *aggregate);
  if (const auto* call = std::get_if<Call>(&here.of)) return of_call(index, *call);
  return {};
}

ResultFacts FactFinder::of_selector(NodeIndex index, const VectorSelector& selector) {
  Facts out;
  const LabelFacts* known = known_ ? known_(selector) : nullptr;
  if (known != nullptr) {
    out.labels = *known;
    out.labels.others.by = index;
    for (auto& [label, fact] : out.labels.known) fact.by = index;
  }
  std::map<std::string_view, std::vector<const SelectorMatcher*>> by_label;
  for (const SelectorMatcher& matcher : selector.matchers) by_label[matcher.name].push_back(&matcher);
  for (const auto& [label, matchers] : by_label) check_matchers(index, matchers, out);
  return out;
}

// What the matchers of one label say together.
void FactFinder::check_matchers(NodeIndex index, const std::vector<const SelectorMatcher*>& of_label, Facts& out) {
  std::vector<tsdb::Matcher> compiled;
  for (const SelectorMatcher* matcher : of_label) {
    auto made = tsdb::Matcher::create(matcher->name, static_cast<tsdb::MatchKind>(matcher->op), matcher->value);
    if (!made) return;
    compiled.push_back(std::move(*made));
  }
  const auto meets_all = [&](std::string_view value) {
    return std::all_of(compiled.begin(), compiled.end(), [&](const tsdb::Matcher& each) { return each.matches(value); });
  };
  const std::string& label = of_label.front()->name;
  LabelFact& fact = out.labels.known.try_emplace(label, out.labels.of(label)).first->second;
  const bool is_gone = fact.presence == Presence::never;
  if (!meets_all("")) {
    if (is_gone) out_.lost.push_back({LabelUse::matcher, index, index, of_label.front()->offset, label});
    fact = with_presence(Presence::always);
  }
  // A choice of plain texts: those of it that all the others take.
  for (std::size_t i = 0; i < compiled.size(); ++i) {
    const tsdb::Matcher& choice = compiled[i];
    if (choice.is_negative() || choice.literals().empty()) continue;
    std::vector<std::string> left = choice.literals();
    std::erase_if(left, [&](const std::string& value) { return !meets_all(value); });
    if (left.size() == 1 && left.front().empty()) {
      fact = taken_by(index);
      fact.is_wanted = true;
    } else if (left.size() == 1) {
      fact.value = left.front();
    } else if (left.empty() && out.empty_by == no_node) {
      out.empty_by = index;
      note(Impossibility::matchers, index, of_label.back()->offset, label,
           fmt::format("no value of {} meets {} matchers on it", label,
                       compiled.size() == 2 ? "both" : fmt::format("all {}", compiled.size())));
    }
    return;
  }
}

ResultFacts FactFinder::of_aggregate(NodeIndex index, const Aggregate& aggregate) {
  using Op = AggregateOperator;
  const Facts& inner = at(aggregate.inner);
  Facts out;
  out.empty_by = inner.empty_by;
  const bool selects = aggregate.op == Op::topk || aggregate.op == Op::bottomk || aggregate.op == Op::limitk ||
                       aggregate.op == Op::limit_ratio;
  if (!aggregate.is_without)
    for (const std::string& label : aggregate.grouping) {
      const LabelFact& before = inner.labels.of(label);
      if (before.presence == Presence::never && !before.is_wanted)
        note_lost(LabelUse::grouping, aggregate.inner, label, offset_of(index, label, node(index).span.begin));
    }
  if (selects) {
    out.labels = inner.labels;
    out.values = inner.values;
    return out;
  }
  if (aggregate.is_without) {
    out.labels = inner.labels;
    drop_name(out.labels, index);
    for (const std::string& label : aggregate.grouping) out.labels.known[label] = taken_by(index);
  } else {
    out.labels = no_labels(index);
    for (const std::string& label : aggregate.grouping) {
      LabelFact fact = inner.labels.of(label);
      if (fact.presence == Presence::maybe) fact.presence = Presence::named;
      out.labels.known[label] = std::move(fact);
    }
  }
  const ValueRange& values = inner.values;
  switch (aggregate.op) {
    case Op::count: out.values = ValueRange::between(1, infinity); break;
    case Op::group: out.values = ValueRange::of(1); break;
    case Op::min: case Op::max: out.values = values; break;
    // Sums of what is not negative are not less than each of them; rounding cannot change that.
    case Op::sum: out.values = ValueRange::between(values.low >= 0 ? values.low : -infinity, infinity, true); break;
    case Op::stddev: case Op::stdvar: out.values = ValueRange::between(0, infinity, true); break;
    case Op::count_values: {
      out.values = ValueRange::between(1, infinity);
      const auto* label = std::get_if<StringLiteral>(&node(expression_.without_parens(aggregate.parameter)).of);
      // What `without` takes away is not written either.
      const bool is_left_out = label != nullptr && aggregate.is_without &&
                               out.labels.of(label->value).presence == Presence::never &&
                               out.labels.of(label->value).by == index;
      if (label != nullptr && !is_left_out) out.labels.known[label->value] = with_presence(Presence::always);
      break;
    }
    case Op::avg: case Op::quantile: case Op::topk: case Op::bottomk: case Op::limitk: case Op::limit_ratio: break;
  }
  return out;
}

ResultFacts FactFinder::of_call(NodeIndex index, const Call& call) {
  using Id = FunctionId;
  Facts out;
  const Id id = call.function->id;
  NodeIndex vector = no_node;
  for (const NodeIndex argument : call.arguments)
    if (const ValueType type = node(argument).type;
        vector == no_node && (type == ValueType::instant_vector || type == ValueType::range_vector))
      vector = argument;
  if (call.function->result == ValueType::scalar) return out;
  if (vector == no_node) {  // vector(), hour() and its like
    out.labels = no_labels(index);
    if (id == Id::vector) out.values = at(call.arguments[0]).values;
    else set_values(call, out);
    return out;
  }
  const Facts& inner = at(vector);
  if (id == Id::absent || id == Id::absent_over_time) {
    out.labels = no_labels(index);
    for (const auto& [label, value] : absent_labels(expression_, call.arguments[0])) {
      LabelFact fact = with_presence(Presence::always);
      fact.value = std::string(value);
      out.labels.known[std::string(label)] = std::move(fact);
    }
    out.values = ValueRange::of(1);
    return out;
  }
  if (id == Id::label_replace || id == Id::label_join) return of_label_function(index, call);
  out.labels = inner.labels;
  out.empty_by = inner.empty_by;
  if (id == Id::sort || id == Id::sort_desc || id == Id::sort_by_label || id == Id::sort_by_label_desc) {
    out.values = inner.values;
    return out;
  }
  if (id == Id::info) {  // may add any label, and takes none away
    if (out.labels.others.presence == Presence::never) out.labels.others = {};
    for (auto& [label, fact] : out.labels.known)
      if (fact.presence == Presence::never) fact = {};
    out.values = inner.values;
    return out;
  }
  if (id == Id::histogram_quantile || id == Id::histogram_quantiles || id == Id::histogram_fraction) {
    if (out.labels.of("le").presence != Presence::never) out.labels.known["le"] = {};
    if (id == Id::histogram_quantiles)
      if (const auto* label = std::get_if<StringLiteral>(&node(expression_.without_parens(call.arguments[1])).of))
        out.labels.known[label->value] = with_presence(Presence::always);
  }
  if (!keeps_name(id)) drop_name(out.labels, index);
  set_values(call, out);
  return out;
}

ResultFacts FactFinder::of_label_function(NodeIndex index, const Call& call) {
  const auto text = [&](std::size_t i) {
    const auto* literal = std::get_if<StringLiteral>(&node(expression_.without_parens(call.arguments[i])).of);
    return literal == nullptr ? std::string() : literal->value;
  };
  const Facts& inner = at(call.arguments[0]);
  Facts out = inner;
  const std::string destination = text(1);
  const Presence before = inner.labels.of(destination).presence;
  LabelFact fact;
  if (call.function->id == FunctionId::label_replace) {
    const std::string replacement = text(2);
    const std::string pattern = text(4);
    const bool is_plain = replacement.find('$') == std::string::npos;
    const bool always_matches = pattern == ".*" || pattern == "(.*)";
    if (is_plain && replacement.empty()) fact = before == Presence::never || always_matches ? taken_by(index) : LabelFact{};
    else if (is_plain && (before == Presence::always || always_matches)) fact = with_presence(Presence::always);
    else fact = with_presence(Presence::named);
  } else {
    bool all_gone = true;
    bool one_is_there = !text(2).empty() && call.arguments.size() > 4;
    for (std::size_t i = 3; i < call.arguments.size(); ++i) {
      const Presence source = inner.labels.of(text(i)).presence;
      all_gone = all_gone && source == Presence::never;
      one_is_there = one_is_there || source == Presence::always;
    }
    if (one_is_there) fact = with_presence(Presence::always);
    else if (all_gone) fact = taken_by(index);
    else fact = with_presence(Presence::named);
  }
  out.labels.known[destination] = std::move(fact);
  return out;
}

void FactFinder::set_values(const Call& call, Facts& out) const {
  using Id = FunctionId;
  const auto from = [&](double low, double high) { out.values = ValueRange::between(low, high, true); };
  const auto constant = [&](std::size_t i) -> const ValueRange* {
    const ValueRange& range = at(call.arguments[i]).values;
    return range.is_point() ? &range : nullptr;
  };
  switch (call.function->id) {
    case Id::abs: case Id::sqrt: case Id::exp: case Id::stddev_over_time: case Id::stdvar_over_time: from(0, infinity); break;
    case Id::count_over_time: out.values = ValueRange::between(1, infinity); break;
    case Id::present_over_time: out.values = ValueRange::of(1); break;
    case Id::changes: case Id::resets: out.values = ValueRange::between(0, infinity); break;
    case Id::sgn: from(-1, 1); break;
    case Id::minute: from(0, 59); break;
    case Id::hour: from(0, 23); break;
    case Id::day_of_week: from(0, 6); break;
    case Id::day_of_month: from(1, 31); break;
    case Id::day_of_year: from(1, 366); break;
    case Id::days_in_month: from(28, 31); break;
    case Id::month: from(1, 12); break;
    case Id::min_over_time: case Id::max_over_time: case Id::last_over_time: case Id::first_over_time:
      out.values = at(call.arguments[0]).values;
      break;
    case Id::clamp_min:
      if (const ValueRange* low = constant(1)) from(low->low, infinity);
      break;
    case Id::clamp_max:
      if (const ValueRange* high = constant(1)) from(-infinity, high->low);
      break;
    case Id::clamp:
      if (constant(1) != nullptr && constant(2) != nullptr && constant(1)->low <= constant(2)->low)
        from(constant(1)->low, constant(2)->low);
      break;
    default: break;  // any value
  }
}

std::string_view FactFinder::text_of_node(NodeIndex index) const {
  const Span span = node(expression_.without_parens(index)).span;
  return std::string_view(expression_.text).substr(span.begin, span.end - span.begin);
}

std::uint32_t FactFinder::offset_of(NodeIndex index, std::string_view word, std::uint32_t from) const {
  const Node& here = node(index);
  std::vector<Span> inside;
  each_child(here, [&](NodeIndex child) { inside.push_back(node(child).span); });
  const std::string_view text = expression_.text;
  for (std::size_t at = text.find(word, from); at != std::string_view::npos && at < here.span.end; at = text.find(word, at + 1)) {
    const bool is_whole = (at == 0 || !is_word_character(text[at - 1])) &&
                          (at + word.size() >= text.size() || !is_word_character(text[at + word.size()]));
    const bool is_own = std::none_of(inside.begin(), inside.end(),
                                     [at](const Span& span) { return at >= span.begin && at < span.end; });
    if (is_whole && is_own) return static_cast<std::uint32_t>(at);
  }
  return here.span.begin;
}

void FactFinder::note(Impossibility what, NodeIndex index, std::uint32_t offset, std::string label, std::string why) {
  out_.impossible.push_back({what, index, offset, std::move(label), std::move(why)});
}

void FactFinder::note_lost(LabelUse use, NodeIndex of, std::string_view label, std::uint32_t offset) {
  out_.lost.push_back({use, of, at(of).labels.of(label).by, offset, std::string(label)});
}

ExpressionFacts facts_of(const Expression& expression, const KnownLabels& known) { return FactFinder(expression, known).run(); }

std::string taker_text(const Expression& expression, NodeIndex by) {
  if (by == no_node) return "an operator";
  const Node& node = expression.at(by);
  if (const auto* aggregate = std::get_if<Aggregate>(&node.of)) {
    if (aggregate->grouping.empty() && !aggregate->is_without) return fmt::format("{}()", text_of(aggregate->op));
    return fmt::format("{} {} {}", text_of(aggregate->op), aggregate->is_without ? "without" : "by",
                       list_text(aggregate->grouping));
  }
  if (const auto* call = std::get_if<Call>(&node.of)) return fmt::format("{}()", call->function->name);
  if (const auto* binary = std::get_if<Binary>(&node.of)) {
    if (binary->has_matching)
      return fmt::format("{} {}", binary->matching.is_on ? "on" : "ignoring", list_text(binary->matching.labels));
    return std::string(text_of(binary->op));
  }
  if (const auto* selector = std::get_if<VectorSelector>(&node.of))
    return selector->name.empty() ? "the selector" : fmt::format("the rule that records {}", selector->name);
  return "an operator";
}

}  // namespace watchbill::metrics::promql
