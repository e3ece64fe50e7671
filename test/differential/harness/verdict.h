// Compares two answers to one question: status, kind of error, type, label sets, values digit by digit, and order where
// Prometheus promises one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "differential/harness/deviations.h"

namespace watchbill::differential {

struct Reply {
  int status{0};
  std::string body;
};

struct Verdict {
  enum class Outcome : std::uint8_t { same, allowed, different };
  Outcome outcome{Outcome::same};
  std::optional<Deviation> by;  // of an allowed difference
  std::string what;             // where they part, as a person would say it
  double units{0};              // the largest allowed difference of two values, in units of the last place
};

struct Comparison {
  ExpressionClass expression;
  bool is_range{false};  // of a range query
};
[[nodiscard]] Verdict compare(const Comparison& comparison, const Reply& prometheus, const Reply& watchbill);

// Whether an answer is a success with at least one value in it.
[[nodiscard]] bool says_something(const Reply& reply);

// The distance of two numbers in units of the last place of the larger one; 0 for two NaN.
[[nodiscard]] double units_between(double a, double b) noexcept;

// How far the last digits may be apart in the classes that allow it, as Digits counts them.
inline constexpr double units_max = 16;

}  // namespace watchbill::differential
