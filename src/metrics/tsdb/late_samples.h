// Samples that came after younger ones of their series: kept beside its chunks, in order of arrival, until a block takes them.
//
// One writer, under the head's lock; any number of readers without one. A reader holds a copy of the LateRun as it was at its
// moment: what stands in the first `count` places is never written again. Cost: 17 bytes a sample, in pieces of 30; reading
// sorts; adding looks at the ranges of up to 64 pieces. Source of the behaviour: the out-of-order window of Prometheus 2.42
// (tsdb/ooo_head.go), which keeps 32 such samples of a series before it compresses them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "metrics/tsdb/sample.h"
#include "metrics/tsdb/series_table.h"

namespace watchbill::metrics::tsdb {

class LateRun {
 public:
  enum class Added : std::uint8_t {
    stored,
    repeated,     // one of the newest two thousand is this very sample: nothing changed
    conflicting,  // one of these has its time and another value: nothing changed
  };
  [[nodiscard]] Added add(Sample sample, std::atomic<std::size_t>& account);
  // Without the samples before `before_ms` among the first `count`, which are in a block.
  [[nodiscard]] LateRun without(std::int64_t before_ms, std::size_t count, std::atomic<std::size_t>& account) const;

  // Adds those with from <= t <= to, in order of time; of two at one time the one that came first.
  void read(std::int64_t from, std::int64_t to, std::vector<Sample>& out) const;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t first_ms() const noexcept { return first_ms_; }
  [[nodiscard]] std::int64_t last_ms() const noexcept { return last_ms_; }
  // That the next sample may need.
  [[nodiscard]] static std::size_t piece_bytes() noexcept { return sizeof(Piece); }

 private:
  struct Piece {
    static constexpr std::size_t samples_max = 30;
    explicit Piece(std::atomic<std::size_t>& account) noexcept : counted(account, sizeof(Piece)) {}

    std::array<Sample, samples_max> samples;
    // Of those that are there; for the writer alone.
    std::int64_t first_ms{std::numeric_limits<std::int64_t>::max()};
    std::int64_t last_ms{std::numeric_limits<std::int64_t>::min()};
    CountedBytes counted;
  };
  static constexpr std::size_t compared_pieces_max = 64;

  // The one of that time among the newest; null: there is none.
  [[nodiscard]] const Sample* find(std::int64_t t_ms) const noexcept;
  // All of them, in order of arrival.
  [[nodiscard]] std::vector<Sample> arrived() const;

  std::vector<std::shared_ptr<Piece>> pieces_;  // all but the last one full
  std::size_t count_{0};
  std::int64_t first_ms_{std::numeric_limits<std::int64_t>::max()};
  std::int64_t last_ms_{std::numeric_limits<std::int64_t>::min()};
};

// By the record of their series, which outlives its run.
using LateTable = boost::unordered_flat_map<const SeriesRecord*, LateRun>;

}  // namespace watchbill::metrics::tsdb
