#include "metrics/histogram/arithmetic.h"

#include <span>
#include <vector>

#include "base/assert.h"
#include "metrics/histogram/buckets.h"
#include "metrics/histogram/combine.h"

namespace watchbill::metrics::histogram {
namespace {

template <class Change>
void change_figures(Histogram& histogram, Change change) {
  change(histogram.zero_count);
  change(histogram.count);
  change(histogram.sum);
  for (BucketCount& bucket : histogram.positive) change(bucket.count);
  for (BucketCount& bucket : histogram.negative) change(bucket.count);
}

// Whether a bucket of a counter holds less than it did, or is gone. Both of one schema.
bool has_fallen(std::span<const BucketCount> previous, const BucketCounts& current_side) noexcept {
  std::size_t at = 0;
  for (const BucketCount& before : previous) {
    while (at < current_side.size() && current_side[at].index < before.index) ++at;
    const bool is_there = at < current_side.size() && current_side[at].index == before.index;
    if (is_there ? current_side[at].count < before.count : before.count != 0) return true;
  }
  return false;
}

std::vector<double> counts_of_common(const Histogram& histogram, std::span<const double> common) {
  std::vector<double> counts(common.size() + 1);
  std::size_t at = 0;
  for (const BucketCount& bucket : histogram.positive) {
    at = common_bucket(common, custom_bound(bucket.index, histogram.bounds()), at);
    counts[at] += bucket.count;
  }
  return counts;
}

bool has_fallen_by_common_bounds(const Histogram& previous, const Histogram& current) {
  const std::vector<double> common = common_bounds(previous.bounds(), current.bounds());
  const std::vector<double> before = counts_of_common(previous, common);
  const std::vector<double> after = counts_of_common(current, common);
  for (std::size_t i = 0; i < before.size(); ++i)
    if (after[i] < before[i]) return true;
  return false;
}

}  // namespace

void Notes::add(const Notes& other) noexcept {
  is_incompatible = is_incompatible || other.is_incompatible;
  has_reset_collision = has_reset_collision || other.has_reset_collision;
  has_reconciled_bounds = has_reconciled_bounds || other.has_reconciled_bounds;
}

Notes add(Histogram& to, const Histogram& other) { return combine(to, nullptr, other, 1); }

Notes subtract(Histogram& from, const Histogram& other) { return combine(from, nullptr, other, -1); }

void multiply(Histogram& histogram, double factor) noexcept {
  change_figures(histogram, [factor](double& figure) { figure *= factor; });
  if (factor < 0) histogram.reset_hint = ResetHint::gauge;
}

void divide(Histogram& histogram, double divisor) noexcept {
  if (divisor == 0) {
    histogram.positive.clear();
    histogram.negative.clear();
  }
  change_figures(histogram, [divisor](double& figure) { figure /= divisor; });
  if (divisor < 0) histogram.reset_hint = ResetHint::gauge;
}

void reduce_to_schema(Histogram& histogram, std::int8_t schema) {
  if (schema == histogram.schema) return;
  WB_ASSERT(!histogram.has_custom_bounds(), "custom buckets have no other resolution");
  WB_ASSERT(schema >= schema_min && schema < histogram.schema, "resolution can only be lost");
  reduce({&histogram.positive, nullptr}, histogram.schema, schema);
  reduce({&histogram.negative, nullptr}, histogram.schema, schema);
  histogram.schema = schema;
}

bool detect_reset(const Histogram& previous, const Histogram& current) {
  if (current.reset_hint == ResetHint::reset) return true;
  if (current.reset_hint == ResetHint::not_reset) return false;
  // Gauges should not be asked; they are looked at like counters, as the reference does.
  if (current.count < previous.count) return true;
  if (current.has_custom_bounds()) {
    if (!previous.has_custom_bounds()) return true;
    if (!have_equal_bounds(previous, current)) return has_fallen_by_common_bounds(previous, current);
    return has_fallen(previous.positive, current.positive);
  }
  if (current.schema > previous.schema || current.zero_threshold < previous.zero_threshold) return true;
  const ZeroBucket zero = widened_zero_bucket(previous, nullptr, current.zero_threshold);
  if (zero.threshold != current.zero_threshold || current.zero_count < zero.count) return true;
  // As add(): first without what the zero bucket has taken, then in the lower resolution.
  const auto has_side_fallen = [&](const BucketCounts& before, const BucketCounts& now) {
    const std::span<const BucketCount> rest = beyond(before, previous.schema, current.zero_threshold);
    if (previous.schema == current.schema) return has_fallen(rest, now);
    BucketCounts reduced(rest.begin(), rest.end());
    reduce({&reduced, nullptr}, previous.schema, current.schema);
    return has_fallen(reduced, now);
  };
  return has_side_fallen(previous.positive, current.positive) || has_side_fallen(previous.negative, current.negative);
}

}  // namespace watchbill::metrics::histogram
