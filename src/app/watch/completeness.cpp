#include "app/watch/completeness.h"

#include <algorithm>
#include <vector>

namespace watchbill::app::watch {
namespace {

constexpr Duration restart_pause = Duration::seconds(10);

Labels target_of(const Labels& series) {
  Labels target = series;
  target.remove(metric_name_label);
  return target;
}

// The end of the last long pause of one target; the epoch when there is none.
Instant pause_end(const metrics::tsdb::SeriesView& up, Duration pause_max, Instant now) {
  std::vector<metrics::tsdb::Sample> samples;
  up.read(Instant{0}, now, samples);
  Instant end{};
  Instant next = now;
  for (auto sample = samples.rbegin(); sample != samples.rend() && end == Instant{}; ++sample) {
    if (next - Instant{sample->t_ms} > pause_max) end = next;
    next = Instant{sample->t_ms};
  }
  return end;
}

}  // namespace

Instant complete_since(const metrics::tsdb::Snapshot& snapshot, const std::map<Labels, Duration>& intervals, Instant now) {
  bool is_anything_known = false;
  Instant since{};
  const std::vector<metrics::tsdb::Matcher> is_up{metrics::tsdb::Matcher::equal(std::string(metric_name_label), "up")};
  for (const metrics::tsdb::SeriesView& up : snapshot.select(is_up, Instant{0}, now)) {
    const auto interval = intervals.find(target_of(up.labels()));
    if (interval == intervals.end()) continue;  // it is asked no more
    is_anything_known = true;
    since = std::max(since, pause_end(up, std::max(interval->second * 2, restart_pause), now));
  }
  return is_anything_known ? since : now;
}

}  // namespace watchbill::app::watch
