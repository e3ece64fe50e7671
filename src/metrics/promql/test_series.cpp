#include "metrics/promql/test_series.h"

#include <charconv>
#include <utility>

#include "metrics/promql/lexer.h"
#include "metrics/promql/parser.h"
#include "metrics/tsdb/sample.h"

namespace watchbill::metrics::promql {
namespace {

Error wrong(std::string_view line, std::string detail) {
  return Error{ErrorKind::invalid, "read a series from", "\"" + std::string(line) + "\"", std::move(detail)};
}

// Where the labels end: behind the closing brace, or at the first blank outside quotes.
std::size_t end_of_labels(std::string_view line) noexcept {
  char quote = '\0';
  bool in_braces = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\0') {
      if (c == '\\' && quote != '`') ++i;
      else if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '{') {
      if (in_braces) return std::string_view::npos;
      in_braces = true;
    } else if (c == '}') {
      return i + 1;
    } else if ((c == ' ' || c == '\t' || c == '@') && !in_braces) {
      // `name {a="b"}` does not exist: a blank ends the name.
      return i;
    }
  }
  return in_braces ? std::string_view::npos : line.size();
}

bool read_labels(std::string_view text, Labels& labels) {
  if (text == "{}") return true;
  const auto expression = parse_syntax(text);
  if (!expression) return false;
  const VectorSelector* selector = std::get_if<VectorSelector>(&expression->at(expression->root).of);
  if (selector == nullptr) return false;
  std::vector<Labels::Pair> pairs;
  for (const SelectorMatcher& matcher : selector->matchers) {
    if (matcher.op != MatchOperator::equal) return false;
    pairs.emplace_back(matcher.name, matcher.value);
  }
  labels = Labels(std::move(pairs));
  return true;
}

bool read_count(std::string_view text, std::size_t& count) noexcept {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  return failure == std::errc{} && end == text.data() + text.size();
}

// The sign that stands between start and increment of `A+BxN`, not one of a number or exponent.
std::size_t increment_sign(std::string_view item) noexcept {
  for (std::size_t i = 1; i < item.size(); ++i)
    if ((item[i] == '+' || item[i] == '-') && item[i - 1] != 'e' && item[i - 1] != 'E') return i;
  return std::string_view::npos;
}

// One word of the points: number, `_`, `stale`, each with an optional repetition.
bool read_item(std::string_view item, std::size_t points_max, std::vector<std::optional<double>>& points) {
  // 0x1f is a number, 0x10 is ten repetitions of 0: the reference reads no hexadecimal numbers here, the language's description
  // does.
  const std::size_t first_cross = item.find('x');
  const bool is_hex = (item.starts_with("0x") || item.starts_with("-0x")) &&
                      item.find_first_not_of("0123456789", first_cross + 1) != std::string_view::npos;
  const std::size_t cross = is_hex ? item.find('x', first_cross + 1) : first_cross;
  std::size_t repeat = 0;
  const std::string_view what = item.substr(0, cross);
  if (cross != std::string_view::npos && !read_count(item.substr(cross + 1), repeat)) return false;
  if (repeat > points_max || points.size() + repeat > points_max) return false;
  if (what == "_") {
    points.insert(points.end(), cross == std::string_view::npos ? 1 : repeat, std::nullopt);
    return true;
  }
  double value = 0;
  double increment = 0;
  const std::size_t sign = increment_sign(what);
  if (what == "stale") {
    value = tsdb::stale_marker();
  } else {
    if (!read_signed_number(what.substr(0, sign), value)) return false;
    if (sign != std::string_view::npos && !read_signed_number(what.substr(sign), increment)) return false;
    if (sign != std::string_view::npos && cross == std::string_view::npos) return false;
  }
  points.emplace_back(value);
  for (std::size_t i = 0; i < repeat; ++i) {
    // As the reference: added up step by step.
    if (!tsdb::is_stale(value)) value += increment;
    points.emplace_back(value);
  }
  return true;
}

}  // namespace

bool read_signed_number(std::string_view text, double& value) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !read_number(text, value)) return false;
  if (is_negative) value = -value;
  return true;
}

Result<SeriesLine> read_series_line(std::string_view line, std::size_t points_max) {
  SeriesLine out;
  const std::size_t end = end_of_labels(line);
  if (end == std::string_view::npos || !read_labels(line.substr(0, end), out.labels))
    return wrong(line, "expected a metric name with labels");
  std::string_view rest = line.substr(end);
  if (rest.starts_with("@st")) {
    out.has_start_times = true;
    return out;
  }
  if (rest.find("{{") != std::string_view::npos) {
    out.has_histogram = true;
    return out;
  }
  constexpr std::string_view blanks = " \t";
  for (;;) {
    const std::size_t begin = rest.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return out;
    const std::size_t length = rest.find_first_of(blanks, begin) - begin;
    const std::string_view item = rest.substr(begin, length);
    if (!read_item(item, points_max, out.points)) return wrong(line, "expected a point instead of \"" + std::string(item) + "\"");
    rest = begin + item.size() < rest.size() ? rest.substr(begin + item.size()) : std::string_view();
  }
}

}  // namespace watchbill::metrics::promql
