// Histograms as few bytes, for chunks and logs. Ours; the bytes are self-contained and carry no mark of their own.
//
//   byte   hint (2 bits), then flags: 4 zero bucket, 8 positive buckets, 16 negative buckets, 32 custom bounds
//   byte   schema, two's complement
//   number count, number sum; with a zero bucket: number threshold, number count
//   each kind of buckets: varint span count, for each span its offset (signed varint) and length (varint); then a byte: 1, the
//          counts are whole and stand as differences (signed varints), 0, as numbers
//   custom bounds: varint count, numbers
// A number is a varint whose low two bits are 0 (the rest is the number), 1 (the rest are millionths of it), 2 (its eight bytes
// follow, highest first). Every double comes back bit for bit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

// Never empty. Buckets come back in order; runs of empty ones cost two bytes or less each.
[[nodiscard]] std::string encode(const Histogram& histogram);

// The hint in such bytes, and another one in its place. Holds: encode() gave them.
[[nodiscard]] ResetHint reset_hint_of(std::string_view encoded) noexcept;
void set_reset_hint(std::string& encoded, ResetHint hint) noexcept;

// Nothing when these are not bytes that encode() could have written, or leave the limits.
[[nodiscard]] std::optional<Histogram> decode(std::string_view bytes, const Limits& limits = {});

}  // namespace watchbill::metrics::histogram
