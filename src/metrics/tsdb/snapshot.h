// What a reader sees of the head: all batches that were appended before one moment, whole, and nothing after.
//
// Reading takes no lock and never waits for appends, nor do they wait for it. Series come in label order, samples in time order:
// two equal heads answer alike. Threads: a Snapshot and its views may be read on several threads at once. A Snapshot must be
// dropped before its Head; hold it for one evaluation, not for minutes, because what retention drops meanwhile stays in memory
// until then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/histogram/arena.h"
#include "metrics/tsdb/matcher.h"
#include "metrics/tsdb/sample.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

struct SeriesState;  // series_table.h
struct SeriesParts;  // view.h
class SnapshotView;  // view.h
class ReadAhead;     // read_ahead.h

// What a family of series is, as targets tell it. An empty type means that nobody said.
struct Metadata {
  std::string type;  // "counter", "gauge", "histogram", "summary", "unknown", …
  std::string help;
  std::string unit;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// One series of a snapshot, out of memory and of blocks. Two pointers in size and cost; lives no longer than its Snapshot.
class SeriesView {
 public:
  explicit SeriesView(const SeriesState& state) noexcept : state_(&state) {}
  // `state` may be null where blocks alone hold the series.
  SeriesView(const SeriesState* state, const SeriesParts& parts) noexcept : state_(state), parts_(&parts) {}

  // Stays where it is as long as the Snapshot lives. The first call for a series in some minutes costs 0.3 µs, others nothing.
  [[nodiscard]] const Labels& labels() const noexcept;
  // Adds the samples with from <= t <= to to the end of `out`, oldest first, staleness markers included. Decodes whole chunks:
  // 10 to 20 ns for each sample from the start of the chunk that holds `from`. Gives the count added.
  // Samples in blocks cost 20 to 30 ns each; those of a damaged block are missing, which its owner says (block_store.h).
  // Native histograms are put into `histograms` and given as their marks; without one they are left out.
  std::size_t read(Instant from, Instant to, std::vector<Sample>& out) const;
  std::size_t read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena& histograms) const;

  // The newest sample with t <= at, which may be a staleness marker and may be arbitrarily old; none when all are younger.
  // Costs nothing when `at` is not before the newest sample of all, else as reading one chunk. A native histogram is put into
  // `histograms` and given as its mark; without one there is no sample then.
  [[nodiscard]] std::optional<Sample> last(Instant at) const;
  [[nodiscard]] std::optional<Sample> last(Instant at, histogram::Arena& histograms) const;

  // The time of the newest sample of all. A view is never of an empty series.
  [[nodiscard]] Instant newest_at() const noexcept;
  // The time of the oldest sample.
  [[nodiscard]] Instant oldest_at() const noexcept;

 private:
  std::size_t read(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena* histograms) const;
  void read_parts(Instant from, Instant to, std::vector<Sample>& out, histogram::Arena* histograms) const;
  [[nodiscard]] std::optional<Sample> last(Instant at, histogram::Arena* histograms) const;
  [[nodiscard]] std::optional<Sample> last_in_head(Instant at, histogram::Arena* histograms) const;
  [[nodiscard]] bool is_head_enough(Instant from) const noexcept;
  friend ReadAhead;

  const SeriesState* state_;
  const SeriesParts* parts_{nullptr};
};

class Snapshot {
 public:
  // Made by Head::snapshot().
  explicit Snapshot(std::shared_ptr<const SnapshotView> view) noexcept : view_(std::move(view)) {}

  // The series that meet all matchers, in label order; without matchers, all of them. Leaves out series whose samples all lie
  // before `from` or after `to` (both inclusive); one whose samples only surround the range may be among the answers. Cost: by
  // the shortest list of the index that the matchers name, not by the number of series, when one matcher does not match "".
  // Where blocks overlap the range, they are asked too: some 0.5 µs for each series of the metric, and each block.
  // Companions (start_times.h) are left out unless a matcher names their label.
  [[nodiscard]] std::vector<SeriesView> select(std::span<const Matcher> matchers, Instant from, Instant to) const;
  // The files of damaged blocks (block.h) in which a select() of this snapshot found series: what was read of them may be missing
  // there. Cost: nothing while no block is damaged.
  [[nodiscard]] std::vector<std::string> damaged_blocks() const;
  // Whether there may be companions at all.
  [[nodiscard]] bool has_companions() const noexcept;

  // Names and values of labels among the series that select() would give, sorted, each once.
  [[nodiscard]] std::vector<std::string> label_names(std::span<const Matcher> matchers, Instant from, Instant to) const;
  [[nodiscard]] std::vector<std::string> label_values(std::string_view name, std::span<const Matcher> matchers, Instant from,
                                                      Instant to) const;

  // What targets said of a family, by its metric name; null when nobody did.
  [[nodiscard]] const Metadata* metadata(std::string_view metric_name) const noexcept;

  // All of them, by name.
  [[nodiscard]] std::vector<std::pair<std::string, Metadata>> all_metadata() const;

  // The number of series in memory, and the time of the newest sample of all (Instant{0} when there is none).
  [[nodiscard]] std::size_t series_count() const noexcept;
  [[nodiscard]] Instant newest_at() const noexcept;

 private:
  std::shared_ptr<const SnapshotView> view_;
};

}  // namespace watchbill::metrics::tsdb
