#include "engine/follower.h"

#include <algorithm>
#include <chrono>

namespace watchbill::engine {

Follower::Follower(Recovered recovered, ports::JournalPort& journal, const Limits& limits, std::uint64_t snapshot_every_records)
    : journal_(journal), limits_(limits), snapshot_every_records_(snapshot_every_records), state_(std::move(recovered.state)),
      head_(recovered.head), head_sequence_(recovered.head.sequence), last_snapshot_(recovered.from_snapshot),
      durable_sequence_(recovered.head.sequence), applied_sequence_(recovered.head.sequence) {}

void Follower::offer(std::span<const StoredRecord> records) {
  if (records.empty()) return;
  {
    const std::lock_guard lock(queue_mutex_);
    durable_sequence_ = records.back().sequence;
    const bool has_gap = !queue_.empty() && queue_.back().sequence + 1 != records.front().sequence;
    if (!has_gap && queue_.size() + records.size() <= limits_.follower_queue_records_max)
      queue_.insert(queue_.end(), records.begin(), records.end());
  }
  queue_changed_.notify_one();
}

Result<std::vector<StoredRecord>> Follower::take(std::size_t max) {
  std::vector<StoredRecord> taken;
  const Sequence next = head_.sequence + 1;  // only this thread moves head_
  Sequence last = 0;
  {
    const std::lock_guard lock(queue_mutex_);
    if (durable_sequence_ < next) return taken;
    for (; !queue_.empty() && queue_.front().sequence == next + taken.size() && taken.size() < max; queue_.pop_front())
      taken.push_back(std::move(queue_.front()));
    if (!taken.empty() || max == 0) return taken;
    last = std::min(durable_sequence_, head_.sequence + max);
    if (!queue_.empty()) last = std::min(last, queue_.front().sequence - 1);
  }
  const Status read = journal_.read(next, last, [&taken](const StoredRecord& record) {
    taken.push_back(record);
    return true;
  });
  if (!read) return read.error();
  if (taken.empty()) return Error{ErrorKind::corrupt, "follow the journal", "record " + std::to_string(next), "it is missing"};
  return taken;
}

std::optional<RecoveryFailure> Follower::check(std::span<const StoredRecord> stored, std::vector<CheckedRecord>& out) {
  const BlobLookup blobs = blobs_of(journal_);
  ChainHead head = head_;
  out.reserve(stored.size());
  for (const StoredRecord& each : stored) {
    Result<CheckedRecord, RecoveryFailure> record = check_record(head, each, blobs);
    if (!record) return std::move(record.error());
    head = record->head;
    out.push_back(std::move(*record));
  }
  return std::nullopt;
}

std::size_t Follower::run(std::size_t max) {
  if (failure()) return 0;
  const Result<std::vector<StoredRecord>> taken = take(max);
  if (taken && taken->empty()) return 0;
  // Read and checked before the readers have to wait.
  std::vector<CheckedRecord> records;
  std::optional<RecoveryFailure> failure;
  if (!taken) failure = RecoveryFailure{RecoveryFault::store_failed, head_.sequence + 1, taken.error().text()};
  else failure = check(*taken, records);
  std::size_t count = 0;
  Sequence applied_to = 0;
  {
    const std::unique_lock lock(state_lock_);
    for (const CheckedRecord& record : records) {
      failure_ = apply_checked(state_, record, limits_, digests_compared_);
      if (failure_) break;
      head_ = record.head;
      ++count;
    }
    if (!failure_) failure_ = std::move(failure);
    applied_to = head_.sequence;
    head_sequence_ = applied_to;  // before a reader can see the record: none finds the number behind what was read
  }
  {
    const std::lock_guard lock(queue_mutex_);
    applied_sequence_ = applied_to;
  }
  applied_.notify_all();
  tell_waiting(applied_to);
  return count;
}

void Follower::when_applied(Sequence sequence, std::function<void()> done) const {
  {
    const std::lock_guard lock(queue_mutex_);
    if (!is_stopped_ && applied_sequence_ < sequence) {
      waiting_.emplace(sequence, std::move(done));
      return;
    }
  }
  done();
}

void Follower::tell_waiting(Sequence sequence) const {
  std::vector<std::function<void()>> told;
  {
    const std::lock_guard lock(queue_mutex_);
    const auto end = waiting_.upper_bound(sequence);
    for (auto at = waiting_.begin(); at != end; ++at) told.push_back(std::move(at->second));
    waiting_.erase(waiting_.begin(), end);
  }
  for (const std::function<void()>& done : told) done();
}

bool Follower::wait() {
  std::unique_lock lock(queue_mutex_);
  queue_changed_.wait(lock, [this] { return is_stopped_ || durable_sequence_ > applied_sequence_; });
  return durable_sequence_ > applied_sequence_;
}

void Follower::stop() {
  {
    const std::lock_guard lock(queue_mutex_);
    is_stopped_ = true;
  }
  queue_changed_.notify_all();
  applied_.notify_all();
  tell_waiting(~Sequence{0});
}

bool Follower::wait_for(Sequence sequence, Duration longest) const {
  std::unique_lock lock(queue_mutex_);
  applied_.wait_for(lock, std::chrono::milliseconds(longest.ms), [&] { return is_stopped_ || applied_sequence_ >= sequence; });
  return applied_sequence_ >= sequence;
}

std::optional<RecoveryFailure> Follower::failure() const {
  const std::shared_lock lock(state_lock_);
  return failure_;
}

std::optional<ports::StoredSnapshot> Follower::take_snapshot(Digest& digest) {
  // Only this thread changes the state: it needs the lock where it does, and readers go on while the text is written.
  if (failure_ || head_.sequence - last_snapshot_ < snapshot_every_records_) return std::nullopt;
  last_snapshot_ = head_.sequence;
  {
    const std::unique_lock lock(state_lock_);
    digest = core::digest_of(state_);
  }
  ports::StoredSnapshot snapshot{head_, {}};
  core::write_snapshot(state_, snapshot.text);
  return snapshot;
}

}  // namespace watchbill::engine
