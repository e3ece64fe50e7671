// Whole numbers that are mostly small, as few bits: what is left of times and values once their course is taken out.
//
// Rice codes whose width follows the numbers just written, and, where those were all but zero, lengths of runs of zeros. So a
// column that moves by a few bits costs a few bits, and one that rests costs a bit for some hundred samples. Source of the idea:
// Weinberger, Seroussi, Sapiro, "LOCO-I", 1996 (JPEG-LS); the parameters are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace watchbill::metrics::tsdb {

// Adds the code of these numbers (any 64 bits) to `out`, ended by up to seven zero bits.
void write_residuals(std::span<const std::uint64_t> numbers, std::string& out);

// Fills `numbers` with what write_residuals() wrote of as many. False when the bytes end before that: the rest are then zero.
// Costs 4 to 8 ns a number. Reads no byte beyond `bytes`, whatever they are.
[[nodiscard]] bool read_residuals(std::string_view bytes, std::span<std::uint64_t> numbers) noexcept;

}  // namespace watchbill::metrics::tsdb
