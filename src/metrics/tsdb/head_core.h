// The state of a Head behind its mutex. The functions whose name ends in _locked are called with the mutex held.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/tsdb/head.h"
#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/late_samples.h"
#include "metrics/tsdb/log_record.h"
#include "metrics/tsdb/series_table.h"
#include "metrics/tsdb/slot_table.h"
#include "metrics/tsdb/view.h"

namespace watchbill::metrics::tsdb {

class HeadCore {
 public:
  explicit HeadCore(const HeadLimits& limits);
  ~HeadCore();
  HeadCore(const HeadCore&) = delete;
  HeadCore& operator=(const HeadCore&) = delete;

  enum class Source : std::uint8_t { outside, log };
  BatchResult append(std::span<BatchSample> batch, std::size_t sample_count_max, Source source = Source::outside);
  Result<SeriesReference, AppendRefusal> append(const Labels& labels, Instant at, double value);
  [[nodiscard]] std::optional<Labels> labels(SeriesReference series);
  void describe(std::string_view metric_name, const Metadata& metadata);
  [[nodiscard]] std::shared_ptr<const SnapshotView> snapshot();
  // A snapshot of `version` is gone.
  void release(std::uint64_t version) noexcept;
  void advance(Instant now);
  [[nodiscard]] HeadStatistics statistics();
  [[nodiscard]] const HeadLimits& limits() const noexcept { return limits_; }
  void begin_log();
  [[nodiscard]] std::string take_log(bool ends_segment);
  void set_blocks(std::shared_ptr<const Blocks> blocks, std::int64_t before_ms);
  void move_out(std::span<const MovedSeries> moved, std::int64_t before_ms);

 private:
  // Chunks that left the window while snapshots from before `version` may still read them.
  struct Retired {
    std::uint64_t version{0};
    Chunk* chunk{nullptr};
  };
  // Labels that nobody asked for lately, likewise.
  struct RetiredLabels {
    std::uint64_t version{0};
    std::unique_ptr<UnpackedLabels> labels;
  };
  static constexpr std::uint32_t no_slot = SlotTable::no_slot;
  // New series are indexed when a snapshot is taken, and not later than at this count, so that no snapshot has to sort many.
  static constexpr std::size_t sealed_at_series = 1024;
  // A series that rests this long and is whole in blocks leaves memory.
  static constexpr Duration resting_max = Duration::hours(1);
  // Segments are merged under the lock up to this size (some 20 ms); larger ones by advance(), without it.
  static constexpr std::size_t merged_under_lock_series = 32 * 1024;

  // Appending (head_append.cpp).
  [[nodiscard]] bool is_current_locked(SeriesReference series) const noexcept;
  Result<SeriesReference, AppendRefusal> resolve_locked(const BatchSample& sample, bool& is_new);
  Result<SeriesReference, AppendRefusal> create_locked(const Labels& labels, std::uint64_t hash);
  // `encoded`: of a native histogram, or empty; its sample has no value yet.
  Result<void, AppendRefusal> append_locked(SeriesReference series, Sample sample, std::string_view encoded, Source source);
  // Sets the sample's value to the mark that stands for it.
  Result<void, AppendRefusal> write_histogram_locked(SeriesState& state, Sample& sample, std::string_view encoded);
  // One that is older than the newest of its series.
  Result<void, AppendRefusal> append_late_locked(SeriesReference series, Sample sample, Source source);
  void log_locked(SeriesState& state, Sample sample, std::string_view encoded);
  Result<void, AppendRefusal> begin_chunk_locked(SeriesState& state, Sample sample, bool holds_histograms);
  [[nodiscard]] static bool is_newest_locked(const SeriesState& state, Sample sample, std::string_view encoded);
  [[nodiscard]] std::uint32_t find_locked(const Labels& labels, std::uint64_t hash) const noexcept;
  [[nodiscard]] SeriesState& writable_locked(std::uint32_t slot);
  [[nodiscard]] LateTable& writable_late_locked();
  [[nodiscard]] std::uint64_t newest_reader_locked() const noexcept;

  // The window and the index (head_window.cpp).
  void drop_before(std::int64_t horizon_ms);
  void drop_page_before_locked(std::size_t page, std::int64_t horizon_ms);
  void drop_chunks_before_locked(std::uint32_t slot, std::int64_t horizon_ms);
  void drop_oldest_chunk_locked(SeriesState& state);
  void move_out_locked(const MovedSeries& moved, std::int64_t before_ms);
  void drop_late_locked(const SeriesRecord* record);
  void drop_series_locked(std::uint32_t slot);
  [[nodiscard]] std::vector<Chunk*> collect_locked();
  void seal_locked();
  void add_segment_locked(std::shared_ptr<const IndexSegment> segment);
  void compact_index();
  [[nodiscard]] std::size_t memory_bytes_locked() const noexcept;

  const HeadLimits limits_;
  std::atomic<std::size_t> counted_bytes_{0};  // of records and pages; before everything that holds them
  std::mutex mutex_;
  PageTable pages_;
  SlotTable slots_;  // not read by snapshots, so not copied for them
  std::vector<std::uint32_t> free_slots_;
  std::vector<Member> unsealed_;  // series that no segment holds yet
  Segments segments_;
  std::shared_ptr<const Blocks> blocks_;
  std::int64_t blocks_before_ms_{std::numeric_limits<std::int64_t>::min()};  // samples before may be in blocks alone
  std::shared_ptr<LateTable> late_;  // null: there are none
  std::uint64_t late_version_{0};    // of the table
  std::shared_ptr<MetadataTable> metadata_;
  std::uint64_t metadata_version_{0};
  std::uint64_t version_{1};                       // of pages that are made now; each snapshot ends one
  std::map<std::uint64_t, std::uint32_t> readers_;  // version -> live snapshots of it
  std::vector<Retired> retired_;                   // in order of version
  std::deque<RetiredLabels> retired_labels_;       // in order of version
  bool has_time_{false};
  std::int64_t now_ms_{0};
  std::int64_t horizon_ms_{std::numeric_limits<std::int64_t>::min()};
  std::int64_t newest_ms_{0};
  std::uint64_t last_number_{0};
  std::size_t chunks_allocated_{0};
  std::size_t index_bytes_{0};
  HeadStatistics counts_;
  bool is_logging_{false};
  std::uint32_t log_segment_{1};
  LogEncoder log_;
};

}  // namespace watchbill::metrics::tsdb
