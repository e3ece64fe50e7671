#include "model/matcher/matcher.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/characters.h"
#include "base/json.h"

namespace watchbill {
namespace {

// The longer ones first, as `=` begins `=~`.
constexpr std::array<std::pair<std::string_view, MatcherKind>, 4> operators{{{"=~", MatcherKind::regex},
                                                                             {"!~", MatcherKind::not_regex},
                                                                             {"!=", MatcherKind::not_equal},
                                                                             {"=", MatcherKind::equal}}};
// What Go's \s matches.
constexpr std::string_view blanks = " \t\n\f\r";
constexpr std::string_view name_letters = "0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

bool is_pattern(MatcherKind kind) noexcept { return kind == MatcherKind::regex || kind == MatcherKind::not_regex; }

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + '"';
}

// What stands at a place, for a message.
std::string found(std::string_view rest) { return rest.empty() ? "found nothing" : "found " + in_quotes(beginning_of(rest, 24)); }

// A part of a text that knows where it begins.
struct Piece {
  std::string_view text;
  std::size_t offset{0};
};

Piece part(const Piece& of, std::size_t begin, std::size_t end = std::string_view::npos) {
  return {of.text.substr(begin, end - begin), of.offset + begin};
}

Piece trimmed_piece(const Piece& piece) {
  const std::size_t begin = piece.text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return part(piece, piece.text.size());
  return part(piece, begin, piece.text.find_last_not_of(blanks) + 1);
}

// Takes the escapes out of what stands between quotes, or without them, up to the first quote that is not escaped. Gives how many
// bytes were read.
std::size_t unescape(std::string_view text, std::string& out) {
  std::size_t i = 0;
  for (; i < text.size() && text[i] != '"'; ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n') out += '\n';
    else if (next == '"' || next == '\\') out += next;
    else out += text[i];
    if (next == 'n' || next == '"' || next == '\\') ++i;
  }
  return i;
}

// Takes the name off the front.
Result<std::string, MatcherError> take_name(Piece& rest) {
  std::string name;
  if (rest.text.starts_with('"')) {
    const std::size_t end = 1 + unescape(rest.text.substr(1), name);
    if (end >= rest.text.size()) return MatcherError{rest.offset, "expected a second \" behind the name, " + found(rest.text)};
    if (name.empty()) return MatcherError{rest.offset, "expected the name of a label, found an empty one"};
    rest = part(rest, end + 1);
    return name;
  }
  const std::size_t end = std::min(rest.text.find_first_not_of(name_letters), rest.text.size());
  if (end == 0 || !is_metric_name(rest.text.substr(0, end)))
    return MatcherError{rest.offset, "expected the name of a label (letters, digits, _ and :, no digit first; others in double "
                                     "quotes), " + found(rest.text)};
  name = rest.text.substr(0, end);
  rest = part(rest, end);
  return name;
}

Result<std::string, MatcherError> read_value(const Piece& piece) {
  std::string value;
  const bool has_quotes = piece.text.starts_with('"');
  const std::size_t begin = has_quotes ? 1 : 0;
  const std::size_t end = begin + unescape(piece.text.substr(begin), value);
  if (has_quotes && end == piece.text.size())
    return MatcherError{piece.offset, "expected a second \" behind the value, " + found(piece.text)};
  if (has_quotes && end + 1 < piece.text.size())
    return MatcherError{piece.offset + end + 1, "expected the end or a comma behind the value, " +
                                                    found(piece.text.substr(end + 1)) + ": a quote in a value is written \\\""};
  if (!has_quotes && end < piece.text.size())
    return MatcherError{piece.offset + end, "expected no double quote in the value, " + found(piece.text) +
                                                ": write it as \\\", or the whole value in quotes"};
  return value;
}

Result<LabelMatcher, MatcherError> read_one(const Piece& piece) {
  Piece rest = trimmed_piece(piece);
  Result<std::string, MatcherError> name = take_name(rest);
  if (!name) return std::move(name.error());
  rest = trimmed_piece(rest);
  const auto found_operator = std::find_if(operators.begin(), operators.end(),
                                           [&](const auto& each) { return rest.text.starts_with(each.first); });
  if (found_operator == operators.end())
    return MatcherError{rest.offset, "expected =, !=, =~ or !~ behind the name " + *name + ", " + found(rest.text)};
  rest = trimmed_piece(part(rest, found_operator->first.size()));
  Result<std::string, MatcherError> value = read_value(rest);
  if (!value) return std::move(value.error());
  LabelMatcher out{found_operator->second, std::move(*name), std::move(*value)};
  if (std::optional<MatcherError> fault = find_fault(out)) return MatcherError{rest.offset, std::move(fault->text)};
  return out;
}

// The text between commas that stand in no quotes. What is empty behind the last comma is none.
std::vector<Piece> split(const Piece& list) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < list.text.size(); ++i) {
    const char c = list.text[i];
    const char next = i + 1 < list.text.size() ? list.text[i + 1] : '\0';
    if (c == '\\' && (next == '"' || next == '\\')) ++i;
    else if (c == '"') is_quoted = !is_quoted;
    if (c != ',' || is_quoted) continue;
    pieces.push_back(part(list, begin, i));
    begin = i + 1;
  }
  if (list.text.find_first_not_of(blanks, begin) != std::string_view::npos) pieces.push_back(part(list, begin));
  return pieces;
}

