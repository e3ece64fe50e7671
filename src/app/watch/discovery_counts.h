// How often discovery failed, by job and kind: told by whoever asks, read by the metrics page. Any thread.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "api/discovery_view.h"
#include "drivers/scrape/job.h"

namespace watchbill::app::watch {

class DiscoveryCounts {
 public:
  // From now on these jobs. What a job has counted stays with its name.
  void configure(const std::vector<drivers::scrape::Job>& jobs);

  // A source of the bill gave no targets; each job that has it counts it.
  void failed(const std::string& file_pattern);
  void failed(const HttpDiscoveryConfiguration& source);
  void looked_up(const DnsDiscoveryConfiguration& source, bool is_good);
  // So many targets a job has now.
  void found(const std::string& job, std::size_t target_count);

  [[nodiscard]] api::DiscoveryView view() const;

 private:
  template <class Has>
  void count(api::DiscoveryKind kind, const Has& has);

  mutable std::mutex mutex_;
  std::vector<ScrapeConfiguration> written_;  // of the jobs of the view
  api::DiscoveryView view_;
};

}  // namespace watchbill::app::watch
