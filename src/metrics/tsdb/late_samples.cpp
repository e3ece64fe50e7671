#include "metrics/tsdb/late_samples.h"

#include <algorithm>
#include <bit>

#include "metrics/tsdb/sample_order.h"

namespace watchbill::metrics::tsdb {

LateRun::Added LateRun::add(Sample sample, std::atomic<std::size_t>& account) {
  if (const Sample* known = find(sample.t_ms); known != nullptr)
    return std::bit_cast<std::uint64_t>(known->v) == std::bit_cast<std::uint64_t>(sample.v) ? Added::repeated
                                                                                            : Added::conflicting;
  const std::size_t used = count_ % Piece::samples_max;
  if (used == 0) pieces_.push_back(std::make_shared<Piece>(account));
  Piece& piece = *pieces_.back();
  piece.samples[used] = sample;
  piece.first_ms = std::min(piece.first_ms, sample.t_ms);
  piece.last_ms = std::max(piece.last_ms, sample.t_ms);
  ++count_;
  first_ms_ = std::min(first_ms_, sample.t_ms);
  last_ms_ = std::max(last_ms_, sample.t_ms);
  return Added::stored;
}

// A sender who is not told that his samples are safe repeats whole requests, again and again: that must not fill memory and log.
const Sample* LateRun::find(std::int64_t t_ms) const noexcept {
  if (t_ms < first_ms_ || t_ms > last_ms_) return nullptr;
  const std::size_t oldest = pieces_.size() - std::min(pieces_.size(), compared_pieces_max);
  for (std::size_t number = pieces_.size(); number > oldest; --number) {
    const Piece& piece = *pieces_[number - 1];
    if (t_ms < piece.first_ms || t_ms > piece.last_ms) continue;
    const Sample* const end = piece.samples.data() + std::min(count_ - (number - 1) * Piece::samples_max, Piece::samples_max);
    const Sample* const found =
        std::find_if(piece.samples.data(), end, [t_ms](const Sample& sample) { return sample.t_ms == t_ms; });
    if (found != end) return found;
  }
  return nullptr;
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
