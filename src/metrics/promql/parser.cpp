#include "metrics/promql/parser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "base/time.h"
#include "metrics/promql/lexer.h"

namespace watchbill::metrics::promql {
namespace {

using Reason = ExpressionRefusal;

struct OperatorRow {
  BinaryOperator op;
  int precedence;
};
constexpr int precedence_lowest = 1;
constexpr int precedence_power = 6;

// Precedence 0: no binary operator. From the weakest: or; and unless; comparisons; + -; * / % atan2; ^ (to the right).
OperatorRow binary_operator(const Token& token) noexcept {
  switch (token.keyword) {
    case Keyword::or_: return {BinaryOperator::or_, 1};
    case Keyword::and_: return {BinaryOperator::and_, 2};
    case Keyword::unless: return {BinaryOperator::unless, 2};
    case Keyword::atan2: return {BinaryOperator::atan2, 5};
    default: break;  // the other keywords are no operators
  }
  switch (token.kind) {
    case TokenKind::equal_equal: return {BinaryOperator::equal, 3};
    case TokenKind::not_equal: return {BinaryOperator::not_equal, 3};
    case TokenKind::less: return {BinaryOperator::less, 3};
    case TokenKind::less_or_equal: return {BinaryOperator::less_or_equal, 3};
    case TokenKind::greater: return {BinaryOperator::greater, 3};
    case TokenKind::greater_or_equal: return {BinaryOperator::greater_or_equal, 3};
    case TokenKind::trim_upper: return {BinaryOperator::trim_upper, 3};
    case TokenKind::trim_lower: return {BinaryOperator::trim_lower, 3};
    case TokenKind::add: return {BinaryOperator::add, 4};
    case TokenKind::subtract: return {BinaryOperator::subtract, 4};
    case TokenKind::multiply: return {BinaryOperator::multiply, 5};
    case TokenKind::divide: return {BinaryOperator::divide, 5};
    case TokenKind::modulo: return {BinaryOperator::modulo, 5};
    case TokenKind::power: return {BinaryOperator::power, precedence_power};
    default: return {BinaryOperator::add, 0};  // the other tokens are no operators
  }
}

// The aggregation of a keyword, or -1.
int aggregate_operator(Keyword keyword) noexcept {
  constexpr std::pair<Keyword, AggregateOperator> rows[] = {
      {Keyword::sum, AggregateOperator::sum}, {Keyword::avg, AggregateOperator::avg}, {Keyword::min, AggregateOperator::min},
      {Keyword::max, AggregateOperator::max}, {Keyword::count, AggregateOperator::count},
      {Keyword::group, AggregateOperator::group}, {Keyword::stddev, AggregateOperator::stddev},
      {Keyword::stdvar, AggregateOperator::stdvar}, {Keyword::topk, AggregateOperator::topk},
      {Keyword::bottomk, AggregateOperator::bottomk}, {Keyword::quantile, AggregateOperator::quantile},
      {Keyword::count_values, AggregateOperator::count_values}, {Keyword::limitk, AggregateOperator::limitk},
      {Keyword::limit_ratio, AggregateOperator::limit_ratio}};
  for (const auto& [word, op] : rows)
    if (word == keyword) return static_cast<int>(op);
  return -1;
}

// Keywords that cannot begin an expression as the name of a metric.
bool is_reserved(Keyword keyword) noexcept {
  return keyword == Keyword::on || keyword == Keyword::ignoring || keyword == Keyword::group_left ||
         keyword == Keyword::group_right || keyword == Keyword::bool_ || keyword == Keyword::atan2;
}

// Seconds as written to whole milliseconds; false beyond ±292 years, where Go's durations end.
bool seconds_to_ms(double seconds, std::int64_t& ms) noexcept {
  constexpr double seconds_max = 9'223'372'036.0;
  if (!(std::abs(seconds) <= seconds_max)) return false;
  ms = static_cast<std::int64_t>(std::round(seconds * 1000));
  return true;
}

// Recursive descent; every function gives no_node after it has recorded the one error.
class Parser {
 public:
  Parser(std::string_view text, const ParseLimits& limits) : limits_(limits) { out_.text = std::string(text); }

