#include "metrics/promql/test_series.h"

#include <charconv>
#include <utility>

#include "base/time.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/text.h"
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

// A duration with a sign, in milliseconds: "-1m", "+30s", "0".
bool read_offset(std::string_view text, double& ms) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const Result<Duration> duration = parse_duration(text);
  if (!duration) return false;
  ms = static_cast<double>(is_negative ? -duration->ms : duration->ms);
  return true;
}

// One word of the points: number, `_`, `stale`, each with an optional repetition.
using ReadNumber = bool(std::string_view text, double& value);
bool read_item(std::string_view item, std::size_t points_max, ReadNumber& read, std::vector<std::optional<double>>& points) {
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
  if (what == "stale" && &read == &read_signed_number) {
    value = tsdb::stale_marker();
  } else {
    if (!read(what.substr(0, sign), value)) return false;
    if (sign != std::string_view::npos && !read(what.substr(sign), increment)) return false;
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

// `{{…}}`, `{{…}}xN`, `{{…}}+{{…}}xN` or `{{…}}-{{…}}xN`.
class HistogramItem {
 public:
  HistogramItem(SeriesLine& out, std::size_t points_max) noexcept : out_(out), points_max_(points_max) {}

  // Takes it off the front of `rest`.
  Status read(std::string_view& rest) {
    Result<histogram::Notation> first = take(rest);
    if (!first) return first.error();
    const bool is_sum = rest.starts_with('+');
    std::optional<histogram::Notation> step;
    if (is_sum || rest.starts_with("-{{")) {
      rest.remove_prefix(1);
      Result<histogram::Notation> second = take(rest);
      if (!second) return second.error();
      step = std::move(*second);
    }
    std::size_t repeat = 0;
    const std::string_view times = rest.substr(0, rest.find_first_of(" \t"));
    if (step || !times.empty()) {
      if (!times.starts_with('x') || !read_count(times.substr(1), repeat)) return expected("xN, how often, behind }}");
      rest.remove_prefix(times.size());
    }
    if (repeat > points_max_ || out_.points.size() + repeat > points_max_) return expected("fewer points");
    put(first->histogram, first->names_hint);
    for (; repeat > 0; --repeat) {
      if (step) {
        const histogram::Notes notes =
            is_sum ? add(first->histogram, step->histogram) : subtract(first->histogram, step->histogram);
        if (notes.is_incompatible) return expected("histograms of one kind: exponential or with custom buckets");
      }
      put(first->histogram, first->names_hint);
    }
    return {};
  }

 private:
  static Error expected(std::string what) { return {ErrorKind::invalid, "read", "a histogram", "expected " + std::move(what)}; }

  static Result<histogram::Notation> take(std::string_view& rest) {
    Result<histogram::Notation> read = histogram::read_notation(rest);
    if (read) rest.remove_prefix(read->bytes);
    return read;
  }

  void put(const histogram::Histogram& histogram, bool names_hint) {
    out_.points.emplace_back(out_.histograms.put(histogram));
    out_.names_hint.push_back(names_hint);
  }

  SeriesLine& out_;
  const std::size_t points_max_;
};

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
    out.holds_start_times = true;
    rest.remove_prefix(3);
  }
  constexpr std::string_view blanks = " \t";
  for (;;) {
    const std::size_t begin = rest.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return out;
    rest.remove_prefix(begin);
    if (rest.starts_with("{{") && !out.holds_start_times) {
      if (Status read = HistogramItem(out, points_max).read(rest); !read) return wrong(line, read.error().detail);
      continue;
    }
    const std::string_view item = rest.substr(0, rest.find_first_of(blanks));
    if (!read_item(item, points_max, out.holds_start_times ? read_offset : read_signed_number, out.points))
      return wrong(line, "expected a point instead of \"" + std::string(item) + "\"");
    rest.remove_prefix(item.size());
  }
}

}  // namespace watchbill::metrics::promql
