// Where something stands in the text of an expression, and how a refused expression is reported.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace watchbill::metrics::promql {

// A half-open range of bytes of the expression's text.
struct Span {
  std::uint32_t begin{0};
  std::uint32_t end{0};
};

// A place for people: line and column count from 1, columns in bytes.
struct Position {
  std::uint32_t offset{0};
  std::uint32_t line{1};
  std::uint32_t column{1};
};

// The place of byte `offset` of `text`; an offset beyond the end is the end. O(offset).
[[nodiscard]] Position position_of(std::string_view text, std::uint32_t offset) noexcept;

// Why an expression was refused before anything was evaluated.
enum class ExpressionRefusal : std::uint8_t {
  too_long,              // more bytes than the limit
  too_deep,              // nested deeper than the limit
  bad_character,         // a character, string, escape, number or duration that no token can begin with or hold
  unexpected_token,      // the grammar expected something else here
  bad_modifier,          // offset, @, bool, matching or fill where it has no meaning
  bad_selector,          // matchers that would select everything, a bad regular expression, two metric names
  bad_duration,          // zero or negative range or step, or one beyond the limit
  unknown_function,      // no PromQL function has this name
  wrong_argument_count,  // too few or too many arguments
  wrong_type,            // a scalar where a vector is needed, and the like
};

// The stable word of a refusal, for JSON and metrics.
[[nodiscard]] std::string_view word(ExpressionRefusal refusal) noexcept;

// One refused expression: reason, place, what was found and what was expected.
struct ExpressionError {
  ExpressionRefusal reason{ExpressionRefusal::unexpected_token};
  Position at;
  std::string message;  // without the position: `unexpected ")": expected an expression`

  // "1:5: parse error: MESSAGE"; line and column as Prometheus counts them.
  [[nodiscard]] std::string text() const;
};

// Fills in line and column of byte `offset` of `text`.
[[nodiscard]] ExpressionError expression_error(std::string_view text, std::uint32_t offset, ExpressionRefusal reason,
                                               std::string message);

}  // namespace watchbill::metrics::promql
