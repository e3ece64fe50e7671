// The contents of a Snapshot: shared tables that nobody writes any more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "metrics/tsdb/block.h"
#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/late_samples.h"
#include "metrics/tsdb/series_table.h"
#include "metrics/tsdb/snapshot.h"

namespace watchbill::metrics::tsdb {

class HeadCore;

using MetadataTable = std::map<std::string, Metadata, std::less<>>;

// A series of which blocks hold a part, or that has late samples.
struct SeriesParts {
  Labels labels;  // of one that the head does not hold
  std::vector<std::pair<const Block*, std::uint32_t>> parts;  // with its number there; in the order of Blocks
  const LateRun* late{nullptr};                               // of the view that this is kept by
  std::int64_t complete_from_ms{std::numeric_limits<std::int64_t>::max()};  // from then on its chunks in memory hold all there is
};

class SnapshotView {
 public:
  // Made by HeadCore, which counts it under `version` until it goes.
  SnapshotView(HeadCore& core, std::uint64_t version) noexcept : core_(core), version_(version) {}
  ~SnapshotView();
  SnapshotView(const SnapshotView&) = delete;
  SnapshotView& operator=(const SnapshotView&) = delete;

  PageTable pages;
  Segments segments;
  std::shared_ptr<const MetadataTable> metadata;
  std::shared_ptr<const Blocks> blocks;
  std::int64_t blocks_before_ms{0};       // samples before may be in blocks alone, also of series that memory holds
  std::shared_ptr<const LateTable> late;  // null: there are none
  std::size_t series_count{0};
  std::int64_t newest_ms{0};

  // The late samples of a series that memory holds; null: it has none.
  [[nodiscard]] const LateRun* late_of(const SeriesRecord* record) const noexcept {
    if (late == nullptr) return nullptr;
    const auto at = late->find(record);
    return at == late->end() ? nullptr : &at->second;
  }

  // Keeps what a select found in blocks as long as this view lives. Any thread.
  void keep(std::deque<SeriesParts> found) const {
    const std::lock_guard lock(found_mutex_);
    found_.push_back(std::move(found));
  }
  // Whether a select found a series in that block. Any thread.
  [[nodiscard]] bool has_found(const Block* block) const {
    const std::lock_guard lock(found_mutex_);
    return std::any_of(found_.begin(), found_.end(), [block](const std::deque<SeriesParts>& found) {
      return std::any_of(found.begin(), found.end(), [block](const SeriesParts& series) {
        return std::any_of(series.parts.begin(), series.parts.end(), [block](const auto& part) { return part.first == block; });
      });
    });
  }

 private:
  HeadCore& core_;
  std::uint64_t version_;
  mutable std::mutex found_mutex_;
  mutable std::deque<std::deque<SeriesParts>> found_;
};

}  // namespace watchbill::metrics::tsdb
