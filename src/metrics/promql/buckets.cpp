#include "metrics/promql/buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace watchbill::metrics::promql {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double rounding_share_max = 1e-12;

bool differs_by_rounding_only(double a, double b) noexcept {
  return std::abs(a - b) / (std::abs(a) + std::abs(b)) < rounding_share_max;
}

}  // namespace

Buckets::Buckets(std::vector<Bucket> buckets, SmallDifferences small) : buckets_(std::move(buckets)) {
  std::sort(buckets_.begin(), buckets_.end(), [](const Bucket& a, const Bucket& b) { return a.upper < b.upper; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (kept > 0 && buckets_[kept - 1].upper == buckets_[i].upper) buckets_[kept - 1].count += buckets_[i].count;
    else buckets_[kept++] = buckets_[i];
  }
  buckets_.resize(kept);
  for (std::size_t i = 1; i < buckets_.size(); ++i) {
    const double before = buckets_[i - 1].count;
    double& count = buckets_[i].count;
    if (count == before) continue;
    const bool is_rounding = small == SmallDifferences::ignored && differs_by_rounding_only(before, count);
    if (!is_rounding && !(count < before)) continue;
    was_forced_ = was_forced_ || !is_rounding;
    count = before;
  }
}

bool Buckets::is_complete() const noexcept { return !buckets_.empty() && buckets_.back().upper == infinity; }

double Buckets::quantile(double q) const noexcept {
  if (std::isnan(q)) return nan;
  if (q < 0) return -infinity;
  if (q > 1) return infinity;
  if (!is_complete() || buckets_.size() < 2) return nan;
  const double observations = buckets_.back().count;
  if (observations == 0 || std::isnan(observations)) return nan;
  double rank = q * observations;
  const auto found =
      std::find_if(buckets_.begin(), buckets_.end() - 1, [rank](const Bucket& bucket) { return bucket.count >= rank; });
  const auto index = static_cast<std::size_t>(found - buckets_.begin());
  // Nothing is known of how far the last bucket reaches, nor the first when it ends at or below zero.
  if (index == buckets_.size() - 1) return buckets_[index - 1].upper;
  if (index == 0 && found->upper <= 0) return found->upper;
  double lower = 0;
  double count = found->count;
  if (index > 0) {
    lower = buckets_[index - 1].upper;
    count -= buckets_[index - 1].count;
    rank -= buckets_[index - 1].count;
  }
  return lower + (found->upper - lower) * (rank / count);
}

// Linear within a bucket. A bucket without a lower bound counts as being all below `value`, one without an upper bound as all
// above.
double Buckets::observations_below(double value) const noexcept {
  double below = 0;
  double lower = buckets_.front().upper > 0 ? 0 : -infinity;
  for (const Bucket& bucket : buckets_) {
    if (lower >= value) return below;
    if (bucket.upper > value) {
      if (std::isinf(lower)) return bucket.count;
      return below + (bucket.count - below) * (value - lower) / (bucket.upper - lower);
    }
    below = bucket.count;
    lower = bucket.upper;
  }
  return below;
}

double Buckets::fraction(double lower, double upper) const noexcept {
  if (!is_complete()) return nan;
  const double observations = buckets_.back().count;
  if (observations == 0 || std::isnan(observations) || std::isnan(lower) || std::isnan(upper)) return nan;
  if (lower >= upper) return 0;
  return (observations_below(upper) - observations_below(lower)) / observations;
}

}  // namespace watchbill::metrics::promql
