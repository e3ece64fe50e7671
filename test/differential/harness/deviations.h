// Where watchbill, asked with the semantics of Prometheus 2, may answer otherwise than Prometheus 2.42: the one list, by class of
// expression, with the reason. What is in no class must be answered alike, digit by digit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "metrics/promql/ast.h"

namespace watchbill::differential {

enum class Deviation : std::uint8_t {
  library_digits,
  order_of_sums,
  ties_of_top,
  label_names,
  calendar_of_no_time,
  window_read_anew,
  parameter_read_once,
  subquery_without_steps,
  time_without_offset,
  native_interpolation,
  native_sums,
};
inline constexpr std::size_t deviation_count = 11;
struct DeviationRow {
  Deviation deviation;
  std::string_view name;
  std::string_view reason;
};
// All of them.
[[nodiscard]] std::span<const DeviationRow> deviations() noexcept;
[[nodiscard]] const DeviationRow& row_of(Deviation deviation) noexcept;

// How the last digits of values are counted.
enum class Digits : std::uint8_t {
  exact,      // no function of the mathematical library gave them
  usual,
  of_one,     // log2, sin, cos: results near 0 have the error of 1
  of_tangent, // near its poles the error of the angle grows with the result
  of_power,   // Go's error grows with the logarithm of the result
};

// What of an expression decides how its answers are compared.
struct ExpressionClass {
  Digits digits{Digits::exact};     // what its values owe to the mathematical library
  bool sums_computed{false};        // it sums what is in no promised order
  bool picks_computed{false};       // min() or max() of such: of 0 and -0 either may be it
  bool ends_in_top{false};          // it is topk() or bottomk()
  bool is_ordered{false};           // an instant answer has an order that is promised: sort() and topk()
  bool has_odd_label_name{false};   // it makes a label whose name only Prometheus 3 takes
  bool ends_in_calendar{false};     // its values are parts of dates
  std::optional<Deviation> other;   // a class whose answers may differ in any way
  // Nothing inexact is below what could make more of it than last digits, and nobody asks which of equal values topk() keeps.
  bool is_judgeable{true};
};
[[nodiscard]] ExpressionClass class_of(const metrics::promql::Expression& expression);

// How inexact values are made exact: clamp(…, -bound, bound), then round(…, step). Quarters are no multiple of half the step, so
// that nothing usual lies where rounding up and down meet.
inline constexpr std::string_view rounding_bound = "100000";
inline constexpr std::string_view rounding_step = "0.00137";

}  // namespace watchbill::differential
