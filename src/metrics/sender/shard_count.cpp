#include "metrics/sender/shard_count.h"

#include <algorithm>
#include <cmath>

namespace watchbill::metrics::sender {

ShardCount::ShardCount(std::uint32_t min, std::uint32_t max, std::uint32_t now)
    : min_(min), max_(std::max(min, max)), count_(std::clamp(now, min_, max_)), wanted_(count_) {}

void ShardCount::Rate::add(double amount) noexcept {
  constexpr double weight = 0.2;
  const double newest = amount * 1000 / static_cast<double>(interval.ms);
  value_ = has_begun_ ? value_ + weight * (newest - value_) : newest;
  has_begun_ = true;
}

void ShardCount::update(const Flow& flow) {
  constexpr double caught_up_share = 0.05;
  constexpr double tolerance = 0.3;
  constexpr double behind_seconds_max = 10;  // with more than that to catch up shards do not become fewer
  read_.add(flow.read);
  dropped_.add(flow.dropped);
  answered_.add(flow.answered);
  busy_.add(flow.busy_seconds);
  if (answered_.per_second() <= 0) return;
  const double kept_share = answered_.per_second() / (answered_.per_second() + dropped_.per_second());
  const double kept = read_.per_second() * kept_share;
  const double seconds_per_sample = busy_.per_second() / answered_.per_second();
  wanted_ = seconds_per_sample * (kept + caught_up_share * std::max(0.0, flow.behind_seconds) * kept);
  if (!flow.was_taken) return;
  const double rounded = std::ceil(wanted_);
  if (rounded >= count_ * (1 - tolerance) && rounded <= count_ * (1 + tolerance)) return;
  if (rounded < count_ && flow.behind_seconds > behind_seconds_max) return;
  count_ = static_cast<std::uint32_t>(std::clamp<double>(rounded, min_, max_));
}

}  // namespace watchbill::metrics::sender
