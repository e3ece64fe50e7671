// Where the buckets of a histogram lie. Source: getBound and the bucket iterators of Prometheus' model/histogram.
#pragma once

#include <cstddef>
#include <cstdint>

#include "metrics/histogram/histogram.h"

namespace watchbill::metrics::histogram {

struct Bucket {
  double lower{0};
  double upper{0};
  double count{0};
  bool is_lower_inclusive{false};
  bool is_upper_inclusive{false};
};

// The upper bound of the positive bucket `index`: bit by bit that of the reference, whose table of fractions does not hold the
// nearest doubles. +Inf and 0 beyond what doubles hold; the largest double, not +Inf, for the bucket below that of ±Inf.
// Holds: schema_min <= schema <= schema_max.
[[nodiscard]] double exponential_bound(std::int64_t index, std::int8_t schema) noexcept;
// The upper bound of custom bucket `index`: ±Inf beyond the bounds.
[[nodiscard]] double custom_bound(std::int64_t index, std::span<const double> bounds) noexcept;

// As the schema has them, though the zero bucket may reach into them.
[[nodiscard]] Bucket positive_bucket(const Histogram& histogram, BucketCount at) noexcept;
[[nodiscard]] Bucket negative_bucket(const Histogram& histogram, BucketCount at) noexcept;
// Exponential schemas only.
[[nodiscard]] Bucket zero_bucket(const Histogram& histogram) noexcept;

// 0: (lower, upper], 1: [lower, upper), 2: (lower, upper), 3: [lower, upper]. Source: the HTTP API's bucket lists.
[[nodiscard]] std::uint8_t boundary_rule(const Bucket& bucket) noexcept;

// Visits all buckets by their bounds, those without observations too (the zero bucket only with some). A bucket that the zero
// bucket reaches into begins where that ends. `histogram` must outlive the walk unchanged.
//   for (BucketWalk walk(histogram); walk.next();) use(walk.bucket());
class BucketWalk {
 public:
  enum class Order : std::uint8_t { rising, falling };
  explicit BucketWalk(const Histogram& histogram, Order order = Order::rising) noexcept;

  // False: there are no more.
  [[nodiscard]] bool next() noexcept;
  [[nodiscard]] const Bucket& bucket() const noexcept { return bucket_; }

 private:
  void take(const BucketCount& at, bool is_positive) noexcept;

  const Histogram* histogram_;
  bool is_rising_;
  std::size_t position_{0};  // of negative buckets, zero bucket and positive buckets as one list
  Bucket bucket_;
};

}  // namespace watchbill::metrics::histogram
