#include "metrics/promql/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/characters.h"
#include "base/json.h"

namespace watchbill::metrics::promql {
namespace {

constexpr std::pair<std::string_view, Keyword> keywords[] = {
    {"and", Keyword::and_}, {"or", Keyword::or_}, {"unless", Keyword::unless}, {"atan2", Keyword::atan2},
    {"avg", Keyword::avg}, {"bottomk", Keyword::bottomk}, {"count", Keyword::count}, {"count_values", Keyword::count_values},
    {"group", Keyword::group}, {"limitk", Keyword::limitk}, {"limit_ratio", Keyword::limit_ratio}, {"max", Keyword::max},
    {"min", Keyword::min}, {"quantile", Keyword::quantile}, {"stddev", Keyword::stddev}, {"stdvar", Keyword::stdvar},
    {"sum", Keyword::sum}, {"topk", Keyword::topk}, {"offset", Keyword::offset}, {"smoothed", Keyword::smoothed},
    {"anchored", Keyword::anchored}, {"by", Keyword::by}, {"without", Keyword::without}, {"on", Keyword::on},
    {"ignoring", Keyword::ignoring}, {"group_left", Keyword::group_left}, {"group_right", Keyword::group_right},
    {"bool", Keyword::bool_}, {"fill", Keyword::fill}, {"fill_left", Keyword::fill_left}, {"fill_right", Keyword::fill_right},
    {"start", Keyword::start}, {"end", Keyword::end}, {"step", Keyword::step}, {"range", Keyword::range},
    {"min_of", Keyword::min_of}, {"max_of", Keyword::max_of},
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_hex_digit(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_lower(std::string_view text, std::string_view lower_text) noexcept {
  return text.size() == lower_text.size() &&
         std::equal(text.begin(), text.end(), lower_text.begin(), [](char a, char b) { return lower(a) == b; });
}

Keyword keyword_of(std::string_view text) noexcept {
  for (const auto& [name, keyword] : keywords)
    if (equals_lower(text, name)) return keyword;
  return Keyword::none;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : text_(text) {}

  Result<std::vector<Token>, ExpressionError> run() {
    tokens_.reserve(text_.size() / 4 + 2);
    for (;;) {
      skip_blanks();
      begin_ = at_;
      if (at_ == text_.size()) break;
      if (!next()) return fail_;
    }
    put(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_blanks() noexcept {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\r') ++at_;
      } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
        return;
      }
    }
  }

  void put(TokenKind kind, Keyword keyword = Keyword::none) {
    tokens_.push_back(Token{kind, keyword, Span{static_cast<std::uint32_t>(begin_), static_cast<std::uint32_t>(at_)}});
  }
  bool put_bytes(TokenKind kind, std::size_t count) {
    at_ += count;
    put(kind);
    return true;
  }
  bool refuse(std::size_t offset, std::string message) {
    fail_ = expression_error(text_, static_cast<std::uint32_t>(offset), ExpressionRefusal::bad_character, std::move(message));
    return false;
  }

  bool next() {
    const char c = peek();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_or_duration();
    if (is_letter(c) || (c == ':' && bracket_depth_ == 0 && !in_braces_)) return identifier();
    if (c == '"' || c == '\'' || c == '`') return string(c);
    switch (c) {
      case '(': return put_bytes(TokenKind::left_paren, 1);
      case ')': return put_bytes(TokenKind::right_paren, 1);
      case '{': in_braces_ = true; return put_bytes(TokenKind::left_brace, 1);
      case '}': in_braces_ = false; return put_bytes(TokenKind::right_brace, 1);
      case '[': ++bracket_depth_; return put_bytes(TokenKind::left_bracket, 1);
      case ']':
        if (bracket_depth_ > 0) --bracket_depth_;
        return put_bytes(TokenKind::right_bracket, 1);
      case ',': return put_bytes(TokenKind::comma, 1);
      case ':': return put_bytes(TokenKind::colon, 1);
      case '@': return put_bytes(TokenKind::at, 1);
      case '+': return put_bytes(TokenKind::add, 1);
      case '-': return put_bytes(TokenKind::subtract, 1);
      case '*': return put_bytes(TokenKind::multiply, 1);
      case '/': return put_bytes(TokenKind::divide, 1);
      case '%': return put_bytes(TokenKind::modulo, 1);
      case '^': return put_bytes(TokenKind::power, 1);
      case '=': case '!': case '<': case '>': return comparison(c);
      default: return refuse(at_, fmt::format("unexpected character: {}", shown_character()));
    }
  }

  bool comparison(char c) {
    const char second = peek(1);
    switch (c) {
      case '=':
        if (second == '=') return put_bytes(TokenKind::equal_equal, 2);
        return second == '~' ? put_bytes(TokenKind::match_regex, 2) : put_bytes(TokenKind::equal, 1);
      case '!':
        if (second == '=') return put_bytes(TokenKind::not_equal, 2);
        if (second == '~') return put_bytes(TokenKind::not_match_regex, 2);
        return refuse(at_ + 1, "unexpected character after '!': expected \"=\" or \"~\"");
      case '<':
        if (second == '/') return put_bytes(TokenKind::trim_upper, 2);
        return second == '=' ? put_bytes(TokenKind::less_or_equal, 2) : put_bytes(TokenKind::less, 1);
      default:
        if (second == '/') return put_bytes(TokenKind::trim_lower, 2);
        return second == '=' ? put_bytes(TokenKind::greater_or_equal, 2) : put_bytes(TokenKind::greater, 1);
    }
  }

  // The whole character for a message, escaped where it is not printable UTF-8.
  [[nodiscard]] std::string shown_character() const {
    std::size_t length = 1;
    while (length < 4 && at_ + length < text_.size() && (static_cast<unsigned char>(text_[at_ + length]) & 0xC0U) == 0x80U)
      ++length;
    const std::string_view bytes = text_.substr(at_, length);
    const auto first = static_cast<unsigned char>(bytes.front());
    if (first >= 0x20 && first != 0x7F && find_invalid_utf8(bytes) == std::string_view::npos) return fmt::format("'{}'", bytes);
    return fmt::format("'\\x{:02x}'", first);
  }

  bool identifier() {
    const bool takes_colon = bracket_depth_ == 0 && !in_braces_;
    while (is_letter(peek()) || is_digit(peek()) || (takes_colon && peek() == ':')) ++at_;
    const std::string_view name = text_.substr(begin_, at_ - begin_);
    if (!in_braces_ && (equals_lower(name, "inf") || equals_lower(name, "nan"))) {
      put(TokenKind::number);
    } else {
      put(TokenKind::identifier, keyword_of(name));
    }
    return true;
  }

  bool number_or_duration() {
    TokenKind kind = TokenKind::number;
    if (peek() == '0' && lower(peek(1)) == 'x') {
      at_ += 2;
      while (is_hex_digit(peek()) || peek() == '_') ++at_;
    } else {
      while (is_digit(peek()) || peek() == '_') ++at_;
      if (is_unit_letter(peek())) {
        kind = TokenKind::duration;
        while (is_digit(peek()) || is_unit_letter(peek())) ++at_;
      } else {
        fraction_and_exponent();
      }
    }
    if (is_letter(peek()) || is_digit(peek()) || peek() == '.') {
      while (is_letter(peek()) || is_digit(peek()) || peek() == '.') ++at_;
      return refuse(begin_, fmt::format("bad number or duration syntax: \"{}\"", text_.substr(begin_, at_ - begin_)));
    }
    put(kind);
    return true;
  }
  static bool is_unit_letter(char c) noexcept {
    return std::string_view("smhdwy").find(c) != std::string_view::npos && c != '\0';
  }
  void fraction_and_exponent() noexcept {
    if (peek() == '.') ++at_;
    while (is_digit(peek()) || peek() == '_') ++at_;
    if (lower(peek()) != 'e') return;
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    while (is_digit(peek())) ++at_;
  }

  bool string(char quote) {
    ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) return put_bytes(TokenKind::string, 1);
      if (quote == '`') continue;
      if (c == '\n') return refuse(begin_, "unterminated quoted string");
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    }
    return refuse(begin_, quote == '`' ? "unterminated raw string" : "unterminated quoted string");
  }

