#include "config/expressions.h"

#include <charconv>

#include <fmt/core.h>

#include "config/values.h"
#include "metrics/promql/parser.h"

namespace watchbill::config {
namespace {

namespace promql = metrics::promql;
namespace templates = text_template;

constexpr std::string_view template_name = "template";

// The byte at a line and column (bytes, from 1) of a text.
std::size_t offset_of(std::string_view text, std::uint32_t line, std::uint32_t column) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const std::size_t next = text.find('\n', begin);
    if (next == std::string_view::npos) break;
    begin = next + 1;
  }
  return std::min(begin + column - 1, text.size());
}

// Where an error of the template engine points: its `on` is "NAME:LINE:COLUMN".
std::size_t offset_of(std::string_view text, const Error& error) {
  std::string_view rest = error.on;
  if (!rest.starts_with(template_name) || rest.size() <= template_name.size() + 1) return 0;
  rest.remove_prefix(template_name.size() + 1);
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  const char* const end = rest.data() + rest.size();
  const auto [colon, failure] = std::from_chars(rest.data(), end, line);
  if (failure != std::errc{} || colon == end) return 0;
  std::from_chars(colon + 1, end, column);
  return column == 0 ? 0 : offset_of(text, line, column);
}

void complain(const Cursor& at, const promql::ExpressionError& error) {
  at.complain_in(error.at.offset, "bad_expression", error.message);
}

std::optional<promql::Expression> read_expression_of(const Cursor& at) {
  std::string text;
  read(at, text);
  if (at.node().kind != NodeKind::scalar || is_null(at.node())) return std::nullopt;
  auto expression = promql::parse(text);
  if (expression) return std::move(*expression);
  complain(at, expression.error());
  return std::nullopt;
}

// The text with every action of a template replaced by as many letters: what it will be, as far as syntax goes.
std::string without_actions(std::string text) {
  for (std::size_t begin = text.find("{{"); begin != std::string::npos; begin = text.find("{{", begin)) {
    const std::size_t close = text.find("}}", begin);
    const std::size_t end = close == std::string::npos ? text.size() : close + 2;
    for (std::size_t i = begin; i < end; ++i) text[i] = text[i] == '\n' ? '\n' : 'x';
  }
  return text;
}

}  // namespace

std::size_t offset_in_template(std::string_view text, std::uint32_t line, std::uint32_t column) {
  return column == 0 ? 0 : offset_of(text, line, column);
}

void read_expression(const Cursor& at, std::string& out) {
  if (read_expression_of(at)) out = at.node().text;
}

void read_instant_vector(const Cursor& at, std::string& out) {
  const auto expression = read_expression_of(at);
  if (!expression) return;
  if (expression->type() != promql::ValueType::instant_vector)
    return at.complain("out_of_range", "expected an instant vector, such as up == 1");
  out = at.node().text;
}

void read_condition(const Cursor& at, std::string& out) {
  std::string text;
  read_filled(at, text);
  if (text.empty()) return;
  const auto expression = promql::parse_condition(without_actions(text));
  if (!expression) return complain(at, expression.error());
  out = std::move(text);
}

std::optional<templates::Template> check_template(const Cursor& at, templates::Place place, const templates::Shape& names) {
  const std::string& text = at.node().text;
  Result<templates::Template> parsed = templates::parse({template_name, text}, place);
  if (!parsed) {
    at.complain_in(offset_of(text, parsed.error()), "bad_template", parsed.error().detail);
    return std::nullopt;
  }
  const templates::Analysis analysis = templates::analyse(*parsed, names);
  for (const templates::Finding& finding : analysis.findings)
    at.complain_in(offset_of(text, finding.line, finding.column), "unknown_name", finding.error.detail);
  if (!analysis.findings.empty()) return std::nullopt;
  return std::move(*parsed);
}

std::optional<std::string> expand(const Cursor& at, const templates::Value& data, const templates::Shape& names) {
  const std::optional<templates::Template> parsed = check_template(at, templates::Place::plan, names);
  if (!parsed) return std::nullopt;
  templates::RenderOptions options;
  options.missing_key = templates::MissingKey::error;
  Result<std::string> text = templates::render_text(*parsed, data, options);
  if (text) return std::move(*text);
  at.complain_in(offset_of(at.node().text, text.error()), "bad_template", text.error().detail);
  return std::nullopt;
}

}  // namespace watchbill::config
