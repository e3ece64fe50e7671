// A native histogram as a value: how many observations fell between which bounds, and their sum.
// Source: Prometheus 3, model/histogram.FloatHistogram. What is computed here is computed as there, to the bit where it can be
// seen; how it is held is ours: buckets with absolute indexes, no spans. Pure; plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace watchbill::metrics::histogram {

// Exponential schemas: each power of two is cut into 2^schema buckets, or 2^-schema powers make one.
inline constexpr std::int8_t schema_min = -4;
inline constexpr std::int8_t schema_max = 8;
// The schema of buckets whose upper bounds the histogram itself names (NHCB).
inline constexpr std::int8_t custom_schema = -53;

struct Limits {
  // Buckets of both signs together, those without observations too; and as many custom bounds. Instrumentation makes 160.
  std::size_t buckets_max{10'000};
  // The farthest bucket from 1. Schema 8 needs 275 000 for the smallest double.
  std::int32_t index_max{1 << 20};
};

// What is known about a counter's reset between the sample before and this one.
enum class ResetHint : std::uint8_t { unknown, reset, not_reset, gauge };

struct BucketCount {
  std::int32_t index{0};  // exponential: the bucket's farther bound is ±2^(index · 2^-schema); custom: its place in the bounds
  double count{0};
  friend bool operator==(const BucketCount&, const BucketCount&) = default;
};
using BucketCounts = std::vector<BucketCount>;  // by rising index, each at most once; may hold counts of 0

// Upper bounds of custom buckets but the last, which is +Inf: rising. Samples of one series share them.
using Bounds = std::shared_ptr<const std::vector<double>>;

struct Histogram {
  std::int8_t schema{0};
  ResetHint reset_hint{ResetHint::unknown};
  double zero_threshold{0};  // observations of -threshold … threshold are in no bucket but the zero bucket
  double zero_count{0};
  double count{0};           // of all observations, those of NaN too
  double sum{0};             // the staleness marker, when the series ended here
  BucketCounts positive;
  BucketCounts negative;     // index 5 lies as far below zero as index 5 of `positive` above it
  Bounds custom_bounds;      // none: no bounds, one bucket for everything

  [[nodiscard]] bool has_custom_bounds() const noexcept { return schema == custom_schema; }
  [[nodiscard]] std::span<const double> bounds() const noexcept {
    return custom_bounds ? std::span<const double>(*custom_bounds) : std::span<const double>();
  }
};
// How stores and evaluators hold them: one allocation, shared by whoever reads.
using HistogramPointer = std::shared_ptr<const Histogram>;

// Makes bounds that can be shared; null for none.
[[nodiscard]] Bounds make_bounds(std::vector<double> bounds);

// Whether the custom bounds are the same numbers.
[[nodiscard]] bool have_equal_bounds(const Histogram& left, const Histogram& right) noexcept;

// Removes buckets without observations. What PromQL gives out is compact. Source: Compact(0).
void compact(Histogram& histogram);

// Whether both hold the same data: bit by bit (so that equal NaNs are equal), buckets without observations and hints aside.
// Source: Equals, which expects compact histograms.
[[nodiscard]] bool is_equal(const Histogram& left, const Histogram& right) noexcept;

// The same with a looser rule for counts and sums (not for bounds and schemas), as the test language needs it. `is_close` must
// be symmetric.
[[nodiscard]] bool is_almost_equal(const Histogram& left, const Histogram& right, bool (*is_close)(double, double)) noexcept;

// Whether the sum or a count is infinite.
[[nodiscard]] bool has_infinity(const Histogram& histogram) noexcept;

// What a store asks of histograms from outside. Fails (invalid) on an unknown schema, negative counts, indexes and bounds out of
// order or range, zero buckets and negative buckets beside custom bounds, custom bounds beside an exponential schema.
// Source: Validate; limits are ours.
[[nodiscard]] Status check(const Histogram& histogram, const Limits& limits = {});

// The form of text, chunks and protobuf: runs of neighbouring buckets.
struct Span {
  std::int32_t offset{0};   // the first one's index in the first span, else the empty buckets since the last span
  std::uint32_t length{0};
  friend bool operator==(const Span&, const Span&) = default;
};
// The runs of `buckets`, none of them empty or next to each other.
[[nodiscard]] std::vector<Span> spans_of(const BucketCounts& buckets);
// Fails (invalid) when the spans have not as many buckets as `counts`, run backwards or leave the limits.
[[nodiscard]] Result<BucketCounts> from_spans(std::span<const Span> spans, std::span<const double> counts,
                                              const Limits& limits = {});

}  // namespace watchbill::metrics::histogram
