#include "metrics/tsdb/exemplar_store.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/characters.h"

namespace watchbill::metrics::tsdb {
namespace {

std::size_t bytes_of(const Labels& labels) noexcept {
  std::size_t bytes = labels.size() * sizeof(Labels::Pair);
  for (const auto& [name, value] : labels) bytes += name.size() + value.size();
  return bytes;
}
std::size_t bytes_of(const Exemplar& exemplar) noexcept { return sizeof(Exemplar) + bytes_of(exemplar.labels); }

// So many of one time are told apart: a native histogram has no more on a page that means well.
constexpr std::size_t same_time_max = 64;

bool is_same(const Exemplar& a, const Exemplar& b) noexcept {
  if (std::bit_cast<std::uint64_t>(a.value) != std::bit_cast<std::uint64_t>(b.value) || a.labels != b.labels) return false;
  return a.has_own_time == b.has_own_time && (!a.has_own_time || a.at == b.at);
}

}  // namespace

ExemplarStore::Taken ExemplarStore::add(const Labels& series, Exemplar exemplar) {
  const std::lock_guard lock(mutex_);
  auto at = series_.find(series);
  return take(series, at, std::move(exemplar));
}

std::vector<ExemplarStore::Taken> ExemplarStore::add(const Labels& series, std::vector<Exemplar> exemplars) {
  std::vector<Taken> taken;
  taken.reserve(exemplars.size());
  const std::lock_guard lock(mutex_);
  auto at = series_.find(series);
  for (Exemplar& each : exemplars) taken.push_back(take(series, at, std::move(each)));
  return taken;
}

ExemplarStore::Taken ExemplarStore::take(const Labels& series, BySeries::iterator& at, Exemplar exemplar) {
  if (count_max_ == 0) return Taken::off;
  std::size_t characters = 0;
  for (const auto& [name, value] : exemplar.labels) characters += count_characters(name) + count_characters(value);
  if (characters > characters_max) return Taken::too_long;
  if (at != series_.end()) {
    const std::deque<Exemplar>& known = at->second.exemplars;
    std::size_t looked_at = 0;
    for (auto one = known.rbegin(); one != known.rend() && looked_at < same_time_max; ++one, ++looked_at) {
      if (is_same(*one, exemplar)) return Taken::repeated;
      if (one->at != exemplar.at && looked_at > 0) break;
    }
    if (exemplar.at < known.back().at) {
      ++out_of_order_count_;
      return Taken::out_of_order;
    }
  } else {
    at = series_.emplace(series, Series()).first;
    bytes_ += bytes_of(series);
  }
  bytes_ += bytes_of(exemplar);
  arrived_.push_back({at, at->second.dropped_count + at->second.exemplars.size()});
  at->second.exemplars.push_back(std::move(exemplar));
  ++appended_count_;
  // What came just now stays, so `at` does too.
  while (arrived_.size() > count_max_ || (bytes_ > bytes_max && arrived_.size() > 1)) drop_first();
  return Taken::stored;
}

void ExemplarStore::drop_first() {
  const BySeries::iterator at = arrived_.front().series;
  arrived_.pop_front();
  bytes_ -= bytes_of(at->second.exemplars.front());
  at->second.exemplars.pop_front();
  ++at->second.dropped_count;
  if (!at->second.exemplars.empty()) return;
  bytes_ -= bytes_of(at->first);
  series_.erase(at);
}

std::vector<ExemplarStore::OfSeries> ExemplarStore::select(std::span<const std::vector<Matcher>> any_of, Instant from,
                                                           Instant to) const {
  std::vector<OfSeries> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [series, known] : series_) {
    const std::deque<Exemplar>& exemplars = known.exemplars;
    if (exemplars.front().at > to || exemplars.back().at < from) continue;
    const auto meets = [&labels = series](const Matcher& matcher) { return matcher.matches(labels.get(matcher.name())); };
    const auto meets_all = [&](const std::vector<Matcher>& all) { return std::all_of(all.begin(), all.end(), meets); };
    if (std::none_of(any_of.begin(), any_of.end(), meets_all)) continue;
    OfSeries one;
    for (const Exemplar& exemplar : exemplars)
      if (exemplar.at >= from && exemplar.at <= to) one.exemplars.push_back(exemplar);
    if (one.exemplars.empty()) continue;
    one.series = series;
    found.push_back(std::move(one));
  }
  return found;
}

ExemplarStore::Arrived ExemplarStore::arrived_from(std::uint64_t number, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  Arrived out;
  out.number = appended_count_;
  const std::uint64_t oldest = appended_count_ - arrived_.size();
  out.first = std::clamp(number, oldest, appended_count_);
  std::size_t bytes = 0;
  for (auto i = static_cast<std::size_t>(out.first - oldest); i < arrived_.size() && out.exemplars.size() < count_max; ++i) {
    const auto& [labels, series] = *arrived_[i].series;
    const Exemplar& exemplar = series.exemplars[static_cast<std::size_t>(arrived_[i].number - series.dropped_count)];
    bytes += bytes_of(labels) + bytes_of(exemplar);
    if (bytes > arrived_bytes_max && !out.exemplars.empty()) break;
    out.exemplars.emplace_back(labels, exemplar);
  }
  return out;
}

ExemplarStore::Statistics ExemplarStore::statistics() const {
  const std::lock_guard lock(mutex_);
  Statistics statistics{arrived_.size(), series_.size(), count_max_, {}, appended_count_, out_of_order_count_};
  if (!arrived_.empty()) statistics.oldest_at = arrived_.front().series->second.exemplars.front().at;
  return statistics;
}

}  // namespace watchbill::metrics::tsdb
