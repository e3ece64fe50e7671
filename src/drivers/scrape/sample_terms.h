// What a job says of the samples of its targets.
#pragma once

#include <vector>

#include "metrics/relabel/rules.h"
#include "model/configuration_scrape.h"

namespace watchbill::drivers::scrape {

struct SampleTerms {
  ScrapeLimits limits;           // more than one of them fails the whole scrape
  bool honors_labels{false};     // those of the page win over those of the target
  bool honors_timestamps{false};
  bool keeps_native_histograms{false};   // else their classic part is read
  bool keeps_classic_histograms{false};  // beside the native ones
  std::vector<RelabelConfiguration> written;  // what `relabel` was made from
  metrics::relabel::Rules relabel;            // after all of the above; false drops the sample
};

// Whether the same page comes to the same samples.
[[nodiscard]] inline bool is_alike(const SampleTerms& a, const SampleTerms& b) {
  return a.limits == b.limits && a.honors_labels == b.honors_labels && a.honors_timestamps == b.honors_timestamps &&
         a.keeps_native_histograms == b.keeps_native_histograms && a.keeps_classic_histograms == b.keeps_classic_histograms &&
         a.written == b.written;
}

}  // namespace watchbill::drivers::scrape
