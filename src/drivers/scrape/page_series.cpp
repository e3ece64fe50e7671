#include "drivers/scrape/page_series.h"

#include <bit>
#include <functional>
#include <numeric>

namespace watchbill::drivers::scrape {
namespace {

std::size_t hash_of(std::string_view text) noexcept { return std::hash<std::string_view>{}(text); }

}  // namespace

void PageSeries::begin_round() noexcept {
  ++round_;
  order_.clear();
  is_in_order_ = true;
  known_count_ = series_.size();
  expected_ = 0;
  seen_count_ = 0;
}

PageSeries::Found PageSeries::find_or_add(std::string_view text) {
  std::size_t place = expected_;
  bool is_new = false;
  if (place >= known_count_ || text_of(place) != text) {
    place = look_up(text);
    is_new = place == series_.size();
    if (is_new) {
      series_.emplace_back();
      add_text(text);
      enter(place);
    }
  }
  // A new one says nothing of a round yet: its 0 is the number of every 256th.
  if (is_new || !is_seen(series_[place])) {
    see(place);
    // From here on as it was there: one line more or less costs one look-up.
    if (place < known_count_) expected_ = place + 1;
  }
  return {place, is_new};
}

void PageSeries::add_text(std::string_view text) {
  texts_ += text;
  series_.back().text_end_low_ = static_cast<std::uint32_t>(texts_.size());
  series_.back().text_end_high_ = static_cast<std::uint8_t>(texts_.size() >> 32U);
}

void PageSeries::see(std::size_t place) {
  series_[place].round_ = round_;
  if (is_in_order_ && place != seen_count_) {
    is_in_order_ = false;
    order_.resize(seen_count_);
    std::iota(order_.begin(), order_.end(), 0U);
  }
  if (!is_in_order_) order_.push_back(static_cast<std::uint32_t>(place));
  ++seen_count_;
}

// The place of this text, or one behind the last.
std::size_t PageSeries::look_up(std::string_view text) {
  if (table_.size() < 2 * (series_.size() + 1)) {
    table_.assign(std::bit_ceil(4 * (series_.size() + 1)), nowhere);
    for (std::size_t place = 0; place < series_.size(); ++place) enter(place);
  }
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash_of(text) & mask; table_[at] != nowhere; at = (at + 1) & mask)
    if (text_of(table_[at] - 1) == text) return table_[at] - 1;
  return series_.size();
}

void PageSeries::enter(std::size_t place) noexcept {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash_of(text_of(place)) & mask;
  while (table_[at] != nowhere) at = (at + 1) & mask;
  table_[at] = static_cast<std::uint32_t>(place + 1);
}

void PageSeries::end_round() {
  table_ = {};
  if (is_in_order_ && seen_count_ == series_.size()) {
    if (seen_count_ == known_count_) return;  // the common case
    texts_.shrink_to_fit();
    series_.shrink_to_fit();
    return;
  }
  PageSeries kept;
  kept.series_.reserve(seen_count_);
  const auto keep = [&](std::size_t place) {
    kept.series_.push_back(series_[place]);
    kept.add_text(text_of(place));
  };
  if (is_in_order_) {
    for (std::size_t place = 0; place < seen_count_; ++place) keep(place);
  } else {
    for (const std::uint32_t place : order_) keep(place);
  }
  kept.texts_.shrink_to_fit();
  texts_ = std::move(kept.texts_);
  series_ = std::move(kept.series_);
  order_ = {};
  is_in_order_ = true;
}

void PageSeries::clear() noexcept {
  *this = PageSeries();
}

}  // namespace watchbill::drivers::scrape
