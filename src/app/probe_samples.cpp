#include "app/probe_samples.h"

#include "metrics/tsdb/sample.h"

namespace watchbill::app {
namespace {

Labels labels_of(const drivers::agent::ProbeSample& result) {
  Labels labels({{"instance", result.asked}, {"job", result.subject}});
  if (result.role != ProbeRole::watched) labels.set("probe", word(result.role));
  for (const auto& [name, value] : result.labels) labels.set(name, value);
  return labels;
}

void add(ProbeSamples::OwnSamples& out, Labels labels, const char* name, double value) {
  labels.set(metric_name_label, name);
  out.push_back({std::move(labels), value});
}

void add_both(ProbeSamples::OwnSamples& out, const Labels& labels, double success, double seconds) {
  add(out, labels, "probe_success", success);
  add(out, labels, "probe_duration_seconds", seconds);
}

}  // namespace

ProbeSamples::OwnSamples ProbeSamples::take(const drivers::agent::ProbeSample& result) {
  OwnSamples out;
  if (!asked_.contains({result.subject, result.role})) return out;  // it was on its way when its probe ended
  Labels labels = labels_of(result);
  Labels& known = labels_[{result.subject, result.role}];
  if (!known.empty() && known != labels) add_both(out, known, metrics::tsdb::stale_marker(), metrics::tsdb::stale_marker());
  known = std::move(labels);
  add_both(out, known, result.verdict == ports::ProbeVerdict::pass ? 1 : 0, static_cast<double>(result.took.ms) / 1000);
  return out;
}

ProbeSamples::OwnSamples ProbeSamples::keep_only(const std::vector<drivers::agent::ProbeTarget>& targets) {
  asked_.clear();
  for (const drivers::agent::ProbeTarget& target : targets) asked_.emplace(target.subject, target.role);
  OwnSamples out;
  for (auto at = labels_.begin(); at != labels_.end();) {
    if (asked_.contains(at->first)) {
      ++at;
      continue;
    }
    add_both(out, at->second, metrics::tsdb::stale_marker(), metrics::tsdb::stale_marker());
    at = labels_.erase(at);
  }
  return out;
}

}  // namespace watchbill::app
