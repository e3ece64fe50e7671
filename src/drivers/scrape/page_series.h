// What a target's last page showed, in its order: which text stands for which series.
//
// Pages come in one order: the series that followed last time is compared first, and costs no look-up. The texts stand one after
// the other, so a page that has not changed is compared in one walk through memory. A table of them is made only in a round in
// which a line stands elsewhere, and goes with it. Cost: 32 bytes and the text for each series; a round that changed something
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

   private:
    friend class PageSeries;
    std::uint32_t round_{0};  // that had it last
    std::uint32_t text_size_{0};
    std::size_t text_at_{0};
  };
  struct Found {
    std::size_t place{0};  // among all(), until end_round()
    bool is_new{false};
  };

  // A page begins: none of the series is seen.
  void begin_round() noexcept;
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
  [[nodiscard]] std::string_view text_of(const Series& series) const noexcept {
    return std::string_view(texts_).substr(series.text_at_, series.text_size_);
  }
  [[nodiscard]] std::size_t look_up(std::string_view text);
  void enter(std::size_t place) noexcept;
  void see(std::size_t place);

  static constexpr std::uint32_t nowhere = 0;

  std::string texts_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> table_;  // places + 1 by hash of their text, or nowhere; empty until a round needs it
  std::vector<std::uint32_t> order_;  // of this page, from the first line that stood elsewhere
  bool is_in_order_{true};            // every series seen so far stands at its number
  std::uint32_t round_{0};
  std::size_t known_count_{0};        // of the last page: in its order
  std::size_t expected_{0};           // among those
  std::size_t seen_count_{0};
};

}  // namespace watchbill::drivers::scrape
