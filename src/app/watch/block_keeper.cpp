#include "app/watch/block_keeper.h"

#include <chrono>
#include <utility>

#include <malloc.h>

namespace watchbill::app::watch {
namespace {

constexpr std::chrono::seconds work_interval{5};

metrics::tsdb::BlockStoreLimits limits_with(std::uint64_t disk_bytes_max) {
  metrics::tsdb::BlockStoreLimits limits;
  limits.disk_bytes_max = disk_bytes_max;
  return limits;
}

// "000002 to 000004".
bool is_range(const std::string& blocks) { return blocks.find(" to ") != std::string::npos; }

}  // namespace

BlockKeeper::BlockKeeper(Links links, const std::string& data, std::string folder, std::uint64_t disk_bytes_max)
    : links_(std::move(links)), files_(data), store_(links_.head, files_, std::move(folder), limits_with(disk_bytes_max)) {}

BlockKeeper::Opened BlockKeeper::open() {
  const Result<metrics::tsdb::BlocksOpened> opened = store_.open();
  if (!opened) {
    links_.complain("samples: " + opened.error().text() + "; no block is read");
    return {{}, false, true};
  }
  for (const Error& error : opened->damaged)
    links_.complain("samples: " + error.text() + "; its samples are left out, the file stays where it is");
  for (const std::string& missing : opened->missing)
    links_.complain("samples: the block" + std::string(is_range(missing) ? "s " : " ") + missing +
                    (is_range(missing) ? " are" : " is") + " missing; their samples are left out");
  return {store_.covered(), opened->damaged.empty() && opened->missing.empty(), store_.block_count() == 0};
}

void BlockKeeper::start() {
  thread_ = std::thread([this] { work(); });
}

void BlockKeeper::stop() {
  store_.cancel();
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void BlockKeeper::work() {
  bool is_failing = false;
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    lock.unlock();
    const Result<bool> worked = store_.work(links_.now(), links_.log.state());
    links_.log.cover(store_.covered());
    const bool is_failure = !worked && worked.error().kind != ErrorKind::interrupted;
    if (is_failure && !is_failing)
      links_.complain("samples: " + worked.error().text() + "; no block is made until it goes, samples stay in memory and log");
    if (worked && *worked && is_failing) links_.complain("samples: blocks are made again");
    is_failing = is_failure || (is_failing && !(worked && *worked));
    // Chunks and tables by the hundred thousand were freed: give their pages back, else they stay ours for good.
    if (worked && *worked) static_cast<void>(::malloc_trim(0));
    say_damage();
    lock.lock();
    if (!worked || !*worked) changed_.wait_for(lock, work_interval, [this] { return is_stopped_; });
  }
}

void BlockKeeper::say_damage() {
  for (const std::string& name : store_.take_damaged())
    links_.complain("samples: " + name + ": samples in it are damaged and left out; the file stays where it is");
}

}  // namespace watchbill::app::watch
