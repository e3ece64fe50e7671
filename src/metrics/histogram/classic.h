// Classic histograms (series `_bucket`, `_count`, `_sum`) as native ones with custom buckets.
#pragma once

#include <optional>
#include <vector>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

struct ClassicBucket {
  double upper{0};  // its label `le`
  double count{0};  // cumulative
};
struct Classic {
  std::vector<ClassicBucket> buckets;  // in any order; of equal bounds the first counts
  std::optional<double> count;         // none: that of the highest bucket
  double sum{0};
};

// Gives a compact histogram; without a bucket +Inf the count is that of +Inf. Fails (invalid) on NaN bounds, negative counts,
// counts that fall with rising bounds or differ from `count`. Source: Prometheus' util/convertnhcb.
[[nodiscard]] Result<Histogram> from_classic(Classic classic, const Limits& limits = {});

}  // namespace watchbill::metrics::histogram
