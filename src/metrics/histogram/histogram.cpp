#include "metrics/histogram/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace watchbill::metrics::histogram {
namespace {

bool have_equal_bits(double left, double right) noexcept {
  return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
}

bool match(const BucketCounts& left, const BucketCounts& right, bool (*is_close)(double, double)) noexcept {
  const auto next_populated = [](const BucketCounts& counts, std::size_t& at) {
    while (at < counts.size() && counts[at].count == 0) ++at;
    return at < counts.size();
  };
  for (std::size_t i = 0, j = 0;; ++i, ++j) {
    const bool has_left = next_populated(left, i);
    const bool has_right = next_populated(right, j);
    if (!has_left || !has_right) return has_left == has_right;
    if (left[i].index != right[j].index || !is_close(left[i].count, right[j].count)) return false;
  }
}

Error wrong(std::string on, std::string detail) {
  return Error{ErrorKind::invalid, "check the histogram's", std::move(on), std::move(detail)};
}

Status check_side(const BucketCounts& counts, std::string_view side, std::int32_t index_min, std::int32_t index_max) {
  const auto name = [&side](std::size_t i) { return std::string(side) + " bucket number " + std::to_string(i + 1); };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].index < index_min || counts[i].index > index_max)
      return wrong(name(i), "index " + std::to_string(counts[i].index) + ", expected " + std::to_string(index_min) + " to " +
                                std::to_string(index_max));
    if (i > 0 && counts[i].index <= counts[i - 1].index) return wrong(name(i), "expected indexes to rise");
    if (counts[i].count < 0) return wrong(name(i), "its count is negative, expected 0 or more");
  }
  return {};
}

Status check_bounds(std::span<const double> bounds) {
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const std::string name = "custom bound number " + std::to_string(i + 1);
    if (!(bounds[i] < std::numeric_limits<double>::infinity()))
      return wrong(name, "expected a number below +Inf; the bound of the last bucket is not written");
    if (i > 0 && bounds[i] <= bounds[i - 1]) return wrong(name, "expected each bound to be above the one before");
  }
  return {};
}

}  // namespace

Bounds make_bounds(std::vector<double> bounds) {
  return bounds.empty() ? nullptr : std::make_shared<const std::vector<double>>(std::move(bounds));
}

bool have_equal_bounds(const Histogram& left, const Histogram& right) noexcept {
  if (left.custom_bounds == right.custom_bounds) return true;
  const std::span<const double> one = left.bounds();
  const std::span<const double> other = right.bounds();
  return std::equal(one.begin(), one.end(), other.begin(), other.end());
}

void compact(Histogram& histogram) {
  const auto is_empty = [](const BucketCount& bucket) { return bucket.count == 0; };
  std::erase_if(histogram.positive, is_empty);
  std::erase_if(histogram.negative, is_empty);
}

bool is_equal(const Histogram& left, const Histogram& right) noexcept { return is_almost_equal(left, right, have_equal_bits); }

bool is_almost_equal(const Histogram& left, const Histogram& right, bool (*is_close)(double, double)) noexcept {
  if (left.schema != right.schema || left.zero_threshold != right.zero_threshold) return false;
  if (left.has_custom_bounds() && !have_equal_bounds(left, right)) return false;
  return is_close(left.count, right.count) && is_close(left.sum, right.sum) && is_close(left.zero_count, right.zero_count) &&
         match(left.negative, right.negative, is_close) && match(left.positive, right.positive, is_close);
}

bool has_infinity(const Histogram& histogram) noexcept {
  if (std::isinf(histogram.zero_count) || std::isinf(histogram.count) || std::isinf(histogram.sum)) return true;
  const auto is_infinite = [](const BucketCount& bucket) { return std::isinf(bucket.count); };
  return std::any_of(histogram.positive.begin(), histogram.positive.end(), is_infinite) ||
         std::any_of(histogram.negative.begin(), histogram.negative.end(), is_infinite);
}

Status check(const Histogram& histogram, const Limits& limits) {
  const bool is_custom = histogram.has_custom_bounds();
  if (!is_custom && (histogram.schema < schema_min || histogram.schema > schema_max))
    return wrong("schema",
                 std::to_string(histogram.schema) + ", expected -4 to 8 for exponential buckets or -53 for custom ones");
  if (histogram.count < 0) return wrong("count", "it is negative, expected 0 or more");
  if (histogram.zero_count < 0) return wrong("zero bucket", "its count is negative, expected 0 or more");
  if (!(histogram.zero_threshold >= 0) || std::isinf(histogram.zero_threshold))
    return wrong("zero bucket", "expected a finite width of 0 or more");
  const std::size_t bucket_count = histogram.positive.size() + histogram.negative.size();
  if (bucket_count > limits.buckets_max || histogram.bounds().size() > limits.buckets_max)
    return wrong("buckets", "expected at most " + std::to_string(limits.buckets_max) + " buckets and as many custom bounds");
  if (is_custom && (histogram.zero_count != 0 || histogram.zero_threshold != 0))
    return wrong("zero bucket", "expected none beside custom buckets");
  if (is_custom && !histogram.negative.empty()) return wrong("negative buckets", "expected none beside custom buckets");
  if (!is_custom && histogram.custom_bounds) return wrong("custom bounds", "expected none beside exponential buckets");
  if (Status bounds = check_bounds(histogram.bounds()); !bounds) return bounds;
  const std::int32_t index_min = is_custom ? 0 : -limits.index_max;
  const std::int32_t index_max = is_custom ? static_cast<std::int32_t>(histogram.bounds().size()) : limits.index_max;
  if (Status side = check_side(histogram.positive, "positive", index_min, index_max); !side) return side;
  return check_side(histogram.negative, "negative", index_min, index_max);
}

std::vector<Span> spans_of(const BucketCounts& buckets) {
  std::vector<Span> spans;
  std::int64_t next = 0;  // the index behind the last span
  for (const BucketCount& bucket : buckets) {
    if (spans.empty() || bucket.index != next) spans.push_back({static_cast<std::int32_t>(bucket.index - next), 0});
    ++spans.back().length;
    next = std::int64_t{bucket.index} + 1;
  }
  return spans;
}

Result<BucketCounts> from_spans(std::span<const Span> spans, std::span<const double> counts, const Limits& limits) {
  BucketCounts buckets;
  if (counts.size() > limits.buckets_max)
    return wrong("buckets", std::to_string(counts.size()) + ", expected at most " + std::to_string(limits.buckets_max));
  buckets.reserve(counts.size());
  std::int64_t index = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const std::string name = "span number " + std::to_string(i + 1);
    if (i > 0 && spans[i].offset < 0) return wrong(name, "its offset is negative, expected 0 or more in all but the first span");
    if (spans[i].length > counts.size() - buckets.size())
      return wrong(name, "expected as many counts as the spans have buckets; there are " + std::to_string(counts.size()));
    index += spans[i].offset;
    if (index < -limits.index_max || index + spans[i].length > limits.index_max)
      return wrong(name, "expected indexes of at most " + std::to_string(limits.index_max));
    for (std::uint32_t k = 0; k < spans[i].length; ++k, ++index)
      buckets.push_back({static_cast<std::int32_t>(index), counts[buckets.size()]});
  }
  if (buckets.size() != counts.size())
    return wrong("counts", std::to_string(counts.size()) + ", expected " + std::to_string(buckets.size()) + " as the spans have");
  return buckets;
}

}  // namespace watchbill::metrics::histogram
