#include "app/task_thread.h"

namespace watchbill::app {

TaskThread::TaskThread(std::size_t waiting_max) : waiting_max_(waiting_max), thread_([this] { work(); }) {}

TaskThread::~TaskThread() { stop(); }

bool TaskThread::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void TaskThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  waiting_.clear();  // on the caller's thread: what a task holds may end with it
}

void TaskThread::work() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopped_ || !waiting_.empty(); });
      if (is_stopped_) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task();
  }
}

}  // namespace watchbill::app
