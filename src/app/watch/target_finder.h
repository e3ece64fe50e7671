// The targets of a bill as they stand now: those that it names, and those that files, servers and name servers name. On the loop
// unless a function says otherwise.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "app/watch/discovery_counts.h"
#include "drivers/scrape/dns_targets.h"
#include "drivers/scrape/file_targets.h"
#include "drivers/scrape/http_targets.h"
#include "drivers/scrape/job.h"
#include "drivers/scrape/resolver.h"

namespace watchbill::app::watch {

struct FoundTargets {
  std::vector<drivers::scrape::FoundTarget> active;  // labels each once
  std::vector<Labels> dropped;                       // by relabel_configs, as they were discovered
};

class TargetFinder {
 public:
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    std::function<void()> on_change;                   // find() gives something else; on the loop
    std::function<void(const std::string&)> complain;  // to the log; any thread
    std::string files_seen_from{};                     // see config::seen_from(): of __meta_filepath
  };
  // All of `links` outlive it.
  explicit TargetFinder(const Links& links);

  // Reads the discovery files of these jobs at once. Blocks: before the loop runs.
  void read_files(const std::vector<drivers::scrape::Job>& jobs);
  // From now on the sources of these jobs.
  void configure(const std::vector<drivers::scrape::Job>& jobs);
  // Asks nobody any more.
  void stop_asking();
  // Ends the thread that reads files. After stop_asking(), or when the loop is gone.
  void stop() { files_.stop(); }

  // The targets of these jobs. Complains about what is none, once.
  [[nodiscard]] FoundTargets find(const std::vector<drivers::scrape::Job>& jobs);
  // How often discovery failed. Any thread.
  [[nodiscard]] api::DiscoveryView counts() const { return counts_.view(); }

 private:
  const Links links_;
  DiscoveryCounts counts_;
  drivers::scrape::FileTargets files_;
  drivers::scrape::HttpTargets servers_;
  drivers::scrape::Resolver resolver_;
  drivers::scrape::DnsTargets names_;
  std::set<std::string> failures_;  // told already
};

}  // namespace watchbill::app::watch
