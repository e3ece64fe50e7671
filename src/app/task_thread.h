// A thread that runs short tasks in the order they came, for what may wait for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace watchbill::app {

class TaskThread {
 public:
  // `waiting_max`: tasks that may wait; one more is refused.
  explicit TaskThread(std::size_t waiting_max);
  ~TaskThread();

  // False, and nothing happens, when too many wait or after stop(). Any thread.
  bool run(std::function<void()> task);
  // Ends after the task under way; what waits is dropped. Idempotent.
  void stop();

 private:
  void work();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool is_stopped_{false};
  std::thread thread_;
};

}  // namespace watchbill::app
