#include "metrics/tsdb/late_samples.h"

#include <algorithm>

#include "metrics/tsdb/sample_order.h"

namespace watchbill::metrics::tsdb {

bool LateRun::add(Sample sample, std::atomic<std::size_t>& account) {
  const std::size_t used = count_ % Piece::samples_max;
  if (used == 0) {
    if (!pieces_.empty() && pieces_.back()->has(sample.t_ms, Piece::samples_max)) return false;
    pieces_.push_back(std::make_shared<Piece>(account));
  } else if (pieces_.back()->has(sample.t_ms, used)) {
    return false;
  }
  pieces_.back()->samples[used] = sample;
  ++count_;
  first_ms_ = std::min(first_ms_, sample.t_ms);
  last_ms_ = std::max(last_ms_, sample.t_ms);
  return true;
}

bool LateRun::Piece::has(std::int64_t t_ms, std::size_t used) const noexcept {
  return std::any_of(samples.begin(), samples.begin() + used, [&](const Sample& sample) { return sample.t_ms == t_ms; });
}

std::vector<Sample> LateRun::arrived() const {
  std::vector<Sample> all;
  all.reserve(count_);
  for (const std::shared_ptr<Piece>& piece : pieces_) {
    const std::size_t used = std::min(count_ - all.size(), Piece::samples_max);
    all.insert(all.end(), piece->samples.begin(), piece->samples.begin() + used);
  }
  return all;
}

LateRun LateRun::without(std::int64_t before_ms, std::size_t count, std::atomic<std::size_t>& account) const {
  LateRun left;
  const std::vector<Sample> all = arrived();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i >= count || all[i].t_ms >= before_ms) static_cast<void>(left.add(all[i], account));
  return left;
}

void LateRun::read(std::int64_t from, std::int64_t to, std::vector<Sample>& out) const {
  if (first_ms_ > to || last_ms_ < from) return;
  std::vector<Sample> all = arrived();
  std::erase_if(all, [&](const Sample& sample) { return sample.t_ms < from || sample.t_ms > to; });
  sort_by_time(all, 0);
  out.insert(out.end(), all.begin(), all.end());
}

}  // namespace watchbill::metrics::tsdb
