// One value of one series at one time, and the value that marks its end.
#pragma once

#include <bit>
#include <cstdint>

namespace watchbill::metrics::tsdb {

struct Sample {
  std::int64_t t_ms{0};  // milliseconds since 1970, engine clock
  double v{0};           // where it is said so, perhaps the mark of a native histogram (metrics/histogram/arena.h)
};

// The NaN that says "this series ended here" (a target went away, a rule no longer returns it). Bit pattern of Prometheus; every
// other NaN is a value. Compare with is_stale(), never with ==.
inline constexpr std::uint64_t stale_bits = 0x7ff0000000000002;

[[nodiscard]] constexpr double stale_marker() noexcept { return std::bit_cast<double>(stale_bits); }
[[nodiscard]] constexpr bool is_stale(double v) noexcept { return std::bit_cast<std::uint64_t>(v) == stale_bits; }

}  // namespace watchbill::metrics::tsdb
