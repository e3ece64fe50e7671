// What a bill asks of the metrics path: jobs, rule groups, and which series of our own are kept.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/scrape/job.h"
#include "metrics/rules/group.h"
#include "model/configuration.h"

namespace watchbill::app::watch {

struct MetricsPlan {
  std::vector<drivers::scrape::Job> jobs;               // what is scraped
  std::vector<RemoteWriteConfiguration> remotes;        // who gets the samples too
  Labels external_labels;
  std::vector<RuleGroupConfiguration> sources;          // as written, for people
  std::vector<metrics::rules::RuleGroup> groups;        // of `sources`, compiled, in their order
  std::vector<metrics::rules::Selectors> readers;       // of rules, probes and the conditions of runbooks
  bool reads_everything{false};                         // a condition is a template: who knows what it will read
  // Whether all our own metrics and those of this host are kept; else those that somebody reads. False for a neighbour's file:
  // queries are to find what they find there, and one over all jobs would count a machine twice whose exporter the file names.
  bool keeps_own{true};

  // Whether somebody reads series of this name that have these labels.
  [[nodiscard]] bool reads(const Labels& target, const std::string& metric_name) const;
};

// Pure. Fails (invalid) on a rule that the checked configuration should not have.
[[nodiscard]] Result<MetricsPlan> plan_metrics(const Configuration& configuration);

}  // namespace watchbill::app::watch
