#include "metrics/promql/print.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "base/time.h"
#include "model/labels.h"

namespace watchbill::metrics::promql {
namespace {

class Printer {
 public:
  explicit Printer(const Expression& expression) : expression_(expression) {}

  // Recursion is bounded by the parser's depth limit.
  void print(NodeIndex index) {
    std::visit([this](const auto& part) { put(part); }, expression_.at(index).of);
  }
  std::string take() { return std::move(out_); }

 private:
  void put(const NumberLiteral& literal) {
    if (literal.is_duration) out_ += format_duration(Duration::milliseconds(std::llround(literal.value * 1000)));
    else out_ += format_value(literal.value);
  }
  void put(const StringLiteral& literal) { out_ += quoted(literal.value); }
  void put(const Paren& paren) {
    out_ += '(';
    print(paren.inner);
    out_ += ')';
  }
  void put(const Unary& unary) {
    out_ += unary.is_negation ? '-' : '+';
    print(unary.inner);
  }

  void put_selector(const VectorSelector& selector) {
    const bool is_plain_name = is_metric_name(selector.name);
    if (is_plain_name) out_ += selector.name;
    std::string inner;
    if (!selector.name.empty() && !is_plain_name) inner = quoted(selector.name);
    for (const SelectorMatcher& matcher : selector.matchers) {
      if (!selector.name.empty() && matcher.name == metric_name_label) continue;
      if (!inner.empty()) inner += ',';
      inner += label(matcher.name);
      inner += text_of(matcher.op);
      inner += quoted(matcher.value);
    }
    if (!inner.empty() || selector.name.empty()) out_.append("{").append(inner).append("}");
  }
  void put_shift(const TimeShift& shift) {
    switch (shift.at) {
      case AtKind::none: break;
      case AtKind::instant: out_ += fmt::format(" @ {:.3f}", static_cast<double>(shift.at_ms) / 1000); break;
      case AtKind::start: out_ += " @ start()"; break;
      case AtKind::end: out_ += " @ end()"; break;
    }
    if (!shift.offset) return;
    out_ += " offset ";
    put_duration(*shift.offset);
  }
  void put_extension(RangeExtension extension) {
    if (extension == RangeExtension::anchored) out_ += " anchored";
    if (extension == RangeExtension::smoothed) out_ += " smoothed";
  }
  void put_duration(const DurationValue& duration) {
    if (duration.expression != no_node) print(duration.expression);
    else out_ += format_duration(Duration::milliseconds(duration.ms));
  }
  void put(const VectorSelector& selector) {
    put_selector(selector);
    put_extension(selector.extension);
    put_shift(selector.shift);
  }
  void put(const MatrixSelector& matrix) {
    const VectorSelector& selector = std::get<VectorSelector>(expression_.at(matrix.selector).of);
    put_selector(selector);
    out_ += '[';
    put_duration(matrix.range);
    out_ += ']';
    put_extension(selector.extension);
    put_shift(selector.shift);
  }
  void put(const Subquery& subquery) {
    print(subquery.inner);
    out_ += '[';
    put_duration(subquery.range);
    out_ += ':';
    if (subquery.step) put_duration(*subquery.step);
    out_ += ']';
    put_shift(subquery.shift);
  }

  static std::string label(const std::string& name) { return is_label_name(name) ? name : quoted(name); }
  void put_labels(const std::vector<std::string>& labels) {
    out_ += '(';
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += label(labels[i]);
    }
    out_ += ')';
  }
  void put(const Binary& binary) {
    // "+Inf ^ x" would read back as the sign of a power.
    const NumberLiteral* number = std::get_if<NumberLiteral>(&expression_.at(binary.left).of);
    if (binary.op == BinaryOperator::power && number != nullptr && std::isinf(number->value))
      out_ += "Inf";
    else
      print(binary.left);
    out_.append(" ").append(text_of(binary.op));
    if (binary.returns_bool) out_ += " bool";
    const VectorMatching& matching = binary.matching;
    const bool is_grouped = matching.cardinality == Cardinality::many_to_one || matching.cardinality == Cardinality::one_to_many;
    if (matching.is_on || !matching.labels.empty() || is_grouped) {
      out_ += matching.is_on ? " on " : " ignoring ";
      put_labels(matching.labels);
    }
    if (is_grouped) {
      out_ += matching.cardinality == Cardinality::many_to_one ? " group_left " : " group_right ";
      put_labels(matching.include);
    }
    if (matching.fill_left) out_ += fmt::format(" fill_left ({})", format_value(*matching.fill_left));
    if (matching.fill_right) out_ += fmt::format(" fill_right ({})", format_value(*matching.fill_right));
    out_ += ' ';
    print(binary.right);
  }
  void put(const Aggregate& aggregate) {
    out_ += text_of(aggregate.op);
    if (aggregate.is_without || !aggregate.grouping.empty()) {
      out_ += aggregate.is_without ? " without " : " by ";
      put_labels(aggregate.grouping);
      out_ += ' ';
    }
    out_ += '(';
    if (aggregate.parameter != no_node) {
      print(aggregate.parameter);
      out_ += ", ";
    }
    print(aggregate.inner);
    out_ += ')';
  }
  void put(const Call& call) {
    out_.append(call.function->name).append("(");
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
      if (i > 0) out_ += ", ";
      print(call.arguments[i]);
    }
    out_ += ')';
  }
  void put(const DurationOperation& operation) {
    constexpr std::array<std::string_view, 6> signs{" + ", " - ", " * ", " / ", " % ", " ^ "};
    const auto pair = [&](std::string_view before, std::string_view between, std::string_view after) {
      out_ += before;
      if (operation.left != no_node) print(operation.left);
      out_ += between;
      if (operation.right != no_node) print(operation.right);
      out_ += after;
    };
    switch (operation.op) {
      case DurationOperator::add: case DurationOperator::subtract: case DurationOperator::multiply:
      case DurationOperator::divide: case DurationOperator::modulo: case DurationOperator::power:
        return pair("", signs[static_cast<std::size_t>(operation.op)], "");
      case DurationOperator::negate: return pair("-", "", "");
      case DurationOperator::plus: return pair("+", "", "");
      case DurationOperator::step: return pair("step()", "", "");
      case DurationOperator::range: return pair("range()", "", "");
      case DurationOperator::min: return pair("min_of(", ", ", ")");
      case DurationOperator::max: return pair("max_of(", ", ", ")");
      case DurationOperator::paren: return pair("(", "", ")");
    }
  }

  const Expression& expression_;
  std::string out_;
};

}  // namespace

std::string print(const Expression& expression) { return print(expression, expression.root); }

std::string print(const Expression& expression, NodeIndex node) {
  Printer printer(expression);
  printer.print(node);
  return printer.take();
}

Digest digest(const Expression& expression) { return sha256(print(expression)); }

namespace {

// As Go has it: the shortest digits that give the number back, then zeros. The library prints all digits of the whole number.
std::string format_large(double value) {
  std::array<char, 32> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): to_chars writes what is read
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const std::size_t e = text.find("e+");
  std::size_t exponent = 0;
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c != '.' && c != '-') digits.push_back(c);
  digits.resize(exponent + 1, '0');  // a double of that size has fewer than 18 digits
  return (value < 0 ? "-" : "") + digits;
}

}  // namespace

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr double exact_max = 9'007'199'254'740'992.0;  // 2^53
  if (std::abs(value) >= exact_max) return format_large(value);
  // The smallest double has 1074 digits behind the point.
  std::array<char, 1100> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): to_chars writes what is read
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return std::string(buffer.data(), written.ptr);
}

}  // namespace watchbill::metrics::promql
