// Records and directories that the tests of the SQLite journal share.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "model/record.h"

namespace watchbill::drivers::sqlite {

// A fresh directory that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : TemporaryDirectory(std::filesystem::temp_directory_path()) {}
  explicit TemporaryDirectory(const std::filesystem::path& parent) {
    std::string pattern = (parent / "watchbill-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) != nullptr ? pattern : std::string();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// A place in memory where there is one: for tests that make thousands of files and need no real disk.
inline std::filesystem::path memory_folder() {
  const std::filesystem::path shared = "/dev/shm";
  return std::filesystem::is_directory(shared) ? shared : std::filesystem::temp_directory_path();
}

// Makes well-chained records, one command each.
class RecordMaker {
 public:
  explicit RecordMaker(std::size_t text_bytes = 100) : text_bytes_(text_bytes) {}

  [[nodiscard]] StoredRecord next() {
    RecordBody body;
    body.nonce = std::string(32, '0');
    body.cause.body = NoteClockJump{};
    body.cause.actor = engine_actor();
    HoldSet hold;
    hold.by = "ana";
    hold.reason = "record " + std::to_string(head_.sequence + 1) + " " + std::string(text_bytes_, 'x');
    hold.scope = "workload/w" + std::to_string(head_.sequence);
    body.events.push_back(RecordedEvent{hold, std::nullopt});
    StoredRecord record;
    record.sequence = head_.sequence + 1;
    record.payload = encode_payload(body);
    const Instant time{1'772'366'400'000 + static_cast<std::int64_t>(record.sequence)};
    record.header = encode_header(RecordHeader{record.sequence, time, 1, segment_, sha256(*record.payload), head_.hash});
    head_ = ChainHead{record.sequence, record.hash(), time, 1, segment_};
    return record;
  }
  [[nodiscard]] std::vector<StoredRecord> next(std::size_t count) {
    std::vector<StoredRecord> records;
    for (std::size_t i = 0; i < count; ++i) records.push_back(next());
    return records;
  }
  void begin_segment() { ++segment_; }
  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }

 private:
  std::size_t text_bytes_;
  Segment segment_{1};
  ChainHead head_;
};

}  // namespace watchbill::drivers::sqlite
