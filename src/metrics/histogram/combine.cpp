#include "metrics/histogram/combine.h"

#include <utility>

#include "metrics/histogram/buckets.h"
#include "metrics/histogram/kahan.h"

namespace watchbill::metrics::histogram {
namespace {

void remove_empty(Side side) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < side.counts->size(); ++i) {
    const double compensation = side.compensations != nullptr ? (*side.compensations)[i] : 0;
    if ((*side.counts)[i].count == 0 && compensation == 0) continue;
    (*side.counts)[kept] = (*side.counts)[i];
    if (side.compensations != nullptr) (*side.compensations)[kept] = compensation;
    ++kept;
  }
  side.counts->resize(kept);
  if (side.compensations != nullptr) side.compensations->resize(kept);
}

// Empties what lies within the zero bucket, which has it already. Its end is a bucket's.
void trim_to_zero_bucket(Side side, std::int8_t schema, double threshold) {
  for (std::size_t i = 0; i < side.counts->size(); ++i) {
    if (exponential_bound(std::int64_t{(*side.counts)[i].index} - 1, schema) >= threshold) break;
    (*side.counts)[i].count = 0;
    if (side.compensations != nullptr) (*side.compensations)[i] = 0;
  }
  remove_empty(side);
}

// Adds to `zero` the buckets of one sign that lie below its threshold, wholly or in part. True: a populated one was cut, and the
// threshold moved to its end.
bool absorb(const BucketCounts& counts, const std::vector<double>* compensations, std::int8_t schema, ZeroBucket& zero) {
  KahanSum sum{zero.count, zero.compensation};
  bool has_moved = false;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (exponential_bound(std::int64_t{counts[i].index} - 1, schema) >= zero.threshold) break;
    sum.add(counts[i].count);
    if (compensations != nullptr) sum.add((*compensations)[i]);
    const double end = exponential_bound(counts[i].index, schema);
    if (end <= zero.threshold) continue;
    has_moved = counts[i].count != 0;
    if (has_moved) zero.threshold = end;
    break;
  }
  zero.count = sum.sum;
  zero.compensation = sum.compensation;
  return has_moved;
}

Side positive_side(Histogram& histogram, Compensation* compensation) noexcept {
  return {&histogram.positive, compensation != nullptr ? &compensation->positive : nullptr};
}
Side negative_side(Histogram& histogram, Compensation* compensation) noexcept {
  return {&histogram.negative, compensation != nullptr ? &compensation->negative : nullptr};
}

// Widens the zero bucket of one or both until they are equal; gives what is to be added for `other`'s.
ZeroBucket reconcile_zero_buckets(Histogram& to, Compensation* compensation, const Histogram& other) {
  ZeroBucket zero{other.zero_threshold, other.zero_count, 0};
  while (zero.threshold < to.zero_threshold || zero.threshold > to.zero_threshold) {
    if (to.zero_threshold > zero.threshold) zero = widened_zero_bucket(other, nullptr, to.zero_threshold);
    if (zero.threshold > to.zero_threshold) {
      const ZeroBucket wider = widened_zero_bucket(to, compensation, zero.threshold);
      to.zero_threshold = wider.threshold;
      to.zero_count = wider.count;
      if (compensation != nullptr) compensation->zero_count = wider.compensation;
      trim_to_zero_bucket(positive_side(to, compensation), to.schema, wider.threshold);
      trim_to_zero_bucket(negative_side(to, compensation), to.schema, wider.threshold);
    }
  }
  return zero;
}

void add_figure(double& figure, double* compensation, double value) noexcept {
  if (compensation == nullptr) {
    figure += value;
    return;
  }
  KahanSum sum{figure, *compensation};
  sum.add(value);
  figure = sum.sum;
  *compensation = sum.compensation;
}

// One list of buckets that is to be added to another of the same schema.
struct Addend {
  std::span<const BucketCount> counts;
  std::span<const double> compensations;  // as many, or none
  double sign{1};
};

// How many buckets of the addend have no counterpart.
std::size_t missing_count(const BucketCounts& counts, std::span<const BucketCount> others) noexcept {
  std::size_t missing = others.size();
  for (std::size_t i = 0, j = 0; i < counts.size() && j < others.size();) {
    if (counts[i].index == others[j].index) {
      --missing;
      ++i;
      ++j;
    } else {
      ++(counts[i].index < others[j].index ? i : j);
    }
  }
  return missing;
}

