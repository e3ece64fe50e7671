// What `load_with_nhcb` adds to a load: of each classic histogram the native one with custom buckets. Internal to the test
// language.
#pragma once

#include <map>
#include <vector>

#include "metrics/histogram/classic.h"
#include "metrics/promql/test_series.h"

namespace watchbill::metrics::promql {

class ClassicSeries {
 public:
  // Notes a line when it is a `_bucket`, `_count` or `_sum` of numbers.
  void add(const SeriesLine& line);
  // The native histograms of all that was noted, each under its base name without `le`; forgets it. Steps whose buckets make no
  // histogram have no point.
  [[nodiscard]] std::vector<SeriesLine> take();

 private:
  std::map<Labels, std::vector<histogram::Classic>> by_labels_;  // for each step what is known of it
};

}  // namespace watchbill::metrics::promql