  Result<Expression, ExpressionError> run() {
    if (out_.text.size() > limits_.bytes_max)
      return expression_error({}, 0, Reason::too_long, fmt::format("the expression is longer than {} bytes", limits_.bytes_max));
    auto tokens = tokenize(out_.text);
    if (!tokens) return tokens.error();
    tokens_ = std::move(*tokens);
    if (tokens_.size() == 1) return expression_error(out_.text, 0, Reason::unexpected_token, "no expression found in input");
    const NodeIndex root = expression(precedence_lowest);
    if (root == no_node) return error_;
    if (peek().kind != TokenKind::end) {
      unexpected("an operator or the end of the expression");
      return error_;
    }
    out_.root = root;
    return std::move(out_);
  }

 private:
  // --- tokens and errors

  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take_if(TokenKind kind) {
    if (peek().kind != kind) return false;
    take();
    return true;
  }
  bool take_if(Keyword keyword) {
    if (peek().keyword != keyword) return false;
    take();
    return true;
  }
  bool expect(TokenKind kind, std::string_view what) { return take_if(kind) || (unexpected(what), false); }
  [[nodiscard]] std::string_view text_of_token(const Token& token) const {
    return std::string_view(out_.text).substr(token.span.begin, token.span.end - token.span.begin);
  }
  [[nodiscard]] std::uint32_t last_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].span.end; }

  NodeIndex refuse(std::uint32_t offset, Reason reason, std::string message) {
    if (!has_failed_) error_ = expression_error(out_.text, offset, reason, std::move(message));
    has_failed_ = true;
    return no_node;
  }
  NodeIndex unexpected(std::string_view expected) {
    // At the end the place to mend is not where the text stops, but where the parenthesis stands that it leaves open.
    if (peek().kind == TokenKind::end)
      if (const Token* const open = unclosed(); open != nullptr && open->kind == TokenKind::left_paren)
        return refuse(open->span.begin, Reason::unexpected_token, "unclosed left parenthesis");
    return refuse(peek().span.begin, Reason::unexpected_token,
                  fmt::format("unexpected {}: expected {}", describe(out_.text, peek()), expected));
  }

  // The innermost token that opens something and has no partner; null when there is none.
  [[nodiscard]] const Token* unclosed() const {
    std::vector<const Token*> open;
    for (const Token& token : tokens_) {
      const TokenKind kind = token.kind;
      if (kind == TokenKind::left_paren || kind == TokenKind::left_brace || kind == TokenKind::left_bracket)
        open.push_back(&token);
      const bool closes =
          kind == TokenKind::right_paren || kind == TokenKind::right_brace || kind == TokenKind::right_bracket;
      if (closes && !open.empty()) open.pop_back();
    }
    return open.empty() ? nullptr : open.back();
  }

  template <class Part>
  NodeIndex add(Part part, Span span, ValueType type, std::initializer_list<NodeIndex> children = {}) {
    Node node;
    node.span = span;
    node.type = type;
    node.of = std::move(part);
    for (const NodeIndex child : children)
      if (child != no_node) node.depth = std::max(node.depth, static_cast<std::uint16_t>(out_.nodes[child].depth + 1));
    if (node.depth > limits_.depth_max) return too_deep(span.begin);
    out_.nodes.push_back(std::move(node));
    return static_cast<NodeIndex>(out_.nodes.size() - 1);
  }
  NodeIndex too_deep(std::uint32_t offset) {
    return refuse(offset, Reason::too_deep, fmt::format("nested deeper than {} levels", limits_.depth_max));
  }
  Node& node(NodeIndex index) { return out_.nodes[index]; }
  template <class Part>
  Part* as(NodeIndex index) { return std::get_if<Part>(&out_.nodes[index].of); }

