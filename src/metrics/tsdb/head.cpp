#include "metrics/tsdb/head.h"

#include "metrics/histogram/codec.h"
#include "metrics/tsdb/exemplar_store.h"
#include "metrics/tsdb/head_core.h"

namespace watchbill::metrics::tsdb {

std::string_view word(AppendRefusal refusal) noexcept {
  switch (refusal) {
    case AppendRefusal::out_of_order: return "out_of_order";
    case AppendRefusal::duplicate_timestamp: return "duplicate_timestamp";
    case AppendRefusal::too_old: return "too_old";
    case AppendRefusal::too_far_ahead: return "too_far_ahead";
    case AppendRefusal::too_many_series: return "too_many_series";
    case AppendRefusal::memory_full: return "memory_full";
    case AppendRefusal::too_many_samples: return "too_many_samples";
    case AppendRefusal::no_labels: return "no_labels";
    case AppendRefusal::bad_label_name: return "bad_label_name";
    case AppendRefusal::too_many_labels: return "too_many_labels";
    case AppendRefusal::label_name_too_long: return "label_name_too_long";
    case AppendRefusal::label_value_too_long: return "label_value_too_long";
    case AppendRefusal::unknown_series: return "unknown_series";
  }
  return "";
}

Head::Head(const HeadLimits& limits)
    : core_(std::make_unique<HeadCore>(limits)), exemplars_(std::make_unique<ExemplarStore>(limits.exemplar_count_max)) {}
Head::~Head() = default;

BatchResult Head::append(std::span<BatchSample> batch, std::size_t sample_count_max) {
  return core_->append(batch, sample_count_max);
}

BatchResult Head::append_again(std::span<BatchSample> batch) {
  return core_->append(batch, std::numeric_limits<std::size_t>::max(), HeadCore::Source::log);
}

Result<SeriesReference, AppendRefusal> Head::append(const Labels& labels, Instant at, double value) {
  return core_->append(labels, at, value);
}

Result<SeriesReference, AppendRefusal> Head::append(const Labels& labels, Instant at, const histogram::Histogram& value) {
  const std::string encoded = histogram::encode(value);
  BatchSample sample;
  sample.labels = &labels;
  sample.at = at;
  sample.histogram = encoded;
  core_->append(std::span(&sample, 1), 1);
  if (!sample.taken.has_value()) return sample.taken.error();
  return sample.series;
}

Result<void, AppendRefusal> Head::append(SeriesReference series, Instant at, double value) {
  BatchSample sample;
  sample.series = series;
  sample.at = at;
  sample.value = value;
  core_->append(std::span(&sample, 1), 1);
  return sample.taken;
}

void Head::describe(std::string_view metric_name, const Metadata& metadata) { core_->describe(metric_name, metadata); }
std::optional<Labels> Head::labels(SeriesReference series) const { return core_->labels(series); }
Snapshot Head::snapshot() const { return Snapshot(core_->snapshot()); }
void Head::advance(Instant now) { core_->advance(now); }
HeadStatistics Head::statistics() const { return core_->statistics(); }
const HeadLimits& Head::limits() const noexcept { return core_->limits(); }
void Head::begin_log() { core_->begin_log(); }
std::string Head::take_log(bool ends_segment) { return core_->take_log(ends_segment); }
std::shared_ptr<const SnapshotView> Head::view() const { return core_->snapshot(); }
void Head::set_blocks(Blocks blocks, std::int64_t before_ms) {
  core_->set_blocks(std::make_shared<const Blocks>(std::move(blocks)), before_ms);
}
void Head::move_out(std::span<const MovedSeries> moved, std::int64_t before_ms) { core_->move_out(moved, before_ms); }

}  // namespace watchbill::metrics::tsdb
