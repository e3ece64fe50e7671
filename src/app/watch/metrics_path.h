// The running metrics path: store, sample log, scraper, rule groups, the threads that evaluate them, and remotes. Samples never
// meet the journal; what rules find goes to the engine as commands (design/architecture.md, the metrics path).
//
// Threads: one each for the sample log, blocks, remote write, pushes, and the plan of evaluations; a few evaluate.
// Functions say who may call them; `loop` means the I/O loop's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/services.h"
#include "app/watch/block_keeper.h"
#include "app/watch/memory_return.h"
#include "app/watch/metrics_plan.h"
#include "app/watch/push_desk.h"
#include "app/watch/remotes.h"
#include "app/watch/target_finder.h"
#include "app/watch/write_desk.h"
#include "drivers/files/disk_files.h"
#include "drivers/query/asker.h"
#include "drivers/scrape/host_reader.h"
#include "drivers/scrape/scraper.h"
#include "engine/follower.h"
#include "engine/inbox.h"
#include "metrics/tsdb/sample_log.h"

namespace watchbill::app::watch {

class MetricsPath {
 public:
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    engine::Inbox& inbox;
    const engine::Follower& follower;
    std::function<Instant()> now;                        // the engine clock
    std::function<std::string()> own_page;               // our own /metrics; asked on the loop
    std::function<void(const std::string&)> complain;    // to the log; any thread
  };
  struct Settings {
    std::string data;  // the data directory
    Duration retention, out_of_order_window, debounce;
    std::optional<std::size_t> exemplar_count_max;
    std::uint64_t retention_bytes{0};  // of blocks and log; 0: no such limit
    std::string external_url;
    std::string files_seen_from;  // see config::seen_from(): of discovery files
    std::string own_address;  // `instance` of our own series
    std::string own_host;     // `instance` of the host's
  };
  // All of `links` outlive it. Nothing runs yet.
  MetricsPath(Links links, Settings settings);
  ~MetricsPath();

  // Starts the threads. What is stored is loaded first; then targets are asked and rules evaluated, and is_ready() is true.
  // Before the loop runs.
  void start(std::shared_ptr<const MetricsPlan> plan);
  // Another bill. Loop, or before it runs.
  void configure(std::shared_ptr<const MetricsPlan> plan);
  void stop_asking();  // anybody any more. Loop.
  // Ends the threads, writes what is not on disk yet. After stop_asking(), or when the loop is gone; before the engine goes.
  void stop();

  [[nodiscard]] bool is_ready() const noexcept { return is_ready_; }

  // Samples of our own at once: labels with __name__, job and instance. Loop.
  void append(const std::vector<drivers::scrape::OwnSample>& samples);
  // Asks a condition once, on a thread of the pool, and answers there, exactly once; not at all after stop(). For plans and
  // probes. Any thread.
  void ask(drivers::query::Question question, std::function<void(drivers::query::Finding)> done) {
    asker_.ask(std::move(question), std::move(done));
  }
  // Runs a reader's query on a thread of the pool; false when too many wait. Any thread.
  bool run(std::function<void()> task) { return asker_.run(std::move(task)); }

  // What the API shows of it. It outlives whoever asks.
  [[nodiscard]] api::Watch watch();

 private:
  struct Readers {
    std::uint64_t names_version{0};
    std::vector<metrics::rules::RulePlace> rules;
  };

  [[nodiscard]] std::vector<api::TargetView> targets() const;
  [[nodiscard]] api::RuleGroups groups() const;
  void keep_samples();
  [[nodiscard]] Status flush();
  [[nodiscard]] bool load();
  void keep_for_remotes();
  void begin();
  void take(), take_targets();
  void plan_evaluations();
  void evaluate();
  void wake();
  [[nodiscard]] bool wait_a_moment(Duration longest);
  [[nodiscard]] metrics::rules::StoreReadiness readiness() const;
  [[nodiscard]] drivers::query::InheritedRule inherit(const RuleId& rule) const;
  void offer(Command command, std::function<void(bool)> done);
  void stored(const drivers::scrape::TargetSeries& series);
  [[nodiscard]] const std::vector<metrics::rules::RulePlace>& readers_of(const Labels& series);
  void retire_rules();
  void retire(const RuleId& rule);
  void configure_own(), configure_pushed();
  [[nodiscard]] std::vector<drivers::scrape::OwnSample> own_samples() const;
  [[nodiscard]] std::vector<drivers::scrape::OwnSample> host_samples(Instant now);

  const Links links_;
  const Settings settings_;
  const std::size_t pool_size_;
  metrics::tsdb::Head head_;
  drivers::files::DiskFiles files_;
  std::mutex log_mutex_;
  metrics::tsdb::SampleLog log_;           // once it is loaded, under log_mutex_
  Remotes remotes_;
  BlockKeeper blocks_;
  drivers::query::Asker asker_;
  MemoryReturn memory_;
  drivers::scrape::Scraper scraper_;       // loop
  drivers::scrape::HostReader host_;       // loop
  WriteDesk writes_;
  drivers::files::DiskFiles push_files_;   // pushes_' thread
  PushDesk pushes_;
  TargetFinder finder_;
  FoundTargets targets_;                   // loop, once it runs
  std::shared_ptr<const MetricsPlan> plan_;  // loop, once it runs
  std::map<Labels, Readers> early_;        // of `plan_`, by target, or own series; loop
  std::atomic<bool> is_ready_{false}, is_ending_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_{false}, is_woken_{false};  // the second one for the planner
  Instant complete_since_;
  Instant started_{Instant::never()};  // when the first could be asked
  std::vector<Labels> unscraped_;
  std::optional<std::set<std::string>> rule_ids_;  // of `plan_`

  std::thread keeper_, planner_, writer_, pusher_;
  std::vector<std::thread> pool_;
};

}  // namespace watchbill::app::watch
