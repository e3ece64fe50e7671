#include "base/assert.h"
#include "metrics/histogram/arithmetic.h"
#include "metrics/histogram/combine.h"

namespace watchbill::metrics::histogram {
namespace {

void add_compensations(BucketCounts& counts, const std::vector<double>& compensations) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i].count += compensations[i];
}

template <class Change>
void change_figures(Compensation& compensation, Change change) {
  change(compensation.zero_count);
  change(compensation.count);
  change(compensation.sum);
  for (double& figure : compensation.positive) change(figure);
  for (double& figure : compensation.negative) change(figure);
}

}  // namespace

void Sum::add(const Histogram& histogram) {
  if (notes_.is_incompatible) return;
  saw_reset_ = saw_reset_ || histogram.reset_hint == ResetHint::reset;
  saw_not_reset_ = saw_not_reset_ || histogram.reset_hint == ResetHint::not_reset;
  if (is_empty_) {
    is_empty_ = false;
    sum_ = histogram;
    compensation_.positive.resize(histogram.positive.size());
    compensation_.negative.resize(histogram.negative.size());
    return;
  }
  Notes notes = combine(sum_, &compensation_, histogram, 1);
  // Not only of neighbours: a gauge between them hides it from combine().
  notes.has_reset_collision = saw_reset_ && saw_not_reset_;
  notes_.add(notes);
}

Histogram Sum::value() const {
  WB_ASSERT(!is_empty_, "there is no sum of nothing");
  WB_ASSERT(!notes_.is_incompatible, "exponential and custom buckets have no sum");
  Histogram value = sum_;
  value.zero_count += compensation_.zero_count;
  value.count += compensation_.count;
  value.sum += compensation_.sum;
  add_compensations(value.positive, compensation_.positive);
  add_compensations(value.negative, compensation_.negative);
  return value;
}

void Sum::multiply_by(double factor) noexcept {
  multiply(sum_, factor);
  change_figures(compensation_, [factor](double& figure) { figure *= factor; });
}

void Sum::divide_by(double divisor) noexcept {
  divide(sum_, divisor);
  change_figures(compensation_, [divisor](double& figure) { figure /= divisor; });
}

void Mean::add(const Histogram& histogram) {
  if (sum_.notes_.is_incompatible) return;
  ++count_;
  if (!is_incremental_) {
    before_ = sum_;
    sum_.add(histogram);
    if (count_ == 1 || sum_.notes_.is_incompatible || !has_infinity(sum_.sum_)) return;
    before_.notes_ = sum_.notes_;
    sum_ = before_;
    is_incremental_ = true;
    sum_.divide_by(count_ - 1);
  }
  sum_.multiply_by((count_ - 1) / count_);
  Histogram share = histogram;
  divide(share, count_);
  sum_.add(share);
}

Histogram Mean::value() const {
  if (is_incremental_) return sum_.value();
  Sum mean = sum_;
  mean.divide_by(count_);
  return mean.value();
}

}  // namespace watchbill::metrics::histogram