  std::string_view text_;
  std::size_t at_{0};
  std::size_t begin_{0};
  std::uint32_t bracket_depth_{0};
  bool in_braces_{false};
  std::vector<Token> tokens_;
  ExpressionError fail_;
};

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

// Reads exactly `count` digits of `base` at `at`; false when there are fewer.
bool read_code(std::string_view text, std::size_t at, std::size_t count, int base, std::uint32_t& code) noexcept {
  if (at + count > text.size()) return false;
  const char* const begin = text.data() + at;
  const auto [end, failure] = std::from_chars(begin, begin + count, code, base);
  return failure == std::errc{} && end == begin + count;
}

// Reads one escape that begins with the backslash at `at`, which it moves behind it. Null when well, else what is wrong.
const char* read_escape(std::string_view body, std::size_t& at, char quote, std::string& out) {
  constexpr std::string_view names = "abfnrtv\\";
  constexpr std::string_view values = "\a\b\f\n\r\t\v\\";
  const char c = at + 1 < body.size() ? body[at + 1] : '\0';
  if (const std::size_t index = names.find(c); index != std::string_view::npos && c != '\0') {
    out.push_back(values[index]);
    at += 2;
    return nullptr;
  }
  if (c == quote) {
    out.push_back(quote);
    at += 2;
    return nullptr;
  }
  std::uint32_t code = 0;
  if (c >= '0' && c <= '7') {
    if (!read_code(body, at + 1, 3, 8, code)) return "escape sequence is not three octal digits";
    if (code > 255) return "escape sequence is above \\377";
    out.push_back(static_cast<char>(code));
    at += 4;
    return nullptr;
  }
  const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return "unknown escape sequence";
  if (!read_code(body, at + 2, digits, 16, code)) return "escape sequence has too few hexadecimal digits";
  if (c == 'x') {
    out.push_back(static_cast<char>(code));
  } else {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return "escape sequence is an invalid Unicode code point";
    append_utf8(out, code);
  }
  at += 2 + digits;
  return nullptr;
}

// A separator stands between two digits, or between a base prefix and a digit.
bool underscores_are_well_placed(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    const bool after_digit = i > 0 && (is_hex_digit(text[i - 1]) || lower(text[i - 1]) == 'x');
    if (!after_digit || i + 1 >= text.size() || !is_hex_digit(text[i + 1])) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<Token>, ExpressionError> tokenize(std::string_view text) { return Lexer(text).run(); }

std::string describe(std::string_view text, const Token& token) {
  if (token.kind == TokenKind::end) return "end of input";
  constexpr std::size_t shown_bytes_max = 60;  // an error names the place; the whole literal is in the expression
  std::string_view shown = text.substr(token.span.begin, token.span.end - token.span.begin);
  return fmt::format("\"{}{}\"", beginning_of(shown, shown_bytes_max), shown.size() > shown_bytes_max ? "…" : "");
}

Result<std::string, ExpressionError> unquote(std::string_view literal) {
  const auto refuse = [literal](std::size_t offset, std::string message) {
    return expression_error(literal, static_cast<std::uint32_t>(offset), ExpressionRefusal::bad_character, std::move(message));
  };
  constexpr std::string_view quotes = "\"'`";
  if (literal.size() < 2 || literal.front() != literal.back() || quotes.find(literal.front()) == std::string_view::npos)
    return refuse(0, "expected a quoted string");
  const char quote = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  if (quote == '`') {
    if (const std::size_t inner = body.find('`'); inner != std::string_view::npos)
      return refuse(inner + 1, "raw string ends early");
    return std::string(body);
  }
  std::string out;
  out.reserve(body.size());
  for (std::size_t at = 0; at < body.size();) {
    if (body[at] == quote || body[at] == '\n') return refuse(at + 1, "quoted string ends early");
    if (body[at] != '\\') {
      out.push_back(body[at++]);
      continue;
    }
    const std::size_t escape_at = at;
    if (const char* wrong = read_escape(body, at, quote, out)) return refuse(escape_at + 1, wrong);
  }
  return out;
}

bool read_number(std::string_view text, double& value) {
  if (equals_lower(text, "inf")) return value = std::numeric_limits<double>::infinity(), true;
  if (equals_lower(text, "nan")) return value = std::numeric_limits<double>::quiet_NaN(), true;
  if (!underscores_are_well_placed(text)) return false;
  std::string plain(text);
  std::erase(plain, '_');
  const char* const begin = plain.data();
  const char* const end = begin + plain.size();
  std::int64_t integer = 0;
  if (plain.size() > 2 && lower(plain[1]) == 'x') {
    const auto [after, failure] = std::from_chars(begin + 2, end, integer, 16);
    return value = static_cast<double>(integer), failure == std::errc{} && after == end;
  }
  if (plain.size() > 1 && plain[0] == '0' && plain.find_first_not_of("01234567") == std::string::npos) {
    const auto [after, failure] = std::from_chars(begin, end, integer, 8);
    if (failure == std::errc{} && after == end) return value = static_cast<double>(integer), true;
  }
  const auto [after, failure] = std::from_chars(begin, end, value);
  if (after != end) return false;
  if (failure == std::errc{}) return true;
  // Out of range is refused when too large; Go reads what is too small as 0.
  if (failure != std::errc::result_out_of_range) return false;
  const std::size_t exponent = plain.find_first_of("eE");
  return value = 0, exponent != std::string::npos && exponent + 1 < plain.size() && plain[exponent + 1] == '-';
}

}  // namespace watchbill::metrics::promql
