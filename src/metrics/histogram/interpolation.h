// How observations are taken to lie within a bucket. Internal to the folder.
#pragma once

#include "metrics/histogram/buckets.h"

namespace watchbill::metrics::histogram {

// The share of the bucket's observations below `value`: on a linear scale, or on a logarithmic one, on which all buckets of an
// exponential schema are equally wide. Holds: lower < value < upper, all finite; not linear: none of them 0, all of one sign.
[[nodiscard]] double share_below(const Bucket& bucket, double value, bool is_linear) noexcept;

// The value below which the share `share` of the bucket's observations lies: the inverse of share_below().
[[nodiscard]] double value_at_share(const Bucket& bucket, double share, bool is_linear) noexcept;

}  // namespace watchbill::metrics::histogram
