// depends: wb_metrics_histogram
// Any text as the notation of histograms: read or refused within bounds; what is read survives being written, and every operation
// on it ends, keeps it valid and takes nothing from its observations.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/buckets.h"
#include "metrics/histogram/estimate.h"
#include "metrics/histogram/text.h"

namespace histogram = watchbill::metrics::histogram;

namespace {

constexpr histogram::Limits limits{.buckets_max = 200};

void question(const histogram::Histogram& value) {
  for (const double q : {-1.0, 0.0, 0.3, 0.5, 0.99, 1.0, std::nan("")}) static_cast<void>(histogram::quantile(value, q));
  for (const double bound : {-1e9, -1.0, 0.0, 0.7, 3.0, 1e300}) {
    static_cast<void>(histogram::fraction(value, {bound, 2 * bound + 10}));
    histogram::Histogram part = value;
    histogram::trim_upper(part, bound);
    part = value;
    histogram::trim_lower(part, bound);
  }
  static_cast<void>(histogram::variance(value));
  std::size_t buckets = 0;
  for (histogram::BucketWalk walk(value); walk.next();) ++buckets;
  WB_ASSERT(buckets <= value.positive.size() + value.negative.size() + 1, "each bucket is visited once");
}

void combine(const histogram::Histogram& left, const histogram::Histogram& right) {
  histogram::Histogram sum = left;
  const bool is_incompatible = histogram::add(sum, right).is_incompatible;
  WB_ASSERT(is_incompatible == (left.has_custom_bounds() != right.has_custom_bounds()), "only kinds do not mix");
  static_cast<void>(histogram::detect_reset(left, right));
  histogram::Mean mean;
  for (const histogram::Histogram* part : {&left, &right, &left}) mean.add(*part);
  if (is_incompatible) return;
  // Not of negative counts, whose sums may be anything.
  if (histogram::check(left, limits) && histogram::check(right, limits))
    WB_ASSERT(histogram::check(sum).has_value(), "sums of valid histograms are valid");
  question(sum);
  question(mean.value());
  histogram::Histogram difference = sum;
  WB_ASSERT(!histogram::subtract(difference, right).is_incompatible, "it was added");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto first = histogram::read_notation(input, limits);
  if (!first) return 0;
  WB_ASSERT(first->bytes <= size, "no more is read than there is");
  const histogram::Histogram& left = first->histogram;
  const std::string written = histogram::notation(left);
  const auto again = histogram::read_notation(written);
  WB_ASSERT(again.has_value(), "what is written can be read");
  WB_ASSERT(histogram::notation(again->histogram) == written, "and is the same");
  WB_ASSERT(histogram::is_equal(again->histogram, left), "bit by bit");
  static_cast<void>(histogram::text(left));
  question(left);
  if (const auto second = histogram::read_notation(input.substr(first->bytes), limits)) {
    combine(left, second->histogram);
    combine(second->histogram, left);
  } else {
    combine(left, left);
  }
  return 0;
}
