#include "engine/follower_lock.h"

namespace watchbill::engine {

void FollowerLock::lock() {
  std::unique_lock guard(mutex_);
  ++writers_waiting_;
  may_write_.wait(guard, [this] { return !is_writing_ && readers_in_ == 0; });
  --writers_waiting_;
  is_writing_ = true;
}

void FollowerLock::unlock() {
  {
    const std::lock_guard guard(mutex_);
    is_writing_ = false;
    // They are counted as in by whom they waited for: a writer who comes before they wake up finds them there.
    readers_in_ += readers_waiting_;
    readers_waiting_ = 0;
    ++turn_;
  }
  may_read_.notify_all();
  may_write_.notify_one();
}

void FollowerLock::lock_shared() {
  std::unique_lock guard(mutex_);
  if (!is_writing_ && writers_waiting_ == 0) {
    ++readers_in_;
    return;
  }
  ++readers_waiting_;
  may_read_.wait(guard, [this, mine = turn_] { return turn_ != mine; });
}

void FollowerLock::unlock_shared() {
  bool was_last = false;
  {
    const std::lock_guard guard(mutex_);
    was_last = --readers_in_ == 0;
  }
  if (was_last) may_write_.notify_one();
}

FollowerLock::Waiting FollowerLock::waiting() const {
  const std::lock_guard guard(mutex_);
  return {readers_waiting_, writers_waiting_};
}

}  // namespace watchbill::engine
