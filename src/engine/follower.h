// The follower: applies durable records to a State of its own, so that readers, snapshots and digest checks never stop the
// engine.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include "engine/recovery.h"
#include "model/record.h"

namespace watchbill::engine {

class Follower {
 public:
  // Starts where the engine starts: `recovered` is its own copy. A snapshot is due every `snapshot_every_records`.
  Follower(Recovered recovered, const Limits& limits, std::uint64_t snapshot_every_records);

  // Queues durable records with the blobs that came with them; the engine calls it and never waits for it. Copies the bytes. Any
  // thread.
  void offer(std::span<const StoredRecord> records, std::span<const Blob> blobs);

  // Applies what is queued, at most `max` records; gives how many. Follower's thread (or simulation).
  std::size_t run(std::size_t max);

  // Waits until something is queued or stop() was called; false then. Follower's thread.
  [[nodiscard]] bool wait();
  void stop();

  // Calls visit(state, head) under a shared lock, for the length of one answer. Any thread.
  template <class Visit>
  auto read(Visit&& visit) const {
    const std::shared_lock lock(state_mutex_);
    return visit(static_cast<const core::State&>(state_), head_);
  }

  // Waits until records up to `sequence` are applied; false after `longest`. Any thread.
  [[nodiscard]] bool wait_for(Sequence sequence, Duration longest) const;

  // The first record that could not be applied, or whose digest differs: a defect, the process must end (exit 7).
  [[nodiscard]] std::optional<RecoveryFailure> failure() const;

  // The snapshot that became due, once: for the journal port to store and the engine to record. Follower's thread.
  [[nodiscard]] std::optional<ports::StoredSnapshot> take_snapshot(Digest& digest);

 private:
  const Limits limits_;
  const std::uint64_t snapshot_every_records_;
  mutable std::shared_mutex state_mutex_;
  core::State state_;
  ChainHead head_;
  std::uint64_t digests_compared_{0};
  Sequence last_snapshot_{0};
  std::optional<RecoveryFailure> failure_;
  mutable std::mutex queue_mutex_;
  mutable std::condition_variable queue_changed_;
  mutable std::condition_variable applied_;
  std::deque<StoredRecord> queue_;
  std::map<Digest, std::string> blobs_;  // of queued records
  Sequence applied_sequence_{0};
  bool is_stopped_{false};
};

}  // namespace watchbill::engine
