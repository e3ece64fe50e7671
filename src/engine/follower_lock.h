// The lock of the follower's state: many readers at once, or the one who applies records, and the two kinds take turns.
//
// Why not std::shared_mutex: there readers who come without a pause keep the writer out for good. Here nobody waits for more than
// one turn of the others: readers who come while a writer waits are let in behind him, all of them, before the next writer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace watchbill::engine {

// For std::unique_lock and std::shared_lock. Any thread. A thread that reads must not ask to read again, nor wait for a thread
// that does: behind a writer who waits both would wait for ever.
class FollowerLock {
 public:
  // Waits until the readers who are in have left; who comes after this call waits behind it.
  void lock();
  void unlock();

  // Waits for a writer who writes or waits.
  void lock_shared();
  void unlock_shared();

  // How many wait at this moment. Any thread.
  struct Waiting {
    std::size_t readers{0}, writers{0};
  };
  [[nodiscard]] Waiting waiting() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable may_read_, may_write_;
  std::size_t readers_in_{0};
  std::size_t readers_waiting_{0};
  std::size_t writers_waiting_{0};
  bool is_writing_{false};
  std::uint64_t turn_{0};  // grows when a writer lets the readers in who wait
};

}  // namespace watchbill::engine