  // Counts recursion of the parser itself, which parentheses and unary operators drive.
  struct Level {
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.level_; }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    Parser& parser_;
  };

  // --- operators

  NodeIndex expression(int precedence_min) {
    const Level level(*this);
    if (level_ > limits_.depth_max) return too_deep(peek().span.begin);
    NodeIndex left = unary();
    while (left != no_node) {
      const OperatorRow row = binary_operator(peek());
      if (row.precedence == 0 || row.precedence < precedence_min) break;
      take();
      Binary binary;
      binary.op = row.op;
      if (!binary_modifiers(binary)) return no_node;
      const NodeIndex right = expression(row.op == BinaryOperator::power ? row.precedence : row.precedence + 1);
      if (right == no_node) return no_node;
      binary.left = left;
      binary.right = right;
      const bool is_scalar = node(left).type == ValueType::scalar && node(right).type == ValueType::scalar;
      const Span span{node(left).span.begin, node(right).span.end};
      left = add(std::move(binary), span, is_scalar ? ValueType::scalar : ValueType::instant_vector, {left, right});
    }
    return left;
  }

  bool binary_modifiers(Binary& binary) {
    if (is_set_operator(binary.op)) binary.matching.cardinality = Cardinality::many_to_many;
    const std::uint32_t bool_at = peek().span.begin;
    if (take_if(Keyword::bool_)) {
      if (!is_comparison(binary.op))
        return refuse(bool_at, Reason::bad_modifier, "bool modifier can only be used on comparison operators"), false;
      binary.returns_bool = true;
    }
    VectorMatching& matching = binary.matching;
    if (peek().keyword == Keyword::on || peek().keyword == Keyword::ignoring) {
      matching.is_on = take().keyword == Keyword::on;
      binary.has_matching = true;
      if (!label_list(matching.labels)) return false;
      if (peek().keyword == Keyword::group_left || peek().keyword == Keyword::group_right) {
        const Token& group = take();
        if (is_set_operator(binary.op))
          return refuse(group.span.begin, Reason::bad_modifier,
                        fmt::format("no grouping allowed for \"{}\" operation", promql::text_of(binary.op))), false;
        matching.cardinality = group.keyword == Keyword::group_left ? Cardinality::many_to_one : Cardinality::one_to_many;
        if (peek().kind == TokenKind::left_paren && !label_list(matching.include)) return false;
      }
    }
    return fill_modifiers(binary);
  }

  bool fill_modifiers(Binary& binary) {
    while (peek().keyword == Keyword::fill || peek().keyword == Keyword::fill_left || peek().keyword == Keyword::fill_right) {
      // `x + fill` may also name a metric; the modifier is followed by a parenthesis.
      if (peek(1).kind != TokenKind::left_paren) return true;
      const Token& word = take();
      VectorMatching& matching = binary.matching;
      const bool sets_left = word.keyword != Keyword::fill_right;
      const bool sets_right = word.keyword != Keyword::fill_left;
      if ((sets_left && matching.fill_left) || (sets_right && matching.fill_right))
        return refuse(word.span.begin, Reason::bad_modifier, "fill may not be set multiple times for one side"), false;
      if (is_set_operator(binary.op))
        return refuse(word.span.begin, Reason::bad_modifier, "filling in missing series not allowed for set operators"), false;
      take();
      double value = 0;
      if (!signed_number(value) || !expect(TokenKind::right_paren, "\")\"")) return false;
      binary.has_matching = true;
      if (sets_left) matching.fill_left = value;
      if (sets_right) matching.fill_right = value;
    }
    return true;
  }

  NodeIndex unary() {
    if (peek().kind != TokenKind::add && peek().kind != TokenKind::subtract) return postfix();
    const Token& sign = take();
    const bool is_negation = sign.kind == TokenKind::subtract;
    const NodeIndex inner = expression(precedence_power);
    if (inner == no_node) return no_node;
    if (NumberLiteral* number = as<NumberLiteral>(inner)) {
      if (is_negation) number->value = -number->value;
      node(inner).span.begin = sign.span.begin;
      return inner;
    }
    const Span span{sign.span.begin, node(inner).span.end};
    return add(Unary{is_negation, inner}, span, node(inner).type, {inner});
  }

  // --- what may follow an operand: ranges, subqueries, offset, @, anchored, smoothed

  NodeIndex postfix() {
    NodeIndex operand = primary();
    while (operand != no_node) {
      const Token& token = peek();
      if (token.kind == TokenKind::left_bracket) operand = bracket(operand);
      else if (token.keyword == Keyword::offset) operand = offset_modifier(operand);
      else if (token.kind == TokenKind::at) operand = at_modifier(operand);
      else if (token.keyword == Keyword::anchored || token.keyword == Keyword::smoothed) operand = extension_modifier(operand);
      else break;
    }
    return operand;
  }

  NodeIndex bracket(NodeIndex operand) {
    const Token& open = take();
    DurationValue range;
    if (!duration(range, true)) return no_node;
    if (take_if(TokenKind::colon)) {
      Subquery subquery;
      subquery.inner = operand;
      subquery.range = range;
      if (peek().kind != TokenKind::right_bracket) {
        subquery.step.emplace();
        if (!duration(*subquery.step, true)) return no_node;
      }
      if (!expect(TokenKind::right_bracket, "\"]\"")) return no_node;
      const Span span{node(operand).span.begin, last_end()};
      return add(std::move(subquery), span, ValueType::range_vector, {operand, range.expression});
    }
    if (!expect(TokenKind::right_bracket, "\":\" or \"]\"")) return no_node;
    const VectorSelector* selector = as<VectorSelector>(operand);
    if (selector == nullptr)
      return refuse(open.span.begin, Reason::bad_selector, "ranges only allowed for vector selectors");
    if (selector->shift.offset) return refuse(open.span.begin, Reason::bad_modifier, "no offset modifiers allowed before range");
    if (selector->shift.at != AtKind::none)
      return refuse(open.span.begin, Reason::bad_modifier, "no @ modifiers allowed before range");
    const Span span{node(operand).span.begin, last_end()};
    return add(MatrixSelector{operand, range}, span, ValueType::range_vector, {operand, range.expression});
  }

  // Where offset and @ of an operand live, or null for what takes none.
  TimeShift* shift_of(NodeIndex operand) {
    if (VectorSelector* selector = as<VectorSelector>(operand)) return &selector->shift;
    if (Subquery* subquery = as<Subquery>(operand)) return &subquery->shift;
    if (const MatrixSelector* matrix = as<MatrixSelector>(operand)) return &as<VectorSelector>(matrix->selector)->shift;
    return nullptr;
  }

  NodeIndex offset_modifier(NodeIndex operand) {
    const Token& word = take();
    TimeShift* shift = shift_of(operand);
    if (shift == nullptr)
      return refuse(word.span.begin, Reason::bad_modifier,
                    "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery");
    if (shift->offset) return refuse(word.span.begin, Reason::bad_modifier, "offset may not be set multiple times");
    DurationValue value;
    if (!duration(value, false)) return no_node;
    shift_of(operand)->offset = value;  // the nodes may have moved
    node(operand).span.end = last_end();
    return operand;
  }

  NodeIndex at_modifier(NodeIndex operand) {
    const Token& sign = take();
    TimeShift* shift = shift_of(operand);
    if (shift == nullptr)
      return refuse(sign.span.begin, Reason::bad_modifier,
                    "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
    if (shift->at != AtKind::none)
      return refuse(sign.span.begin, Reason::bad_modifier, "@ <timestamp> may not be set multiple times");
    if ((peek().keyword == Keyword::start || peek().keyword == Keyword::end) && peek(1).kind == TokenKind::left_paren) {
      shift->at = take().keyword == Keyword::start ? AtKind::start : AtKind::end;
      take();
      if (!expect(TokenKind::right_paren, "\")\"")) return no_node;
    } else {
      const std::uint32_t number_at = peek().span.begin;
      double seconds = 0;
      if (!signed_number(seconds)) return no_node;
      shift->at = AtKind::instant;
      if (!seconds_to_ms(seconds, shift->at_ms))
        return refuse(number_at, Reason::bad_modifier, "timestamp out of bounds for @ modifier");
    }
    node(operand).span.end = last_end();
    return operand;
  }

  NodeIndex extension_modifier(NodeIndex operand) {
    const Token& word = take();
    const std::string_view name = text_of_token(word);
    VectorSelector* selector = as<VectorSelector>(operand);
    if (const MatrixSelector* matrix = as<MatrixSelector>(operand)) selector = as<VectorSelector>(matrix->selector);
    if (selector == nullptr)
      return refuse(word.span.begin, Reason::bad_modifier,
                    fmt::format("{} modifier must be preceded by an instant vector selector or range vector selector", name));
    if (selector->extension != RangeExtension::none)
      return refuse(word.span.begin, Reason::bad_modifier, "anchored and smoothed may be set only once");
    selector->extension = word.keyword == Keyword::anchored ? RangeExtension::anchored : RangeExtension::smoothed;
    node(operand).span.end = word.span.end;
    return operand;
  }

  // --- operands

  NodeIndex primary() {
    const Token& token = peek();
    switch (token.kind) {
      case TokenKind::number:
      case TokenKind::duration: return number();
      case TokenKind::string: return string();
      case TokenKind::left_brace: return selector({}, token.span.begin);
      case TokenKind::left_paren: return paren();
      case TokenKind::identifier: return named();
      default: return unexpected("an expression");  // no other token begins an operand
    }
  }

  NodeIndex paren() {
    const std::uint32_t begin = take().span.begin;
    const NodeIndex inner = expression(precedence_lowest);
    if (inner == no_node || !expect(TokenKind::right_paren, "\")\"")) return no_node;
    return add(Paren{inner}, Span{begin, last_end()}, node(inner).type, {inner});
  }

  NodeIndex number() {
    NumberLiteral literal;
    const Span span = peek().span;
    if (!number_value(literal)) return no_node;
    return add(literal, span, ValueType::scalar);
  }
  bool number_value(NumberLiteral& literal) {
    const Token& token = peek();
    const std::string_view text = text_of_token(token);
    if (token.kind == TokenKind::duration) {
      const Result<Duration> read = parse_duration(text);
      if (!read)
        return refuse(token.span.begin, Reason::bad_character, fmt::format("not a valid duration string: \"{}\"", text)), false;
      literal = NumberLiteral{static_cast<double>(read->ms) / 1000, true};
    } else if (token.kind != TokenKind::number) {
      return unexpected("a number or duration"), false;
    } else if (!read_number(text, literal.value)) {
      return refuse(token.span.begin, Reason::bad_character, fmt::format("bad number: \"{}\"", text)), false;
    }
    take();
    return true;
  }
  bool signed_number(double& value) {
    const bool is_negative = peek().kind == TokenKind::subtract;
    if (is_negative || peek().kind == TokenKind::add) take();
    NumberLiteral literal;
    if (!number_value(literal)) return false;
    value = is_negative ? -literal.value : literal.value;
    return true;
  }

  bool string_value(std::string& value) {
    const Token& token = peek();
    auto text = unquote(text_of_token(token));
    if (!text) return refuse(token.span.begin + text.error().at.offset, Reason::bad_character, text.error().message), false;
    value = std::move(*text);
    take();
    return true;
  }
  NodeIndex string() {
    StringLiteral literal;
    const Span span = peek().span;
    if (!string_value(literal.value)) return no_node;
    return add(std::move(literal), span, ValueType::string);
  }

  NodeIndex named() {
    const Token& token = peek();
    const TokenKind next = peek(1).kind;
    const Keyword next_word = peek(1).keyword;
    const bool is_call = next == TokenKind::left_paren;
    if (aggregate_operator(token.keyword) >= 0 && (is_call || next_word == Keyword::by || next_word == Keyword::without))
      return aggregate();
    const bool may_be_function = token.keyword == Keyword::none || token.keyword == Keyword::start ||
                                 token.keyword == Keyword::end || token.keyword == Keyword::step ||
                                 token.keyword == Keyword::range || token.keyword == Keyword::min_of ||
                                 token.keyword == Keyword::max_of;
    if (is_call && may_be_function) return call();
    if (is_reserved(token.keyword)) return unexpected("an expression");
    take();
    return selector(std::string(text_of_token(token)), token.span.begin);
  }

  NodeIndex call() {
    const Token& name = take();
    Call call;
    call.function = find_function(text_of_token(name));
    if (call.function == nullptr)
      return refuse(name.span.begin, Reason::unknown_function,
                    fmt::format("unknown function with name \"{}\"", text_of_token(name)));
    if (!arguments(call.arguments)) return no_node;
    std::uint16_t deepest = 0;
    for (const NodeIndex argument : call.arguments) deepest = std::max(deepest, node(argument).depth);
    const ValueType type = call.function->result;
    const NodeIndex index = add(std::move(call), Span{name.span.begin, last_end()}, type);
    if (index == no_node) return no_node;
    node(index).depth = static_cast<std::uint16_t>(deepest + 1);
    return node(index).depth > limits_.depth_max ? too_deep(name.span.begin) : index;
  }

  // "(" expressions ")"; no comma after the last.
  bool arguments(std::vector<NodeIndex>& out) {
    if (!expect(TokenKind::left_paren, "\"(\"")) return false;
    if (take_if(TokenKind::right_paren)) return true;
    for (;;) {
      const NodeIndex argument = expression(precedence_lowest);
      if (argument == no_node) return false;
      out.push_back(argument);
      if (take_if(TokenKind::right_paren)) return true;
      if (!expect(TokenKind::comma, "\",\" or \")\"")) return false;
      if (peek().kind == TokenKind::right_paren)
        return refuse(peek().span.begin, Reason::unexpected_token, "trailing commas not allowed in function call args"), false;
    }
  }

  NodeIndex aggregate() {
    const Token& word = take();
    Aggregate aggregate;
    aggregate.op = static_cast<AggregateOperator>(aggregate_operator(word.keyword));
    const auto grouping = [this, &aggregate] {
      if (peek().keyword != Keyword::by && peek().keyword != Keyword::without) return true;
      aggregate.is_without = take().keyword == Keyword::without;
      return label_list(aggregate.grouping);
    };
    const bool is_grouped_first = peek().kind != TokenKind::left_paren;
    if (!grouping()) return no_node;
    std::vector<NodeIndex> list;
    if (!arguments(list)) return no_node;
    if (!is_grouped_first && !grouping()) return no_node;
    const std::size_t wanted = takes_parameter(aggregate.op) ? 2 : 1;
    if (list.size() != wanted)
      return refuse(
          word.span.begin, Reason::wrong_argument_count,
          fmt::format("wrong number of arguments for aggregate expression provided, expected {}, got {}", wanted, list.size()));
    aggregate.inner = list.back();
    if (wanted == 2) aggregate.parameter = list.front();
    const NodeIndex inner = aggregate.inner;
    const NodeIndex parameter = aggregate.parameter;
    return add(std::move(aggregate), Span{word.span.begin, last_end()}, ValueType::instant_vector, {inner, parameter});
  }

  // "(" names or quoted names ")"; a comma may follow the last. Any keyword may name a label here.
  bool label_list(std::vector<std::string>& out) {
    if (!expect(TokenKind::left_paren, "\"(\"")) return false;
    while (!take_if(TokenKind::right_paren)) {
      std::string name;
      if (peek().kind == TokenKind::identifier) {
        name = text_of_token(take());
      } else if (peek().kind == TokenKind::string) {
        const std::uint32_t name_at = peek().span.begin;
        if (!string_value(name)) return false;
        if (name.empty()) return refuse(name_at, Reason::bad_modifier, "invalid label name \"\" in grouping"), false;
      } else {
        return unexpected("a label name or \")\""), false;
      }
      out.push_back(std::move(name));
      if (take_if(TokenKind::right_paren)) return true;
      if (!expect(TokenKind::comma, "\",\" or \")\" in grouping")) return false;
    }
    return true;
  }

  // --- selectors

  NodeIndex selector(std::string name, std::uint32_t begin) {
    VectorSelector selector;
    selector.name = std::move(name);
    if (peek().kind == TokenKind::left_brace) {
      take();
      while (!take_if(TokenKind::right_brace)) {
        if (!matcher(selector)) return no_node;
        if (take_if(TokenKind::right_brace)) break;
        if (!expect(TokenKind::comma, "\",\" or \"}\"")) return no_node;
      }
    }
    if (!selector.name.empty()) {
      for (const SelectorMatcher& matcher : selector.matchers)
        if (matcher.name == "__name__")
          return refuse(begin, Reason::bad_selector,
                        fmt::format("metric name must not be set twice: \"{}\" or \"{}\"", selector.name, matcher.value));
      selector.matchers.push_back(SelectorMatcher{"__name__", MatchOperator::equal, selector.name, begin});
    }
    return add(std::move(selector), Span{begin, last_end()}, ValueType::instant_vector);
  }

  // One of name="value", "quoted name"="value", "metric name".
  bool matcher(VectorSelector& selector) {
    SelectorMatcher matcher;
    const Token& first = peek();
    matcher.offset = first.span.begin;
    if (first.kind == TokenKind::string) {
      if (!string_value(matcher.name)) return false;
      if (peek().kind == TokenKind::comma || peek().kind == TokenKind::right_brace) {
        if (matcher.name.empty()) return refuse(first.span.begin, Reason::bad_selector, "a metric name must not be empty"), false;
        if (!selector.name.empty())
          return refuse(first.span.begin, Reason::bad_selector,
                        fmt::format("metric name must not be set twice: \"{}\" or \"{}\"", selector.name, matcher.name)), false;
        selector.name = std::move(matcher.name);
        return true;
      }
    } else if (first.kind == TokenKind::identifier) {
      matcher.name = text_of_token(take());
    } else {
      return unexpected("a label matcher or \"}\""), false;
    }
    switch (peek().kind) {
      case TokenKind::equal: matcher.op = MatchOperator::equal; break;
      case TokenKind::not_equal: matcher.op = MatchOperator::not_equal; break;
      case TokenKind::match_regex: matcher.op = MatchOperator::regex; break;
      case TokenKind::not_match_regex: matcher.op = MatchOperator::not_regex; break;
      default: return unexpected("label matching operator"), false;  // no other token compares a label
    }
    take();
    if (peek().kind != TokenKind::string) return unexpected("a quoted string"), false;
    if (!string_value(matcher.value)) return false;
    selector.matchers.push_back(std::move(matcher));
    return true;
  }

  // --- durations

  // In brackets a whole duration expression; after `offset` one signed factor, so that `x offset 5m + y` is a sum.
  bool duration(DurationValue& out, bool takes_operators) {
    const std::uint32_t begin = out.offset = peek().span.begin;
    const NodeIndex root = takes_operators ? duration_expression(precedence_lowest) : duration_factor(false);
    if (root == no_node) return false;
    const NumberLiteral* literal = as<NumberLiteral>(root);
    if (literal == nullptr) {
      out.expression = root;
      return true;
    }
    if (!seconds_to_ms(literal->value, out.ms)) return refuse(begin, Reason::bad_duration, "duration out of range"), false;
    return true;
  }

  NodeIndex duration_expression(int precedence_min) {
    const Level level(*this);
    if (level_ > limits_.depth_max) return too_deep(peek().span.begin);
    NodeIndex left = duration_factor(true);
    while (left != no_node) {
      const OperatorRow row = binary_operator(peek());
      if (row.precedence < 4 || row.precedence < precedence_min || row.op == BinaryOperator::atan2) break;
      take();
      const NodeIndex right = duration_expression(row.op == BinaryOperator::power ? row.precedence : row.precedence + 1);
      if (right == no_node) return no_node;
      // The first six operators have one order in both enumerations.
      const auto op = static_cast<DurationOperator>(row.op);
      left = add(DurationOperation{op, left, right}, Span{node(left).span.begin, node(right).span.end}, ValueType::scalar,
                 {left, right});
    }
    return left;
  }

  NodeIndex duration_factor(bool takes_powers) {
    const Token& token = peek();
    if (token.kind == TokenKind::add || token.kind == TokenKind::subtract) return duration_sign(takes_powers);
    if (token.kind == TokenKind::left_paren) {
      take();
      const NodeIndex inner = duration_expression(precedence_lowest);
      if (inner == no_node || !expect(TokenKind::right_paren, "\")\"")) return no_node;
      return add(DurationOperation{DurationOperator::paren, inner, no_node}, Span{token.span.begin, last_end()},
                 ValueType::scalar, {inner});
    }
    if (token.kind == TokenKind::identifier && peek(1).kind == TokenKind::left_paren) return duration_call();
    if (token.kind != TokenKind::number && token.kind != TokenKind::duration) return unexpected("a duration");
    return number();
  }

  // Inside brackets and parentheses a sign takes powers with it, as in expressions: -2 ^ 2 is -(2 ^ 2).
  NodeIndex duration_sign(bool takes_powers) {
    const Level level(*this);
    if (level_ > limits_.depth_max) return too_deep(peek().span.begin);
    const Token& sign = take();
    const bool is_negation = sign.kind == TokenKind::subtract;
    const NodeIndex inner = takes_powers ? duration_expression(precedence_power) : duration_factor(false);
    if (inner == no_node) return no_node;
    if (NumberLiteral* literal = as<NumberLiteral>(inner)) {
      if (is_negation) literal->value = -literal->value;
      node(inner).span.begin = sign.span.begin;
      return inner;
    }
    const auto op = is_negation ? DurationOperator::negate : DurationOperator::plus;
    return add(DurationOperation{op, inner, no_node}, Span{sign.span.begin, node(inner).span.end}, ValueType::scalar, {inner});
  }

  // step(), range(), min_of(a, b), max_of(a, b)
  NodeIndex duration_call() {
    const Token& word = take();
    DurationOperation operation;
    switch (word.keyword) {
      case Keyword::step: operation.op = DurationOperator::step; break;
      case Keyword::range: operation.op = DurationOperator::range; break;
      case Keyword::min_of: operation.op = DurationOperator::min; break;
      case Keyword::max_of: operation.op = DurationOperator::max; break;
      default:  // every other name is refused
        return refuse(
            word.span.begin, Reason::unknown_function,
            fmt::format("unexpected \"{}\": expected step, range, min_of or max_of in a duration", text_of_token(word)));
    }
    take();
    if (operation.op == DurationOperator::min || operation.op == DurationOperator::max) {
      operation.left = duration_expression(precedence_lowest);
      if (operation.left == no_node || !expect(TokenKind::comma, "\",\"")) return no_node;
      operation.right = duration_expression(precedence_lowest);
      if (operation.right == no_node) return no_node;
    }
    if (!expect(TokenKind::right_paren, "\")\"")) return no_node;
    return add(operation, Span{word.span.begin, last_end()}, ValueType::scalar, {operation.left, operation.right});
  }

  const ParseLimits limits_;
  Expression out_;
  std::vector<Token> tokens_;
  std::size_t at_{0};
  std::uint32_t level_{0};
  bool has_failed_{false};
  ExpressionError error_;
};

}  // namespace

Result<Expression, ExpressionError> parse_syntax(std::string_view text, const ParseLimits& limits) {
  return Parser(text, limits).run();
}

Result<Expression, ExpressionError> parse(std::string_view text, const ParseLimits& limits) {
  auto expression = parse_syntax(text, limits);
  if (!expression) return expression;
  if (const auto checked = check_types(*expression); !checked) return checked.error();
  return expression;
}

}  // namespace watchbill::metrics::promql
