// The store of the recent window: every series with its samples of the last `retention`, compressed, in memory; older ones may
// have left it for blocks (block_store.h), which snapshots read beside it.
//
// Threads: every function may be called on any thread; one mutex inside, held for one batch, one snapshot() or one advance(). The
// head reads no clock: advance() tells it the time. Nothing is written to disk here; sample_log.h does that with what take_log()
// gives. Source of the behaviour: Prometheus 2.42's head (order, duplicates, staleness, label limits).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/histogram/histogram.h"
#include "metrics/tsdb/batch.h"
#include "metrics/tsdb/sample.h"
#include "metrics/tsdb/snapshot.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

struct HeadLimits {
  Duration retention{Duration::hours(24)};
  Duration ahead_max{Duration::minutes(10)};      // a target's own timestamps may be that far ahead, as in Prometheus
  std::size_t series_count_max{2'000'000};        // about 2 GiB of labels and open chunks
  std::size_t bytes_max{std::size_t{8} << 30};  // of memory_bytes(); advance() drops the oldest samples to stay below 15/16 of it
  Duration out_of_order_window;                   // before the newest sample of all: so late a sample may come; 0: in order only
  std::size_t label_count_max{256};               // per series
  std::size_t label_name_bytes_max{1024};
  std::size_t label_value_bytes_max{256U << 10};  // a stack trace in a label is bad taste, not a failed scrape
  std::size_t metadata_count_max{50'000};         // families; more are not remembered
  bool takes_companions{false};                   // series with the label of start_times.h, which hide and change others
  std::size_t exemplar_count_max{100'000};        // of all series; 0: none are kept
  std::size_t log_bytes_max{256U << 20};          // waiting for take_log(); beyond it they are forgotten and counted
};

struct HeadStatistics {
  std::size_t series_count{0};
  std::size_t sample_count{0};       // in memory
  std::size_t late_count{0};         // of these, out of order
  std::size_t chunk_count{0};
  std::size_t memory_bytes{0};       // what the head allocated and holds, retired chunks included; without malloc's own overhead
  std::uint64_t appended_count{0};   // samples since start
  std::uint64_t late_appended_count{0};  // of these, out of order
  std::uint64_t series_created_count{0};
  std::uint64_t series_dropped_count{0};
  std::uint64_t log_forgotten_bytes{0};  // see log_bytes_max
};

// A series whose samples up to a time are in a block as well.
struct MovedSeries {
  SeriesReference series;
  Instant newest;
  std::size_t late_count{0};  // of its late samples, those that the view had
};

class ExemplarStore;  // exemplar_store.h
class HeadCore;
class SnapshotView;  // view.h
class Block;         // block.h

class Head {
 public:
  explicit Head(const HeadLimits& limits = {});
  // Every Snapshot is gone by then.
  ~Head();
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  // Writes the samples in order, each taken or refused for itself; snapshots see all of the batch or nothing.
  // Refuses the whole batch (too_many_samples, in each `taken`) when it holds more than `sample_count_max`.
  BatchResult append(std::span<BatchSample> batch, std::size_t sample_count_max = std::numeric_limits<std::size_t>::max());
  // The same of what a log remembers: late samples are taken however old, as they were taken once.
  BatchResult append_again(std::span<BatchSample> batch);
  // One sample by its labels; gives the reference for the next one.
  Result<SeriesReference, AppendRefusal> append(const Labels& labels, Instant at, double value);
  Result<SeriesReference, AppendRefusal> append(const Labels& labels, Instant at, const histogram::Histogram& value);
  // One sample by reference; refuses unknown_series when it is outdated.
  Result<void, AppendRefusal> append(SeriesReference series, Instant at, double value);

  // The labels of a series, unless the reference is outdated.
  [[nodiscard]] std::optional<Labels> labels(SeriesReference series) const;

  // Remembers what a family is; the last word wins. Beyond metadata_count_max new families are forgotten.
  void describe(std::string_view metric_name, const Metadata& metadata);

  // The exemplars beside the samples. Any thread.
  [[nodiscard]] ExemplarStore& exemplars() const noexcept { return *exemplars_; }

  // What was appended so far, as one moment. Cost: about 1 µs for each 100 000 series.
  [[nodiscard]] Snapshot snapshot() const;

  // Says that it is `now`: drops chunks whose samples are all older than now - retention (and more while memory_bytes is above
  // 15/16 of bytes_max), and series that have none left, or that rested an hour and are whole in blocks. Call it about once a
  // minute; time never goes back: an earlier `now` is ignored.
  void advance(Instant now);

  [[nodiscard]] HeadStatistics statistics() const;
  [[nodiscard]] const HeadLimits& limits() const noexcept;

  // For sample_log.h: from now on remember what is appended until it is taken.
  void begin_log();
  // Takes what was appended since the last call, encoded as log_record.h says; empty when there is nothing. After `ends_segment`
  // the labels of each series that is mentioned are repeated.
  [[nodiscard]] std::string take_log(bool ends_segment);

  // For block_store.h: what a Snapshot reads; the blocks that the next snapshots read as well, which alone may hold samples
  // before that time; the series of which closed chunks and late samples before that time may leave memory because blocks hold
  // them.
  [[nodiscard]] std::shared_ptr<const SnapshotView> view() const;
  void set_blocks(std::vector<std::shared_ptr<const Block>> blocks, std::int64_t before_ms);
  void move_out(std::span<const MovedSeries> moved, std::int64_t before_ms);

 private:
  std::unique_ptr<HeadCore> core_;
  std::unique_ptr<ExemplarStore> exemplars_;
};

}  // namespace watchbill::metrics::tsdb
