#include "engine/read_ahead.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace watchbill::engine {
namespace {

using Use = std::function<std::optional<RecoveryFailure>(const CheckedRecord&)>;

// Reads records one after another, each as the successor of the one before.
class CheckedReading {
 public:
  CheckedReading(ports::JournalPort& journal, const ChainHead& head)
      : journal_(journal), blobs_(blobs_of(journal)), head_(head) {}

  // Until `take` gives false.
  template <class Take>
  std::optional<RecoveryFailure> run(Sequence to, const Take& take) {
    std::optional<RecoveryFailure> failure;
    const Status read = journal_.read(head_.sequence + 1, to, [&](const StoredRecord& stored) {
      Result<CheckedRecord, RecoveryFailure> record = check_record(head_, stored, blobs_);
      if (!record) {
        failure = std::move(record.error());
        return false;
      }
      head_ = record->head;
      return take(std::move(*record));
    });
    if (!failure && !read) failure = from_error(head_.sequence + 1, read.error());
    return failure;
  }

 private:
  ports::JournalPort& journal_;
  BlobLookup blobs_;
  ChainHead head_;
};

// What one thread has read and another has not used yet. Handed over in batches: a lock and a wake-up for each, not for each
// record.
class Ahead {
 public:
  // Waits for room. False: nobody wants more.
  bool put(std::vector<CheckedRecord> batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_unwanted_ || batches_.size() < batches_max; });
    if (is_unwanted_) return false;
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  void end(std::optional<RecoveryFailure> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    is_over_ = true;
    changed_.notify_all();
  }

  // Waits for the next one; none at the end.
  std::vector<CheckedRecord> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_over_ || !batches_.empty(); });
    if (batches_.empty()) return {};
    std::vector<CheckedRecord> batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return batch;
  }

  void give_up() {
    const std::lock_guard lock(mutex_);
    is_unwanted_ = true;
    changed_.notify_all();
  }

  // Once take() gave none.
  [[nodiscard]] std::optional<RecoveryFailure> failure() {
    const std::lock_guard lock(mutex_);
    return std::move(failure_);
  }

 private:
  static constexpr std::size_t batches_max = 8;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<CheckedRecord>> batches_;
  std::optional<RecoveryFailure> failure_;
  bool is_over_{false};
  bool is_unwanted_{false};
};

constexpr std::size_t batch_records_max = 256;
// Blobs may be megabytes each: so much of them and a batch is full.
constexpr std::size_t batch_blob_bytes_max = 1U << 20U;

void read_ahead(CheckedReading reading, Sequence to, Ahead& ahead) {
  std::vector<CheckedRecord> batch;
  std::size_t blob_bytes = 0;
  std::optional<RecoveryFailure> failure = reading.run(to, [&](CheckedRecord record) {
    if (batch.empty()) batch.reserve(batch_records_max);
    for (const Blob& blob : record.blobs) blob_bytes += blob.bytes.size();
    batch.push_back(std::move(record));
    if (batch.size() < batch_records_max && blob_bytes < batch_blob_bytes_max) return true;
    blob_bytes = 0;
    return ahead.put(std::exchange(batch, {}));
  });
  // What was read before the record that cannot be: it is used first.
  if (!batch.empty()) static_cast<void>(ahead.put(std::move(batch)));
  ahead.end(std::move(failure));
}

std::optional<RecoveryFailure> use_ahead(CheckedReading reading, Sequence to, const Use& use) {
  Ahead ahead;
  const std::jthread reader([&ahead, to, reading = std::move(reading)]() mutable { read_ahead(std::move(reading), to, ahead); });
  for (;;) {
    const std::vector<CheckedRecord> batch = ahead.take();
    if (batch.empty()) return ahead.failure();
    for (const CheckedRecord& record : batch) {
      std::optional<RecoveryFailure> failure = use(record);
      if (!failure) continue;
      ahead.give_up();
      return failure;
    }
  }
}

}  // namespace

std::optional<RecoveryFailure> each_checked(ports::JournalPort& journal, const ChainHead& head, Sequence to, Reading reading,
                                            const Use& use) {
  CheckedReading records(journal, head);
  if (reading == Reading::ahead) return use_ahead(std::move(records), to, use);
  std::optional<RecoveryFailure> unused;
  std::optional<RecoveryFailure> unread = records.run(to, [&](const CheckedRecord& record) { return !(unused = use(record)); });
  return unused ? unused : unread;
}

}  // namespace watchbill::engine
