// A disk that remembers every write and every sync of SQLite, so that a test can cut the power afterwards at any of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace watchbill::drivers::sqlite {

// What SQLite did to a file, in order, and how many records were acknowledged before it.
struct DiskStep {
  enum class Kind : std::uint8_t { write, truncate, sync, remove };
  Kind kind{Kind::write};
  std::string file;
  std::uint64_t offset{0};  // of a write; size of a truncate
  std::string bytes;
  std::uint64_t acknowledged{0};
};

// While it lives, SQLite's default file system passes through here. One at a time.
class RecordingDisk {
 public:
  RecordingDisk();
  RecordingDisk(const RecordingDisk&) = delete;
  RecordingDisk& operator=(const RecordingDisk&) = delete;
  ~RecordingDisk();

  // The test tells what it was promised, so that each step knows it.
  void acknowledge(std::uint64_t sequence);
  // From now on the sync number `n` from here (1: the next) fails.
  void fail_sync(int n);
  [[nodiscard]] const std::vector<DiskStep>& steps() const;

  // The files as they may be after a power cut behind step `count`: synced writes are there; of the others each 512-byte sector
  // is there or not, as `seed` decides, in any order of the writes.
  [[nodiscard]] std::map<std::string, std::string> after_power_cut(std::size_t count, std::uint64_t seed) const;
};

}  // namespace watchbill::drivers::sqlite
