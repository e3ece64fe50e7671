// Histograms as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

// "{count:9, sum:2.5, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:6}": buckets with observations, rising, as they are (the zero bucket
// may reach into the next). Source: FloatHistogram.String(), which is what count_values writes into labels.
[[nodiscard]] std::string text(const Histogram& histogram);

// The notation of the PromQL test language: "{{schema:1 count:3 sum:2.5 offset:-1 buckets:[1 0 2]}}". Gaps are written as buckets
// of 0; where that would be more than Limits' buckets, text() instead. Source: TestExpression().
[[nodiscard]] std::string notation(const Histogram& histogram);

struct Notation {
  Histogram histogram;        // as written: buckets of 0 are kept; limits and bounds are checked, the rest by check()
  bool names_hint{false};     // `counter_reset_hint` was given, so an expectation is one about it too
  std::size_t bytes{0};       // of the text, up to and with `}}`
};
// Reads the notation from the beginning of `input`, all properties optional, in any order, at most once; what follows it (`x3`,
// `+{{…}}`) is the caller's. Fails (invalid) naming the place.
[[nodiscard]] Result<Notation> read_notation(std::string_view input, const Limits& limits = {});

}  // namespace watchbill::metrics::histogram
