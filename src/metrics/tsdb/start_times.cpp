#include "metrics/tsdb/start_times.h"

#include <cmath>
#include <cstddef>
#include <string>

namespace watchbill::metrics::tsdb {

namespace {
// Beyond the year 9999, and a whole number that fits an integer: what is larger says nothing.
constexpr double start_ms_max = 9e15;
}  // namespace

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
    if (next == 0) continue;
    const double start_ms = changes[next - 1].v;  // a NaN, a staleness marker above all, is none either
    if (std::abs(start_ms) <= start_ms_max) out_ms[i] = static_cast<std::int64_t>(start_ms);
  }
}

}  // namespace watchbill::metrics::tsdb
