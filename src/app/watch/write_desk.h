// Requests of remote write, in the order in which they came: stored, made durable together, then answered. While one sync of the
// disk is under way the next requests gather, so many senders share it and nobody waits for a timer. Few large ones are enough
// for a sync: what waits for it takes memory, and the head forgets what waits too long (HeadLimits::log_bytes_max). Threads:
// run() is one thread's; all else any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "api/services.h"
#include "app/watch/metrics_plan.h"
#include "metrics/receive/write_store.h"

namespace watchbill::app::watch {

class WriteDesk {
 public:
  struct Links {
    metrics::tsdb::Head& head;
    std::function<Status()> make_durable;  // what the head was given is on the disk
    std::function<void(std::span<const metrics::rules::RulePlace>)> arrived;  // samples that these rules rest on
  };
  // The first two of what waits; one request more is turned away.
  struct Limits {
    std::size_t requests_max{1'024};
    std::size_t bytes_max{std::size_t{64} << 20};
    std::size_t synced_bytes_max{std::size_t{64} << 20};  // decompressed: then a sync, whatever waits behind
  };
  explicit WriteDesk(Links links) : WriteDesk(std::move(links), Limits()) {}
  WriteDesk(Links links, const Limits& limits);

  // From the next request on: the rules of this plan.
  void configure(std::shared_ptr<const MetricsPlan> plan);
  // Takes the body of a request, as it was sent. `done` comes once, on the thread of run(). False when too many wait or it is
  // over; then `done` is not kept.
  [[nodiscard]] bool offer(std::string block, std::function<void(api::WriteOutcome)> done);

  // Works until stop(); what still waits then is answered as not durable and is not stored.
  void run();
  void stop();

  [[nodiscard]] const metrics::receive::WriteCounts& counts() const noexcept { return store_.counts(); }

 private:
  struct Request {
    std::string block;
    std::function<void(api::WriteOutcome)> done;
  };
  [[nodiscard]] bool take(std::deque<Request>& requests, std::shared_ptr<const MetricsPlan>& plan);
  void serve(std::deque<Request>& requests);

  const Links links_;
  const Limits limits_;
  metrics::receive::WriteStore store_;       // of run()'s thread, but its counts
  std::shared_ptr<const MetricsPlan> plan_;  // whose groups store_ refers to

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> requests_;
  std::size_t waiting_bytes_{0};
  std::shared_ptr<const MetricsPlan> next_plan_;
  bool is_stopped_{false};
};

}  // namespace watchbill::app::watch
