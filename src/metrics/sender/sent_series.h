// The series of the log as they are sent: with external labels, relabelled, encoded once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "metrics/sender/terms.h"
#include "metrics/tsdb/log_frame.h"
#include "metrics/tsdb/log_record.h"
#include "model/labels.h"

namespace watchbill::metrics::sender {

struct SentSeries {
  std::string encoded_labels;  // metrics/remote/message.h; empty: rules dropped the series
  std::uint64_t hash{0};       // of them, the same in every run: says which shard
  [[nodiscard]] bool is_dropped() const noexcept { return encoded_labels.empty(); }
};

// Pure. Source: Prometheus 2.42, QueueManager.StoreSeries.
[[nodiscard]] SentSeries sent_series(Labels labels, const Terms& terms);

using SeriesTable = std::unordered_map<std::uint64_t, std::shared_ptr<const SentSeries>>;

// What the numbers of the log mean while it is read. A segment explains all that it mentions, so older explanations go with the
// segment after the next; they help out where an explanation is damaged. Memory: the encoded labels and some 100 bytes for each
// series.
class KnownSeries {
 public:
  // `terms` outlive it.
  explicit KnownSeries(const Terms& terms) : terms_(terms), now_(std::make_shared<SeriesTable>()) {}

  void begin_segment(tsdb::LogSegment segment);
  // The series that a decoder has just read the labels of.
  void explain(const tsdb::LogDecoder& entry);
  // Null for a series that was never explained.
  [[nodiscard]] const SentSeries* find(std::uint64_t number);
  // Who holds it may use what find() gave since begin_segment().
  [[nodiscard]] std::shared_ptr<const SeriesTable> table() const noexcept { return now_; }

 private:
  const Terms& terms_;
  tsdb::LogSegment segment_;
  std::shared_ptr<SeriesTable> now_, before_;
};

}  // namespace watchbill::metrics::sender
