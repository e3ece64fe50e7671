// The journal in SQLite: one file per segment in DATA/journal, snapshots in DATA/snapshots, the reserve in DATA/ballast, the lock
// of the one controller in DATA/lock (design/architecture.md, "The journal").
//
// Cost of an append: one transaction, one fdatasync; no secondary index. A closed segment is rewritten without a WAL and made
// read-only, so that a copy of the file is a backup.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "drivers/sqlite/connection.h"
#include "ports/journal.h"

namespace watchbill::drivers::sqlite {

// Bytes that are given up when the disk is full, and how much must be free before they are taken again.
inline constexpr std::uint64_t ballast_bytes = 64U << 20;
inline constexpr std::uint64_t ballast_free_bytes_min = 128U << 20;
// Ordinary writing goes on with so much free, beside the room that a reserve gave up: twice the largest batch.
inline constexpr std::uint64_t ordinary_free_bytes_min = 2U << 20;

// The lock on a data directory, held for the life of the object (and by no other process meanwhile).
class DataLock {
 public:
  DataLock() = default;
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&& other) noexcept;
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;
  ~DataLock();

  // Makes the directory (mode 0700) when it is not there. Fails with `busy` (data_in_use) when another controller holds it, with
  // `denied`, `read_only` or `exhausted` (data_not_writable) when it cannot be written.
  [[nodiscard]] static Result<DataLock> take(const std::string& data_directory);
  // True while some process holds it. Makes nothing.
  [[nodiscard]] static bool is_held(const std::string& data_directory);

 private:
  int descriptor_{-1};
};

// One controller writes, holding a DataLock; any number of others read beside it or without it.
class Journal final : public ports::JournalPort {
 public:
  // `ballast` false leaves the reserve out (tests, offline tools).
  struct Options {
    Access access{Access::read_write};
    bool ballast{true};
  };
  // Fails (not_found) when there is no journal and `access` is read_only.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& data_directory, Options options);

  // Keeps the lock as long as the journal lives, for callers that have nothing else to keep it in.
  void hold(DataLock lock) { lock_ = std::move(lock); }

  [[nodiscard]] Result<ports::JournalEnd> end() override;
  [[nodiscard]] ports::AppendOutcome append(std::span<const StoredRecord> records, std::span<const Blob> blobs,
                                            std::string& detail) override;
  [[nodiscard]] Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) override;
  [[nodiscard]] Result<std::optional<std::string>> blob(const Digest& digest) override;
  [[nodiscard]] ports::Room keep_ballast(bool wanted) override;
  [[nodiscard]] Status save_snapshot(const ports::StoredSnapshot& snapshot) override;
  [[nodiscard]] Result<std::optional<ports::StoredSnapshot>> load_snapshot(std::size_t skip) override;

  // Visits all blobs of the records from `from` on, in the order of their segments: for export and backup.
  [[nodiscard]] Status each_blob(const std::function<bool(const Digest&, std::string_view)>& visit);
  // The numbers of the segments that are there, ascending.
  [[nodiscard]] std::vector<Segment> segments() const;
  [[nodiscard]] std::string segment_path(Segment segment) const;

 private:
  Journal(std::string data_directory, Options options) : data_(std::move(data_directory)), options_(options) {}

  [[nodiscard]] Status open_for_append(Segment segment);
  [[nodiscard]] Status settle(Segment segment);
  [[nodiscard]] Result<std::shared_ptr<Connection>> reader(Segment segment);
  [[nodiscard]] Status write_all(std::span<const StoredRecord> records, std::span<const Blob> blobs);
  void close_segment();

  std::string data_;
  Options options_;
  DataLock lock_;
  Segment open_segment_{0};
  std::shared_ptr<Connection> writer_;
  Statement insert_record_;
  Statement insert_blob_;
  std::map<Segment, std::shared_ptr<Connection>> readers_;  // shared: a walk keeps its own while others come and go
};

}  // namespace watchbill::drivers::sqlite
