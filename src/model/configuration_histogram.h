// Which histograms of metrics pages are stored.
#pragma once

#include "model/fields.h"

namespace watchbill {

// Of one job, or of all jobs that say nothing.
struct HistogramConfiguration {
  bool classic{false};  // those that are native too
  bool native{false};   // pages are asked for in protobuf
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("classic", &HistogramConfiguration::classic), field("native", &HistogramConfiguration::native));
  }
  friend bool operator==(const HistogramConfiguration&, const HistogramConfiguration&) = default;
};

}  // namespace watchbill
