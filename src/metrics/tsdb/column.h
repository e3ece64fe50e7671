// The times, or the values, of up to column_samples_max samples as one run of bytes: how samples lie in a block file.
//
// A column is seen as whole numbers: times in ms; values as decimals of the fewest digits that give every double back bit for
// bit, else their 64 bits. What is written is what is left once unit, first number and course are taken out (residuals.h):
//   byte form   bits 0-1: 0 = all the same, 1 = differences to a straight line, 2 = differences to the one before less a slope,
//               3 = differences of those differences; bit 2: there are exceptions; bit 3: zero;
//               bits 4-7: decimals (0 to 12), 15 = the bits of doubles
//   varint first (zigzag); form 1 to 3: varint unit; form 1 and 2: varint slope in units (zigzag); with exceptions: varint count,
//   for each a varint (samples since the end of the last one), a varint (how many equal ones follow it) and 8 bytes, low byte
//   first; form 1 to 3: residuals of the second sample on
// Exceptions are runs of NaNs and infinities (staleness markers above all): the column goes on behind them as if they had not
// been.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metrics/tsdb/sample.h"

namespace watchbill::metrics::tsdb {

// Long enough that what a column costs once is small, short enough that one sample is read in some microseconds.
inline constexpr std::size_t column_samples_max = 1024;

// Adds the column of these to `out`. Holds: 1 to column_samples_max of them. Costs 30 to 60 ns a sample.
void write_times(std::span<const std::int64_t> times, std::string& out);
void write_values(std::span<const double> values, std::string& out);

// Fills `times`, `values` (1 to column_samples_max of them) with the column in `bytes`, which hold nothing else. False when they
// are no column of that many; what was filled is then without meaning. Any bytes may be given. Costs 5 to 10 ns a sample.
[[nodiscard]] bool read_times(std::string_view bytes, std::span<std::int64_t> times) noexcept;
[[nodiscard]] bool read_values(std::string_view bytes, std::span<double> values) noexcept;

}  // namespace watchbill::metrics::tsdb
