#include "engine/follower.h"

#include <chrono>

namespace watchbill::engine {

Follower::Follower(Recovered recovered, const Limits& limits, std::uint64_t snapshot_every_records)
    : limits_(limits), snapshot_every_records_(snapshot_every_records), state_(std::move(recovered.state)), head_(recovered.head),
      last_snapshot_(recovered.from_snapshot), applied_sequence_(recovered.head.sequence) {}

void Follower::offer(std::span<const StoredRecord> records, std::span<const Blob> blobs) {
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.insert(queue_.end(), records.begin(), records.end());
    for (const Blob& blob : blobs) blobs_.emplace(blob.digest, blob.bytes);
  }
  queue_changed_.notify_one();
}

std::size_t Follower::run(std::size_t max) {
  std::vector<StoredRecord> taken;
  std::map<Digest, std::string> blobs;
  {
    const std::lock_guard lock(queue_mutex_);
    while (!queue_.empty() && taken.size() < max) {
      taken.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    blobs = blobs_;
    if (queue_.empty()) blobs_.clear();
  }
  if (taken.empty()) return 0;
  const BlobLookup lookup = [&blobs](const Digest& digest) -> std::optional<std::string> {
    const auto at = blobs.find(digest);
    return at == blobs.end() ? std::nullopt : std::optional(at->second);
  };
  Sequence applied_to = 0;
  {
    const std::unique_lock lock(state_mutex_);
    for (const StoredRecord& record : taken) {
      if (failure_) break;
      const auto applied = apply_record(state_, head_, record, ApplyRecord{limits_, lookup, digests_compared_});
      if (!applied) failure_ = applied.error();
    }
    applied_to = head_.sequence;
  }
  {
    const std::lock_guard lock(queue_mutex_);
    applied_sequence_ = applied_to;
  }
  applied_.notify_all();
  return taken.size();
}

bool Follower::wait() {
  std::unique_lock lock(queue_mutex_);
  queue_changed_.wait(lock, [this] { return is_stopped_ || !queue_.empty(); });
  return !queue_.empty();
}

void Follower::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    is_stopped_ = true;
  }
  queue_changed_.notify_all();
  applied_.notify_all();
}

bool Follower::wait_for(Sequence sequence, Duration longest) const {
  std::unique_lock lock(queue_mutex_);
  applied_.wait_for(lock, std::chrono::milliseconds(longest.ms), [&] { return is_stopped_ || applied_sequence_ >= sequence; });
  return applied_sequence_ >= sequence;
}

std::optional<RecoveryFailure> Follower::failure() const {
  const std::shared_lock lock(state_mutex_);
  return failure_;
}

std::optional<ports::StoredSnapshot> Follower::take_snapshot(Digest& digest) {
  const std::unique_lock lock(state_mutex_);
  if (failure_ || head_.sequence - last_snapshot_ < snapshot_every_records_) return std::nullopt;
  last_snapshot_ = head_.sequence;
  digest = core::digest_of(state_);
  ports::StoredSnapshot snapshot{head_, {}};
  core::write_snapshot(state_, snapshot.text);
  return snapshot;
}

}  // namespace watchbill::engine
