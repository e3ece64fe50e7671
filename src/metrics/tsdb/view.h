// The contents of a Snapshot: shared tables that nobody writes any more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "metrics/tsdb/label_index.h"
#include "metrics/tsdb/series_table.h"
#include "metrics/tsdb/snapshot.h"

namespace watchbill::metrics::tsdb {

class HeadCore;

using MetadataTable = std::map<std::string, Metadata, std::less<>>;

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
  std::size_t series_count{0};
  std::int64_t newest_ms{0};

 private:
  HeadCore& core_;
  std::uint64_t version_;
};

}  // namespace watchbill::metrics::tsdb
