// What a target's last page showed, in its order: which text stands for which series.
//
// Pages come in one order: the series that followed last time is compared first, and costs no look-up. The texts stand one after
// the other, so a page that has not changed is compared in one walk through memory. A table of them is made only in a round in
// which a line stands elsewhere, and goes with it. Cost: 20 bytes and the text for each series; a round that changed something
// copies all of that once.
//
// One thread. No errors: what is too large was refused by the reader of the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/tsdb/head.h"

namespace watchbill::drivers::scrape {

class PageSeries {
 public:
  struct Series {
    metrics::tsdb::SeriesReference reference;  // as the store gave it; a default one: the store has not taken it yet
    std::uint32_t name{0};                     // of its metric, as its owner numbers them
    bool has_own_time{false};                  // then nobody knows when it ends
    bool is_dropped{false};                    // by metric_relabel_configs

    // Nobody needs its labels.
    [[nodiscard]] bool is_settled() const noexcept { return is_dropped || reference != metrics::tsdb::SeriesReference{}; }

   private:
    friend class PageSeries;
    // The low bits of the number of the round that had it last: who is not in a round goes at its end.
    std::uint8_t round_{0};
    // Where its text ends, in 40 bits; it begins where that of the series before ends.
    std::uint8_t text_end_high_{0};
    std::uint32_t text_end_low_{0};
  };
  static_assert(sizeof(Series) == 20);
  struct Found {
    std::size_t place{0};  // among all(), until end_round()
    bool is_new{false};
  };

  // A page begins: none of the series is seen.
  void begin_round() noexcept;
  // The text of the series that followed here last time, where its owner says that it needs no more than to be seen (is_settled);
  // else "". Until the next call.
  [[nodiscard]] std::string_view expected_text() const noexcept {
    return expected_ < known_count_ && series_[expected_].is_settled() ? text_of(expected_) : std::string_view();
  }
  // It came: its place.
  std::size_t see_expected() {
    const std::size_t place = expected_++;
    if (!is_seen(series_[place])) see(place);
    return place;
  }
  // The series that this text stands for, seen from now on; a new one when the last page did not have it.
  [[nodiscard]] Found find_or_add(std::string_view text);
  // The page is at its end: puts what was seen into its order, and forgets the others.
  void end_round();
  // Forgets all of them.
  void clear() noexcept;

  [[nodiscard]] std::span<Series> all() noexcept { return series_; }
  [[nodiscard]] std::span<const Series> all() const noexcept { return series_; }
  [[nodiscard]] bool is_seen(const Series& series) const noexcept { return series.round_ == round_; }
  [[nodiscard]] std::size_t seen_count() const noexcept { return seen_count_; }

 private:
  [[nodiscard]] std::size_t text_end(std::size_t place) const noexcept {
    return std::size_t{series_[place].text_end_high_} << 32U | series_[place].text_end_low_;
  }
  [[nodiscard]] std::string_view text_of(std::size_t place) const noexcept {
    const std::size_t begin = place == 0 ? 0 : text_end(place - 1);
    return {texts_.data() + begin, text_end(place) - begin};
  }
  // That of the last series.
  void add_text(std::string_view text);
  [[nodiscard]] std::size_t look_up(std::string_view text);
  void enter(std::size_t place) noexcept;
  void see(std::size_t place);

  static constexpr std::uint32_t nowhere = 0;

  std::string texts_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> table_;  // places + 1 by hash of their text, or nowhere; empty until a round needs it
  std::vector<std::uint32_t> order_;  // of this page, from the first line that stood elsewhere
  bool is_in_order_{true};            // every series seen so far stands at its number
  std::uint8_t round_{0};
  std::size_t known_count_{0};        // of the last page: in its order
  std::size_t expected_{0};           // among those
  std::size_t seen_count_{0};
};

}  // namespace watchbill::drivers::scrape
