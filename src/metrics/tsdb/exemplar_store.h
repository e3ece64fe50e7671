// The exemplars that targets pick to stand for others: the newest of all series, in memory only.
//
// Threads: every function may be called on any thread; one mutex inside. Cost: an add looks its series up by labels (about a
// microsecond); a select walks all series that have exemplars. Source: Prometheus 2.42 tsdb/exemplar.go, and its later releases
// for several exemplars of one time (native histograms); ours: a bound in bytes beside the one in number, and nothing on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/tsdb/matcher.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

struct Exemplar {
  Labels labels;
  double value{0};
  Instant at;
  bool has_own_time{true};  // false: `at` is that of the sample, and moves with each scrape of the same exemplar
};

class ExemplarStore {
 public:
  static constexpr std::size_t bytes_max = std::size_t{64} << 20;
  // Of one answer of arrived_from(), which repeats the labels of a series for each exemplar: receivers take some more.
  static constexpr std::size_t arrived_bytes_max = std::size_t{4} << 20;
  static constexpr std::size_t characters_max = 128;  // of names and values of its labels, as OpenMetrics 1.0 has it

  enum class Taken : std::uint8_t {
    stored,
    repeated,      // the series has it already
    out_of_order,  // older than the newest one of its series
    too_long,      // more than characters_max
    off,           // the store keeps none
  };
  struct OfSeries {
    Labels series;
    std::vector<Exemplar> exemplars;  // oldest first
  };
  // Exemplars as they came; each has a number, from 0 on.
  struct Arrived {
    std::uint64_t first{0};   // the number of the first one below
    std::uint64_t number{0};  // of the next that comes: so many came so far
    std::vector<std::pair<Labels, Exemplar>> exemplars;
  };
  struct Statistics {
    std::size_t exemplar_count{0};
    std::size_t series_count{0};
    std::size_t count_max{0};
    Instant oldest_at;  // of those that are there; 0 without one
    std::uint64_t appended_count{0};
    std::uint64_t out_of_order_count{0};
  };

  // Keeps so many at most: beyond it, and beyond bytes_max, what came first goes first. 0: none.
  explicit ExemplarStore(std::size_t count_max) : count_max_(count_max) {}

  Taken add(const Labels& series, Exemplar exemplar);
  // The same for several of one series, in their order, which is looked up once: what became of each.
  std::vector<Taken> add(const Labels& series, std::vector<Exemplar> exemplars);

  // Those with from <= at <= to of the series that meet all matchers of one of the lists; in label order.
  [[nodiscard]] std::vector<OfSeries> select(std::span<const std::vector<Matcher>> any_of, Instant from, Instant to) const;

  // Those with this number and behind it that are still there, oldest first: at most `count_max` of them, and of those as many as
  // arrived_bytes_max allows, but one. Cost: of what it gives alone.
  [[nodiscard]] Arrived arrived_from(std::uint64_t number, std::size_t count_max) const;

  [[nodiscard]] Statistics statistics() const;

 private:
  struct Series {
    std::deque<Exemplar> exemplars;  // oldest first, never empty
    std::uint64_t dropped_count{0};  // that were there before the first of them
  };
  using BySeries = std::map<Labels, Series>;
  struct Place {
    BySeries::iterator series;
    std::uint64_t number{0};  // of the exemplar among all that its series had
  };
  // With the mutex held. `at`: where `series` is; end(): nowhere yet.
  Taken take(const Labels& series, BySeries::iterator& at, Exemplar exemplar);
  void drop_first();

  const std::size_t count_max_;
  mutable std::mutex mutex_;
  BySeries series_;
  std::deque<Place> arrived_;  // one entry for each exemplar
  std::size_t bytes_{0};
  std::uint64_t appended_count_{0};
  std::uint64_t out_of_order_count_{0};
};

}  // namespace watchbill::metrics::tsdb
