// The leaves of generated expressions: selectors, windows, and what is no PromQL.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "differential/harness/expression.h"
#include "differential/harness/random.h"

namespace watchbill::differential {

// Series of some metric, with matchers of all kinds, offset and @.
[[nodiscard]] Part selector(Random& random);
// The same of this metric, or of any when `metric` is empty.
[[nodiscard]] Part selector_of(Random& random, const std::string& metric);
// A window over series of this metric, or of any.
[[nodiscard]] Part windowed(Random& random, const std::string& metric);

// A span of time: "5m", seldom one with an odd number of milliseconds.
[[nodiscard]] std::string duration(Random& random);
// Stands before a number of seconds, for a time after the world's begin, which the seed does not decide: "@ BEGIN+900".
inline constexpr std::string_view begin_word = "BEGIN+";
// The text with such times as they are when the world begins at `begin`, a whole second.
[[nodiscard]] std::string resolved(std::string text, Instant begin);

// An offset, an @, both or, mostly, nothing.
[[nodiscard]] std::string shift(Random& random);

// What Prometheus refuses: no PromQL, types that do not go together, functions that do not exist.
[[nodiscard]] Part wrong(Random& random);

}  // namespace watchbill::differential
