// Who waits for whom at the follower's state.
#include "engine/follower_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace watchbill::engine {
namespace {

// Who got in, in that order. Each takes its turn on a thread of its own.
class Queue {
 public:
  ~Queue() { join(); }

  void write(const std::string& name) {
    threads_.emplace_back([this, name] {
      const std::unique_lock hold(lock);
      note(name);
    });
  }
  void read(const std::string& name) {
    threads_.emplace_back([this, name] {
      const std::shared_lock hold(lock);
      note(name);
    });
  }
  // Waits until so many wait; false when that does not come.
  [[nodiscard]] bool wait_for(std::size_t readers, std::size_t writers) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (lock.waiting().readers != readers || lock.waiting().writers != writers) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::string join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return order_;
  }

  FollowerLock lock;

 private:
  void note(const std::string& name) {
    const std::lock_guard guard(mutex_);
    order_ += name + " ";
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::string order_;
};

TEST(follower_lock, readers_who_come_without_a_pause_keep_no_writer_out) {
  Queue queue;
  queue.lock.lock_shared();
  queue.write("writer");
  EXPECT_TRUE(queue.wait_for(0, 1));
  queue.read("later_reader");
  EXPECT_TRUE(queue.wait_for(1, 1)) << "who comes while a writer waits is behind him, though others still read";
  queue.lock.unlock_shared();
  EXPECT_EQ(queue.join(), "writer later_reader ");
}

TEST(follower_lock, writers_who_come_without_a_pause_keep_no_reader_out) {
  Queue queue;
  queue.lock.lock();
  queue.read("reader");
  EXPECT_TRUE(queue.wait_for(1, 0));
  queue.write("later_writer");
  EXPECT_TRUE(queue.wait_for(1, 1));
  queue.lock.unlock();
  EXPECT_EQ(queue.join(), "reader later_writer ");
}

TEST(follower_lock, many_read_at_once) {
  FollowerLock lock;
  const std::shared_lock one(lock), another(lock);
  EXPECT_EQ(lock.waiting().readers, 0U);
}

TEST(follower_lock, nobody_reads_what_is_half_written) {
  FollowerLock lock;
  int first = 0, second = 0;
  std::atomic<bool> is_done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!is_done) {
        const std::shared_lock hold(lock);
        EXPECT_EQ(first, second);
      }
    });
  std::vector<std::thread> writers;
  for (int i = 0; i < 2; ++i)
    writers.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const std::unique_lock hold(lock);
        ++first;
        ++second;
      }
    });
  for (std::thread& thread : writers) thread.join();
  is_done = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(first, 4000);
}

}  // namespace
}  // namespace watchbill::engine
