// What the head knows of each series, in pages that writers copy when a snapshot still reads them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "metrics/tsdb/chunk.h"
#include "metrics/tsdb/packed_labels.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

// Adds its bytes to an account as long as it lives: who holds the memory last (a snapshot, perhaps) gives it back to the account.
class CountedBytes {
 public:
  CountedBytes(std::atomic<std::size_t>& account, std::size_t bytes) noexcept : account_(account), bytes_(bytes) {
    account_ += bytes_;
  }
  CountedBytes(const CountedBytes& other) noexcept : CountedBytes(other.account_, other.bytes_) {}
  CountedBytes& operator=(const CountedBytes&) = delete;
  ~CountedBytes() { account_ -= bytes_; }

 private:
  std::atomic<std::size_t>& account_;
  std::size_t bytes_;
};

// Labels as readers want them, counted. Made when somebody reads a series, dropped when nobody did for minutes.
struct UnpackedLabels {
  UnpackedLabels(std::atomic<std::size_t>& account, const PackedLabels& packed);

  Labels labels;
  CountedBytes counted;
};

// What never changes of a series, and what is remembered of it for readers.
class SeriesRecord {
 public:
  SeriesRecord(std::atomic<std::size_t>& account, const Labels& its_labels);
  ~SeriesRecord();
  SeriesRecord(const SeriesRecord&) = delete;
  SeriesRecord& operator=(const SeriesRecord&) = delete;

  const PackedLabels labels;

  // The labels for a reader; they stay where they are as long as a snapshot lives that was made before. Any thread.
  [[nodiscard]] const Labels& unpacked() const;
  // Takes them away when nobody asked for them since the last call; the caller frees them when no reader is left.
  [[nodiscard]] UnpackedLabels* take_unused() noexcept;

 private:
  friend class SeriesHolder;

  std::atomic<std::size_t>& account_;  // of its bytes
  mutable std::atomic<UnpackedLabels*> unpacked_{nullptr};
  std::atomic<std::uint32_t> holder_count_{0};
  mutable std::atomic<bool> is_used_{false};
};

// Keeps a record, and with the last holder it goes: as a shared_ptr, of half its size and 16 bytes less for each record. One
// thread an object; different ones of a record on any thread.
class SeriesHolder {
 public:
  SeriesHolder() noexcept = default;
  // Holds: `record` was made by `new`; the first holder owns it.
  explicit SeriesHolder(SeriesRecord* record) noexcept : record_(record) { hold(); }
  SeriesHolder(const SeriesHolder& other) noexcept : record_(other.record_) { hold(); }
  SeriesHolder(SeriesHolder&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  SeriesHolder& operator=(SeriesHolder other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~SeriesHolder() {
    if (record_ != nullptr && record_->holder_count_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete record_;
  }
  [[nodiscard]] SeriesRecord* get() const noexcept { return record_; }
  [[nodiscard]] SeriesRecord* operator->() const noexcept { return record_; }

 private:
  void hold() const noexcept {
    if (record_ != nullptr) record_->holder_count_.fetch_add(1, std::memory_order_relaxed);
  }

  SeriesRecord* record_{nullptr};
};

// What changes with each sample. Plain data; a value of it is what the series was at one moment.
struct SeriesState {
  SeriesRecord* record{nullptr};  // null: the slot is free. Owned by the index, which outlives every state that is read.
  Chunk* oldest{nullptr};
  std::uint64_t number{0};              // of the series: from 1, in order of creation, never used twice
  std::int64_t oldest_ms{0};            // first_ms of the oldest chunk
  std::int64_t moved_ms{std::numeric_limits<std::int64_t>::min()};  // samples up to this time are in blocks too
  std::uint32_t chunk_count{0};         // the open one included
  std::uint32_t generation{0};          // counts how often the slot was given away
  std::uint32_t logged_segment{0};      // the log segment that holds the labels
  ChunkWriter newest;
};

inline constexpr std::size_t page_series = 256;

struct Page {
  explicit Page(std::atomic<std::size_t>& account) noexcept : counted(account, sizeof(Page)) {}

  CountedBytes counted;
  std::uint64_t version{0};  // the head's version when the page was made: snapshots from that version on read it
  std::array<SeriesState, page_series> states{};
};

using PageTable = std::vector<std::shared_ptr<Page>>;

// What a slot holds; the slot was given away once, so its page is there.
[[nodiscard]] inline const SeriesState& state_at(const PageTable& pages, std::uint32_t slot) noexcept {
  return pages[slot / page_series]->states[slot % page_series];
}

}  // namespace watchbill::metrics::tsdb
