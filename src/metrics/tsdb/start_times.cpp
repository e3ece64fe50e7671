#include "metrics/tsdb/start_times.h"

#include <cstddef>
#include <string>

namespace watchbill::metrics::tsdb {

Labels companion_of(const Labels& series) {
  Labels labels = series;
  labels.set(std::string(start_time_label), std::string(start_time_unit));
  return labels;
}

void read_start_times(const SeriesView& companion, std::span<const Sample> samples, std::vector<std::int64_t>& out_ms) {
  out_ms.assign(samples.size(), 0);
  if (samples.empty()) return;
  // From the oldest on: what held at the first sample was said at any time before.
  std::vector<Sample> changes;
  companion.read(companion.oldest_at(), Instant{samples.back().t_ms}, changes);
  std::size_t next = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    while (next < changes.size() && changes[next].t_ms <= samples[i].t_ms) ++next;
    if (next > 0 && !is_stale(changes[next - 1].v)) out_ms[i] = static_cast<std::int64_t>(changes[next - 1].v);
  }
}

}  // namespace watchbill::metrics::tsdb
