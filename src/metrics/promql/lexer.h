// Cuts the text of a PromQL expression into tokens. Source: Prometheus 3 (comments, strings, numbers, durations, keywords).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/promql/position.h"

namespace watchbill::metrics::promql {

enum class TokenKind : std::uint8_t {
  end, left_paren, right_paren, left_brace, right_brace, left_bracket, right_bracket, comma, colon, at,
  equal, match_regex, not_match_regex,  // = =~ !~ of matchers; != is not_equal
  add, subtract, multiply, divide, modulo, power,
  equal_equal, not_equal, less, less_or_equal, greater, greater_or_equal, trim_upper, trim_lower,  // the last two: </ >/
  number, duration, string, identifier,
};

// Keywords are identifiers first: most of them may also name a metric or a label.
enum class Keyword : std::uint8_t {
  none,
  and_, or_, unless, atan2,
  avg, bottomk, count, count_values, group, limitk, limit_ratio, max, min, quantile, stddev, stdvar, sum, topk,
  offset, smoothed, anchored, by, without, on, ignoring, group_left, group_right, bool_, fill, fill_left, fill_right,
  start, end, step, range, min_of, max_of,
};

struct Token {
  TokenKind kind{TokenKind::end};
  Keyword keyword{Keyword::none};  // of identifiers
  Span span;
};

// Gives the tokens of `text`, the last one `end`. Fails with bad_character at the first byte that fits no token.
// `text` must be shorter than 4 GiB; the parser's limit is far below.
[[nodiscard]] Result<std::vector<Token>, ExpressionError> tokenize(std::string_view text);

// For messages: `"foo"` of a token's text, or "end of input".
[[nodiscard]] std::string describe(std::string_view text, const Token& token);

// The value of a string token's text with its quotes: Go's escapes in "…" and '…', none in `…`. May hold any bytes.
// Fails with bad_character; the offset is relative to `literal`.
[[nodiscard]] Result<std::string, ExpressionError> unquote(std::string_view literal);

// The value of a number token: decimal, 0x…, 0… (octal, as Go reads it), with single underscores between digits, Inf, NaN.
// False when it is no such number or beyond what a double holds.
[[nodiscard]] bool read_number(std::string_view text, double& value);

}  // namespace watchbill::metrics::promql
