// The operators of PromQL: binary, aggregating, matching.
#pragma once

#include <cstdint>
#include <string_view>

namespace watchbill::metrics::promql {

enum class BinaryOperator : std::uint8_t {
  add, subtract, multiply, divide, modulo, power, atan2,
  equal, not_equal, less, less_or_equal, greater, greater_or_equal,
  and_, or_, unless,
  trim_upper, trim_lower,  // </ and >/ of native histograms
};
[[nodiscard]] std::string_view text_of(BinaryOperator op) noexcept;
[[nodiscard]] constexpr bool is_comparison(BinaryOperator op) noexcept {
  return op >= BinaryOperator::equal && op <= BinaryOperator::greater_or_equal;
}
[[nodiscard]] constexpr bool is_set_operator(BinaryOperator op) noexcept {
  return op >= BinaryOperator::and_ && op <= BinaryOperator::unless;
}

enum class AggregateOperator : std::uint8_t {
  sum, avg, min, max, count, group, stddev, stdvar, topk, bottomk, quantile, count_values, limitk, limit_ratio,
};
[[nodiscard]] std::string_view text_of(AggregateOperator op) noexcept;
[[nodiscard]] constexpr bool takes_parameter(AggregateOperator op) noexcept { return op >= AggregateOperator::topk; }

enum class MatchOperator : std::uint8_t { equal, not_equal, regex, not_regex };
[[nodiscard]] std::string_view text_of(MatchOperator op) noexcept;

}  // namespace watchbill::metrics::promql
