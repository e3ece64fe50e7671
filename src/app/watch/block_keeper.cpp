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

Result<BlockKeeper::Opened> BlockKeeper::open() {
  const Result<metrics::tsdb::BlocksOpened> opened = store_.open();
  if (!opened) return opened.error();
  for (const Error& error : opened->damaged)
    links_.complain("samples: " + error.text() + "; its samples are left out, the file stays where it is");
  for (const std::string& missing : opened->missing)
    links_.complain("samples: the block" + std::string(is_range(missing) ? "s " : " ") + missing +
                    (is_range(missing) ? " are" : " is") + " missing; their samples are left out");
  return Opened{store_.covered(), opened->damaged.empty() && opened->missing.empty(), store_.block_count() == 0};
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
  say_damage();  // what was read since it was last asked
}

void BlockKeeper::work() {
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    lock.unlock();
    const Result<bool> worked = store_.work(links_.now(), links_.log.state());
    links_.log.cover(store_.covered());
    if (!worked && worked.error().kind != ErrorKind::interrupted) say_failure(worked.error());
    if (worked && *worked && std::exchange(failing_, std::nullopt)) links_.complain("samples: the work on blocks goes on");
    // Chunks and tables by the hundred thousand were freed: give their pages back, else they stay ours for good.
    if (worked && *worked) static_cast<void>(::malloc_trim(0));
    say_damage();
    lock.lock();
    if (!worked || !*worked) changed_.wait_for(lock, work_interval, [this] { return is_stopped_; });
  }
}

// Once, until something is done again.
void BlockKeeper::say_failure(const Error& error) {
  using Work = metrics::tsdb::BlockStore::Work;
  const Work work = store_.last_work();
  if (std::exchange(failing_, work) == work) return;
  const auto consequence = [work] {
    switch (work) {
      case Work::drop: return "it takes room on the disk until it goes";
      case Work::cut: return "no block is made until it goes, samples stay in memory and log";
      case Work::merge: return "these blocks stay apart until it goes, and are read as before";
    }
    return "";
  };
  links_.complain("samples: " + error.text() + "; " + consequence());
}

void BlockKeeper::say_damage() {
  for (const std::string& name : store_.take_damaged())
    links_.complain("samples: " + name + ": samples in it are damaged and left out; the file stays where it is");
}

}  // namespace watchbill::app::watch