Piece without_braces(std::string_view text) {
  const Piece whole{text, 0};
  const Piece inner = trimmed_piece(whole);
  // Both may have blanks around them, as newer releases take it. One alone is taken off only at the very end, as 0.25 does it.
  if (inner.text.size() >= 2 && inner.text.front() == '{' && inner.text.back() == '}')
    return part(inner, 1, inner.text.size() - 1);
  const std::size_t begin = text.starts_with('{') ? 1 : 0;
  return part(whole, begin, text.size() - (text.size() > begin && text.back() == '}' ? 1 : 0));
}

// What is wrong with the text before any of it is read.
std::optional<MatcherError> find_unreadable(std::string_view text) {
  if (text.size() > matcher_text_bytes_max)
    return MatcherError{0, "a text of " + std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(matcher_text_bytes_max) + " are read: split it into several matchers"};
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid == std::string_view::npos) return std::nullopt;
  return MatcherError{invalid, "expected UTF-8"};
}

Error error_of(std::string_view text, const MatcherError& error) {
  constexpr std::size_t shown_bytes_max = 200;
  const std::string shown = text.size() > shown_bytes_max || find_invalid_utf8(text) != std::string_view::npos
                                ? "of " + std::to_string(text.size()) + " bytes"
                                : std::string(text);
  return {ErrorKind::invalid, "read the matcher", shown, error.text + ", at byte " + std::to_string(error.offset + 1)};
}

}  // namespace

std::string_view symbol(MatcherKind kind) noexcept {
  return std::find_if(operators.begin(), operators.end(), [&](const auto& each) { return each.second == kind; })->first;
}

std::string text(const LabelMatcher& matcher) {
  std::string out = is_metric_name(matcher.name) ? matcher.name : in_quotes(matcher.name);
  return out + std::string(symbol(matcher.kind)) + in_quotes(matcher.value);
}

std::string text(const std::vector<LabelMatcher>& matchers) {
  std::string out;
  for (const LabelMatcher& each : matchers) out += (out.empty() ? "{" : ",") + text(each);
  return out.empty() ? "{}" : out + "}";
}

std::optional<MatcherError> find_fault(const LabelMatcher& matcher) {
  if (!is_pattern(matcher.kind)) return std::nullopt;
  const Result<Pattern> pattern =
      matcher.value.size() > matcher_text_bytes_max
          ? Error{ErrorKind::invalid, "", "", "it has more than " + std::to_string(matcher_text_bytes_max) + " bytes"}
          : Pattern::compile(matcher.value, {.captures = false});
  if (pattern) return std::nullopt;
  return MatcherError{0, "expected a regular expression (RE2), " + found(matcher.value) + ": " +
                             std::string(beginning_of(pattern.error().detail, 120))};
}

Result<LabelMatcher> parse_matcher(std::string_view text) {
  if (const std::optional<MatcherError> error = find_unreadable(text)) return error_of(text, *error);
  Result<LabelMatcher, MatcherError> matcher = read_one({text, 0});
  if (!matcher) return error_of(text, matcher.error());
  return std::move(*matcher);
}

Result<std::vector<LabelMatcher>, MatcherError> read_matchers(std::string_view text) {
  if (std::optional<MatcherError> error = find_unreadable(text)) return std::move(*error);
  const std::vector<Piece> pieces = split(without_braces(text));
  if (pieces.size() > matcher_count_max)
    return MatcherError{pieces[matcher_count_max].offset,
                        std::to_string(pieces.size()) + " matchers; at most " + std::to_string(matcher_count_max) + " are read"};
  std::vector<LabelMatcher> out;
  for (const Piece& piece : pieces) {
    Result<LabelMatcher, MatcherError> matcher = read_one(piece);
    if (!matcher) return std::move(matcher.error());
    out.push_back(std::move(*matcher));
  }
  return out;
}

Result<std::vector<LabelMatcher>> parse_matchers(std::string_view text) {
  Result<std::vector<LabelMatcher>, MatcherError> matchers = read_matchers(text);
  if (!matchers) return error_of(text, matchers.error());
  return std::move(*matchers);
}

Result<Matchers> Matchers::compile(const std::vector<LabelMatcher>& matchers) {
  Matchers out;
  for (const LabelMatcher& each : matchers) {
    One& one = out.all_.emplace_back(One{each.kind, each.name, each.value, std::nullopt});
    if (!is_pattern(each.kind)) continue;
    Result<Pattern> pattern = Pattern::compile(each.value, {.captures = false});
    if (!pattern) return pattern.error();
    one.pattern = std::move(*pattern);
  }
  return out;
}

bool Matchers::match(const Labels& labels) const {
  for (const One& one : all_) {
    const std::string_view value = labels.get(one.name);
    const bool is_met = one.pattern ? one.pattern->matches_whole(value) : value == one.value;
    const bool is_negative = one.kind == MatcherKind::not_equal || one.kind == MatcherKind::not_regex;
    if (is_met == is_negative) return false;
  }
  return true;
}

}  // namespace watchbill
