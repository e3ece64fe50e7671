#include "metrics/promql/position.h"

#include <algorithm>

#include <fmt/core.h>

namespace watchbill::metrics::promql {

Position position_of(std::string_view text, std::uint32_t offset) noexcept {
  Position position;
  position.offset = static_cast<std::uint32_t>(std::min<std::size_t>(offset, text.size()));
  for (std::uint32_t i = 0; i < position.offset; ++i) {
    if (text[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
  }
  return position;
}

std::string_view word(ExpressionRefusal refusal) noexcept {
  switch (refusal) {
    case ExpressionRefusal::too_long: return "too_long";
    case ExpressionRefusal::too_deep: return "too_deep";
    case ExpressionRefusal::bad_character: return "bad_character";
    case ExpressionRefusal::unexpected_token: return "unexpected_token";
    case ExpressionRefusal::bad_modifier: return "bad_modifier";
    case ExpressionRefusal::bad_selector: return "bad_selector";
    case ExpressionRefusal::bad_duration: return "bad_duration";
    case ExpressionRefusal::unknown_function: return "unknown_function";
    case ExpressionRefusal::wrong_argument_count: return "wrong_argument_count";
    case ExpressionRefusal::wrong_type: return "wrong_type";
  }
  return "";
}

std::string ExpressionError::text() const { return fmt::format("{}:{}: parse error: {}", at.line, at.column, message); }

ExpressionError expression_error(std::string_view text, std::uint32_t offset, ExpressionRefusal reason, std::string message) {
  return ExpressionError{reason, position_of(text, offset), std::move(message)};
}

}  // namespace watchbill::metrics::promql
