#include "ruletest/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "config/values.h"
#include "metrics/promql/test_series.h"

namespace watchbill::ruletest {
namespace {

using config::Cursor;

constexpr std::string_view digits = "0123456789";

bool take_whole(std::string_view text, int base, std::uint64_t& out) noexcept {
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, out, base);
  return !text.empty() && failure == std::errc{} && after == end;
}

// Go's ParseInt with base 0: a leading 0 is octal.
bool parse_integer(std::string_view text, double& out) noexcept {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text.front() == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  if (!take_whole(text, base, value)) return false;
  if (is_negative && value > std::uint64_t{1} << 63) return false;
  out = is_negative ? -static_cast<double>(value) : static_cast<double>(value);
  return true;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_decimal(std::string_view text) noexcept {
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of(digits), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  const auto take = [&text](std::string_view any) {
    const bool is_there = !text.empty() && any.find(text.front()) != std::string_view::npos;
    if (is_there) text.remove_prefix(1);
    return is_there;
  };
  take("+-");
  const bool has_whole = take_digits();
  if (take(".")) {
    if (!take_digits() && !has_whole) return false;
  } else if (!has_whole) {
    return false;
  }
  if (!take("eE")) return text.empty();
  take("+-");
  return take_digits() && text.empty();
}

bool parse_special(std::string_view text, double& out) noexcept {
  const bool is_negative = text.starts_with('-');
  std::string_view rest = text;
  if (is_negative || text.starts_with('+')) rest.remove_prefix(1);
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF") {
    out = is_negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  if (text != ".nan" && text != ".NaN" && text != ".NAN") return false;
  out = std::numeric_limits<double>::quiet_NaN();
  return true;
}

std::string_view without_blanks(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

bool parse_yaml_number(std::string_view text, double& out) noexcept {
  std::string plain;
  for (const char c : text)
    if (c != '_') plain += c;
  if (parse_integer(plain, out) || parse_special(plain, out)) return true;
  if (!is_decimal(plain)) return false;
  const std::string_view number = plain.front() == '+' ? std::string_view(plain).substr(1) : std::string_view(plain);
  const auto [after, failure] = std::from_chars(number.data(), number.data() + number.size(), out);
  return failure == std::errc{} && after == number.data() + number.size();
}

void read_number(const Cursor& at, double& out) {
  const config::Node& node = at.node();
  if (node.kind == config::NodeKind::scalar && node.style == config::ScalarStyle::plain && parse_yaml_number(node.text, out))
    return;
  const bool is_text = node.kind == config::NodeKind::scalar;
  double value = 0;
  if (is_text && node.style != config::ScalarStyle::plain && parse_yaml_number(node.text, value))
    return at.complain("wrong_type", fmt::format("expected a number, found text: write {} without quotes", node.text));
  at.expected("a number such as 1, 2.5 or 1e3; YAML writes .inf, -.inf and .nan");
}

void read_start(const Cursor& at, Instant& out) {
  constexpr double seconds_max = 253'402'300'799;  // the end of the year 9999
  std::string text;
  config::read(at, text);
  if (at.node().kind != config::NodeKind::scalar) return;
  double seconds = 0;
  if (parse_yaml_number(text, seconds)) {
    if (!(std::abs(seconds) <= seconds_max)) return at.complain("out_of_range", "expected seconds within the years 0 to 9999");
    out = Instant{static_cast<std::int64_t>(std::floor(seconds * 1000))};
    return;
  }
  const Result<Instant> instant = parse_rfc3339(text);
  if (!instant) return at.expected("seconds since 1970 or a time such as \"2026-03-01T12:00:00Z\"");
  out = *instant;
}

void read_metric(const Cursor& at, Labels& out) {
  std::string text;
  config::read(at, text);
  std::string metric(without_blanks(text));
  if (metric.empty()) return;
  // A blank may stand before the braces here, not in a series.
  if (const std::size_t brace = metric.find('{'); brace != std::string::npos && brace > 0) {
    const std::size_t name_end = metric.find_last_not_of(" \t", brace - 1) + 1;
    if (metric.find_first_of("\"'`") > brace) metric.erase(name_end, brace - name_end);
  }
  const Result<metrics::promql::SeriesLine> series = metrics::promql::read_series_line(metric, 0);
  if (!series || series->holds_start_times || !series->points.empty())
    return at.complain("bad_expression", fmt::format("expected a series such as up{{job=\"web\"}}, found {}", quoted(metric)));
  out = series->labels;
}

}  // namespace watchbill::ruletest
