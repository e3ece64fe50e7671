#include "app/watch/write_desk.h"

#include <utility>
#include <vector>

namespace watchbill::app::watch {

WriteDesk::WriteDesk(Links links, const Limits& limits) : links_(std::move(links)), limits_(limits), store_(links_.head) {}

void WriteDesk::configure(std::shared_ptr<const MetricsPlan> plan) {
  const std::lock_guard lock(mutex_);
  next_plan_ = std::move(plan);
}

bool WriteDesk::offer(std::string block, std::function<void(api::WriteOutcome)> done) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_full = requests_.size() >= limits_.requests_max || waiting_bytes_ + block.size() > limits_.bytes_max;
    if (is_stopped_ || (is_full && !requests_.empty())) return false;
    waiting_bytes_ += block.size();
    requests_.push_back({std::move(block), std::move(done)});
  }
  changed_.notify_one();
  return true;
}

void WriteDesk::run() {
  std::deque<Request> requests;
  std::shared_ptr<const MetricsPlan> plan;
  while (take(requests, plan)) {
    if (plan) {
      store_.configure(plan->groups);
      plan_ = std::exchange(plan, nullptr);
    }
    serve(requests);
    requests.clear();
  }
  for (Request& request : requests)
    request.done({{}, Error{ErrorKind::interrupted, "store samples", "the request", "the controller is closing"}});
}

// Waits for requests. False when it is over.
bool WriteDesk::take(std::deque<Request>& requests, std::shared_ptr<const MetricsPlan>& plan) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_stopped_ || !requests_.empty(); });
  requests.swap(requests_);
  waiting_bytes_ = 0;
  plan = std::exchange(next_plan_, nullptr);
  return !is_stopped_;
}

void WriteDesk::serve(std::deque<Request>& requests) {
  std::vector<metrics::receive::WriteReport> reports;  // of those that are not answered yet
  bool is_any_taken = false;
  std::size_t stored_bytes = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    reports.push_back(store_.store(requests[i].block));
    requests[i].block = {};
    stored_bytes += reports.back().body_bytes;
    is_any_taken = is_any_taken || reports.back().taken_count > 0;
    if (!reports.back().readers.empty()) links_.arrived(reports.back().readers);
    if (i + 1 < requests.size() && stored_bytes < limits_.synced_bytes_max) continue;
    const Status durable = is_any_taken ? links_.make_durable() : Status();
    const std::size_t first = i + 1 - reports.size();
    for (std::size_t at = 0; at < reports.size(); ++at) {
      const bool is_kept = reports[at].taken_count > 0;
      requests[first + at].done({std::move(reports[at]), is_kept ? durable : Status()});
    }
    reports.clear();
    is_any_taken = false;
    stored_bytes = 0;
  }
}

void WriteDesk::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace watchbill::app::watch