// Merges from the back, so that it needs no second list.
void add_buckets(Side side, const Addend& addend) {
  BucketCounts& counts = *side.counts;
  std::size_t read = counts.size();
  std::size_t write = read + missing_count(counts, addend.counts);
  counts.resize(write);
  if (side.compensations != nullptr) side.compensations->resize(write);
  for (std::size_t left = addend.counts.size(); left > 0;) {
    const BucketCount& other = addend.counts[left - 1];
    const bool has_counterpart = read > 0 && counts[read - 1].index == other.index;
    if (has_counterpart || (read > 0 && counts[read - 1].index > other.index)) {
      --read;
      counts[--write] = counts[read];
      if (side.compensations != nullptr) (*side.compensations)[write] = (*side.compensations)[read];
      if (!has_counterpart) continue;
    }
    const double value = addend.sign * other.count;
    const double compensation = addend.compensations.empty() ? 0 : addend.sign * addend.compensations[left - 1];
    if (has_counterpart) {
      add_to_bucket(side, write, value);
      if (compensation != 0) add_to_bucket(side, write, compensation);
    } else {
      counts[--write] = {other.index, value};
      if (side.compensations != nullptr) (*side.compensations)[write] = compensation;
    }
    --left;
  }
}

// What lies in the zero bucket is left out before resolution is lost: afterwards it may share a bucket with what lies beyond, and
// would count twice. (The reference looks at the lower resolution only, and counts twice then.)
void add_exponential(Side side, const BucketCounts& other, const Histogram& to, double sign, std::int8_t other_schema) {
  const std::span<const BucketCount> rest = beyond(other, other_schema, to.zero_threshold);
  if (other_schema == to.schema) {
    add_buckets(side, {rest, {}, sign});
    return;
  }
  BucketCounts reduced(rest.begin(), rest.end());
  std::vector<double> compensations(side.compensations != nullptr ? rest.size() : 0);
  reduce({&reduced, side.compensations != nullptr ? &compensations : nullptr}, other_schema, to.schema);
  add_buckets(side, {reduced, compensations, sign});
}

// Adds the buckets of `counts` to those of the common bounds.
void add_to_common(std::vector<KahanSum>& sums, std::span<const double> common, const Histogram& histogram,
                   const std::vector<double>* compensations, double sign) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < histogram.positive.size(); ++i) {
    at = common_bucket(common, custom_bound(histogram.positive[i].index, histogram.bounds()), at);
    sums[at].add(sign * histogram.positive[i].count);
    if (compensations != nullptr) sums[at].add((*compensations)[i]);
  }
}

// Reconciliation always sums with compensations, and forgets them in plain arithmetic. Empty buckets are left out.
void add_custom_with_other_bounds(Histogram& to, Compensation* compensation, const Histogram& other, double sign) {
  std::vector<double> common = common_bounds(to.bounds(), other.bounds());
  std::vector<KahanSum> sums(common.size() + 1);
  add_to_common(sums, common, to, compensation != nullptr ? &compensation->positive : nullptr, 1);
  add_to_common(sums, common, other, nullptr, sign);
  to.positive.clear();
  if (compensation != nullptr) compensation->positive.clear();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].sum == 0 && sums[i].compensation == 0) continue;
    to.positive.push_back({static_cast<std::int32_t>(i), sums[i].sum});
    if (compensation != nullptr) compensation->positive.push_back(sums[i].compensation);
  }
  to.custom_bounds = make_bounds(std::move(common));
}

// True: one is marked as reset, the other as not reset.
bool reconcile_hints(ResetHint& hint, ResetHint other) noexcept {
  if (hint == other || hint == ResetHint::gauge) return false;
  if (other == ResetHint::gauge) {
    hint = ResetHint::gauge;
    return false;
  }
  const bool is_collision = hint != ResetHint::unknown && other != ResetHint::unknown;
  hint = ResetHint::unknown;
  return is_collision;
}

}  // namespace

