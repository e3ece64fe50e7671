// What probes leave in the store: probe_success and probe_duration_seconds (domain/supervision.md §6, design/metrics.md §4).
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "drivers/agent/probes.h"
#include "drivers/scrape/target_series.h"

namespace watchbill::app {

class ProbeSamples {
 public:
  using OwnSamples = std::vector<drivers::scrape::OwnSample>;

  // The samples of one result, with job, instance and, of a workload's probe, `probe`; labels of the bill win. What the same
  // probe asked before, when it was something else, ends. None of a probe that keep_only() was not given.
  [[nodiscard]] OwnSamples take(const drivers::agent::ProbeSample& result);
  // What ends, once only these are asked.
  [[nodiscard]] OwnSamples keep_only(const std::vector<drivers::agent::ProbeTarget>& targets);

 private:
  using Key = std::pair<std::string, ProbeRole>;  // the subject and which of its probes

  std::set<Key> asked_;           // since keep_only()
  std::map<Key, Labels> labels_;  // of the last result
};

}  // namespace watchbill::app
