// The follower: applies durable records to a State of its own, so that readers, snapshots and digest checks never stop the
// engine.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "engine/follower_lock.h"
#include "engine/recovery.h"
#include "model/record.h"

namespace watchbill::engine {

class Follower {
 public:
  // Starts where the engine starts: `recovered` is its own copy. `journal` is a port of its own on the same store: from there it
  // takes blobs, and records that its queue did not hold. A snapshot is due every `snapshot_every_records`.
  Follower(Recovered recovered, ports::JournalPort& journal, const Limits& limits, std::uint64_t snapshot_every_records);

  // Queues durable records; the engine calls it and never waits for it. Copies the bytes of at most
  // limits.follower_queue_records_max: of what is more only the last sequence is kept, run() reads it from the journal. Any
  // thread.
  void offer(std::span<const StoredRecord> records);

  // Applies what is durable, at most `max` records; gives how many. Follower's thread (or simulation).
  std::size_t run(std::size_t max);

  // Waits until something is to be applied or stop() was called; false then. Follower's thread.
  [[nodiscard]] bool wait();
  void stop();

  // Calls visit(state, head) under a shared lock. It must be short (below a millisecond), for the follower waits, and with it
  // everybody's answers: a long list is read in several calls. It must not read again, nor take a lock that another thread holds
  // while it reads (engine/follower_lock.h). Any thread.
  template <class Visit>
  auto read(Visit&& visit) const {
    const std::shared_lock lock(state_lock_);
    return visit(static_cast<const core::State&>(state_), head_);
  }

  // The newest record that readers see; read() then sees it too. Waits for nobody. Any thread.
  [[nodiscard]] Sequence head_sequence() const noexcept { return head_sequence_; }

  // Waits until records up to `sequence` are applied; false after `longest`. Any thread.
  [[nodiscard]] bool wait_for(Sequence sequence, Duration longest) const;

  // Calls `done` once records up to `sequence` are applied: at once when they are, else on the follower's thread; at stop() at
  // the latest. Who was told of a record then reads what it changed. Any thread.
  void when_applied(Sequence sequence, std::function<void()> done) const;

  // The first record that could not be applied, or whose digest differs: a defect, the process must end (exit 7).
  [[nodiscard]] std::optional<RecoveryFailure> failure() const;

  // The snapshot that became due, once: for the journal port to store and the engine to record. Follower's thread.
  [[nodiscard]] std::optional<ports::StoredSnapshot> take_snapshot(Digest& digest);

 private:
  // Calls who waited for records up to `sequence`.
  void tell_waiting(Sequence sequence) const;
  // Checks records that continue head_, up to the first that cannot be read: that one is the failure. Needs no lock: only this
  // thread moves head_.
  [[nodiscard]] std::optional<RecoveryFailure> check(std::span<const StoredRecord> stored, std::vector<CheckedRecord>& out);
  // The next records: queued ones, else from the journal.
  [[nodiscard]] Result<std::vector<StoredRecord>> take(std::size_t max);

  ports::JournalPort& journal_;
  const Limits limits_;
  const std::uint64_t snapshot_every_records_;
  mutable FollowerLock state_lock_;
  core::State state_;  // changed by the follower's thread alone
  ChainHead head_;
  std::atomic<Sequence> head_sequence_;  // of head_
  std::uint64_t digests_compared_{0};
  Sequence last_snapshot_{0};
  std::optional<RecoveryFailure> failure_;
  mutable std::mutex queue_mutex_;
  mutable std::condition_variable queue_changed_;
  mutable std::condition_variable applied_;
  std::deque<StoredRecord> queue_;  // without gaps
  Sequence durable_sequence_{0};    // of the last record that was offered, queued or not
  Sequence applied_sequence_{0};
  mutable std::multimap<Sequence, std::function<void()>> waiting_;
  bool is_stopped_{false};
};

}  // namespace watchbill::engine