Notes combine(Histogram& to, Compensation* compensation, const Histogram& other, double sign) {
  Notes notes;
  if (to.has_custom_bounds() != other.has_custom_bounds()) {
    notes.is_incompatible = true;
    return notes;
  }
  notes.has_reset_collision = reconcile_hints(to.reset_hint, other.reset_hint);
  const bool is_custom = to.has_custom_bounds();
  if (!is_custom) {
    const ZeroBucket zero = reconcile_zero_buckets(to, compensation, other);
    add_figure(to.zero_count, compensation != nullptr ? &compensation->zero_count : nullptr, sign * zero.count);
    if (compensation != nullptr) add_figure(to.zero_count, &compensation->zero_count, sign * zero.compensation);
  }
  add_figure(to.count, compensation != nullptr ? &compensation->count : nullptr, sign * other.count);
  add_figure(to.sum, compensation != nullptr ? &compensation->sum : nullptr, sign * other.sum);

  const Side positive = positive_side(to, compensation);
  const Side negative = negative_side(to, compensation);
  if (is_custom) {
    if (have_equal_bounds(to, other)) {
      add_buckets(positive, {other.positive, {}, sign});
    } else {
      notes.has_reconciled_bounds = true;
      add_custom_with_other_bounds(to, compensation, other, sign);
    }
    return notes;
  }
  if (other.schema < to.schema) {
    reduce(positive, to.schema, other.schema);
    reduce(negative, to.schema, other.schema);
    to.schema = other.schema;
  }
  add_exponential(positive, other.positive, to, sign, other.schema);
  add_exponential(negative, other.negative, to, sign, other.schema);
  return notes;
}

void add_to_bucket(Side side, std::size_t at, double value) noexcept {
  add_figure((*side.counts)[at].count, side.compensations != nullptr ? &(*side.compensations)[at] : nullptr, value);
}

void reduce(Side side, std::int8_t from, std::int8_t to) {
  BucketCounts& counts = *side.counts;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::int64_t index = ((std::int64_t{counts[i].index} - 1) >> (from - to)) + 1;
    const BucketCount merged{static_cast<std::int32_t>(index), counts[i].count};
    const double compensation = side.compensations != nullptr ? (*side.compensations)[i] : 0;
    if (kept > 0 && counts[kept - 1].index == merged.index) {
      add_to_bucket(side, kept - 1, merged.count);
      if (side.compensations != nullptr) add_to_bucket(side, kept - 1, compensation);
      continue;
    }
    counts[kept] = merged;
    if (side.compensations != nullptr) (*side.compensations)[kept] = compensation;
    ++kept;
  }
  counts.resize(kept);
  if (side.compensations != nullptr) side.compensations->resize(kept);
}

std::span<const BucketCount> beyond(const BucketCounts& counts, std::int8_t schema, double zero_threshold) noexcept {
  std::span<const BucketCount> rest(counts);
  while (!rest.empty() && exponential_bound(rest.front().index, schema) <= zero_threshold) rest = rest.subspan(1);
  return rest;
}

ZeroBucket widened_zero_bucket(const Histogram& histogram, const Compensation* compensation, double threshold) {
  const double first_compensation = compensation != nullptr ? compensation->zero_count : 0;
  ZeroBucket zero{threshold, histogram.zero_count, first_compensation};
  if (threshold == histogram.zero_threshold) return zero;
  for (;;) {
    absorb(histogram.positive, compensation != nullptr ? &compensation->positive : nullptr, histogram.schema, zero);
    // What the negative side moves may cut another positive bucket.
    if (!absorb(histogram.negative, compensation != nullptr ? &compensation->negative : nullptr, histogram.schema, zero))
      return zero;
    zero.count = histogram.zero_count;
    zero.compensation = first_compensation;
  }
}

std::vector<double> common_bounds(std::span<const double> left, std::span<const double> right) {
  std::vector<double> common;
  for (std::size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (left[i] == right[j]) {
      common.push_back(left[i]);
      ++i;
      ++j;
    } else {
      ++(left[i] < right[j] ? i : j);
    }
  }
  return common;
}

std::size_t common_bucket(std::span<const double> common, double bound, std::size_t from) noexcept {
  while (from < common.size() && common[from] < bound) ++from;
  return from;
}

}  // namespace watchbill::metrics::histogram
