// Keeps the blocks of the store: a thread that moves what is complete from memory and log into files, merges these and drops
// what is too old. The log has a thread of its own, which may not wait for that long.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"
#include "drivers/files/disk_files.h"
#include "metrics/tsdb/block_store.h"
#include "metrics/tsdb/sample_log.h"

namespace watchbill::app::watch {

class BlockKeeper {
 public:
  struct Links {
    metrics::tsdb::Head& head;
    metrics::tsdb::SampleLog& log;
    std::function<Instant()> now;                      // the engine clock
    std::function<void(const std::string&)> complain;  // to the log; any thread
  };
  // `links` outlive it. `data` is the data directory, `folder` where the blocks lie in it; `disk_bytes_max` of blocks and log
  // together, 0: as many as it takes.
  BlockKeeper(Links links, const std::string& data, std::string folder, std::uint64_t disk_bytes_max);
  ~BlockKeeper() { stop(); }

  struct Opened {
    metrics::tsdb::LogCoverage covered;  // for the log's load()
    bool is_whole{true};                 // nothing was damaged or missing
    bool is_empty{true};                 // there is no block
  };
  // Lets snapshots read the blocks that are there; complains of those that cannot be read. Until it succeeds once, before the log
  // is loaded; fails as BlockStore::open().
  [[nodiscard]] Result<Opened> open();
  // Starts the thread. Once, after the log was loaded.
  void start();
  // Ends it: a block that is being written is left and written after the next start.
  void stop();

 private:
  void work();
  void say_failure(const Error& error);
  void say_damage();

  const Links links_;
  drivers::files::DiskFiles files_;  // the log has its own: one thread each
  metrics::tsdb::BlockStore store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_{false};
  std::optional<metrics::tsdb::BlockStore::Work> failing_;  // what last failed, until something is done
  std::thread thread_;
};

}  // namespace watchbill::app::watch
