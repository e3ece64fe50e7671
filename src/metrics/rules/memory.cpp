#include "metrics/rules/memory.h"

#include <utility>

namespace watchbill::metrics::rules {

void SampleBatch::add(const Labels& labels, tsdb::SeriesReference& reference, double value) {
  tsdb::BatchSample sample;
  sample.series = reference;
  sample.labels = &labels;
  sample.value = value;
  samples_.push_back(std::move(sample));
  references_.push_back(&reference);
}

void SampleBatch::add(const Labels& labels, RecordedSeries& series) {
  add(labels, series.reference, series.value);
  samples_.back().histogram = series.histogram;
}

void SampleBatch::end(Labels labels, tsdb::SeriesReference reference) {
  ended_.push_back(Ended{std::move(labels), reference});
  add(ended_.back().labels, ended_.back().reference, tsdb::stale_marker());
}

SampleBatch::Counts SampleBatch::write(tsdb::Head& head, Instant at) {
  if (samples_.empty()) return {};
  for (tsdb::BatchSample& sample : samples_) sample.at = at;
  const tsdb::BatchResult result = head.append(samples_);
  Counts counts{result.taken_count, result.refused_count, std::nullopt};
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    *references_[i] = samples_[i].series;
    const bool is_value = !tsdb::is_stale(samples_[i].value);
    if (!counts.refusal && is_value && !samples_[i].taken) counts.refusal = samples_[i].taken.error();
  }
  return counts;
}

}  // namespace watchbill::metrics::rules
