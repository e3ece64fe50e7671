// Generated differential testing: for each seed an expression and its times, asked of both sides, compared, and made small where
// the answers differ.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "differential/harness/expression.h"
#include "differential/harness/sides.h"
#include "differential/harness/verdict.h"

namespace watchbill::differential {

// What a seed asks: one expression at an instant and, unless it has a type that cannot be, over a range.
struct Case {
  std::uint64_t seed{0};
  Part expression;
  Question instant;
  Question range;
};
[[nodiscard]] Case case_of(std::uint64_t seed, Instant begin);

struct Difference {
  std::uint64_t seed{0};
  std::string expression;  // as generated
  Question smallest;       // a smaller one that still differs
  std::string what;
  Replies replies;         // to the smallest
  // For people: seed, both expressions, times, both answers.
  [[nodiscard]] std::string text() const;
};

struct Tally {
  std::uint64_t expressions{0};
  std::uint64_t answers{0};            // compared: one or two for each expression
  std::uint64_t with_values{0};        // of them those with a value
  std::uint64_t errors{0};             // of them those that Prometheus refused
  std::uint64_t undecided{0};          // of them those that Prometheus itself answers now so, now otherwise
  std::array<std::uint64_t, deviation_count> allowed{};  // by deviation
  double units_max{0};
  std::vector<Difference> differences;
  [[nodiscard]] std::string text() const;
};

// Asks the seeds [first, first + count). Ends early at `differences_max`. `told`, where there is one, hears of each difference.
[[nodiscard]] Tally run(Sides& sides, std::uint64_t first, std::uint64_t count, std::size_t differences_max,
                        const std::function<void(const Difference&)>& told = {});

// Asks one question and judges.
[[nodiscard]] Verdict judge(Sides& sides, const Question& question, Replies& replies);

// The smallest expression, by dropping parts one after the other, for which `still` holds. Asks at most `asks_max` times.
[[nodiscard]] Part shrunk(Part part, std::size_t asks_max, const std::function<bool(const Part&)>& still);

}  // namespace watchbill::differential
