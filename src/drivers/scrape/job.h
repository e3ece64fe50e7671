// A job of the bill, ready to be asked: what becomes of the targets that were found for it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "drivers/scrape/scraper.h"
#include "metrics/relabel/rules.h"
#include "model/configuration_scrape.h"

namespace watchbill::drivers::scrape {

struct Job {
  ScrapeConfiguration written;
  metrics::relabel::Rules relabel;          // of targets
  std::shared_ptr<const SampleTerms> terms;
};

// Holds: the configuration is checked. Fails (invalid) on a relabelling rule that it should not have.
[[nodiscard]] Result<Job> compile(const ScrapeConfiguration& written);

struct FoundTarget {
  std::string job;
  Labels discovered;  // before relabelling: with __address__ and the like
  Target target;
};

struct JobTargets {
  std::vector<FoundTarget> active;    // in the order in which they were found; each once
  std::vector<Labels> dropped;        // by the rules, as they were discovered
  std::vector<std::string> failures;  // what is no target after relabelling, for people
};

// Pure. Source: Prometheus 2.42 scrape/target.go (PopulateLabels, URL). Differs in two things: a bare IPv6 address gets its
// brackets and a port, and of two targets with the same labels only the first is one, the other is a failure.
[[nodiscard]] JobTargets targets_of(const Job& job, std::span<const StaticTargets> groups);

}  // namespace watchbill::drivers::scrape
