// Files in the data directory, for what is not the journal: samples, logs, exports.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchbill::ports {

// The bytes of a file that does not change, where they lie: they stay readable as long as the owner is held, also when the file
// is removed or renamed. What is not read costs no memory. Whoever shortens or overwrites such a file takes the program down.
struct MappedBytes {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
  std::function<void()> rest;  // may be none: what was read so far need not stay in memory; it is read anew when it is looked at
};

// Paths are relative to the data directory, with `/` between their parts, without `.` and `..`. Every call may fail with an Error
// whose kind says what the file system said. One thread at a time.
class FilesPort {
 public:
  virtual ~FilesPort() = default;

  // The names of the files (not folders) directly in a folder, sorted by bytes. A folder that does not exist has none.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;

  // The bytes of a file. Fails not_found when there is none, exhausted when it holds more than `bytes_max`.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path, std::uint64_t bytes_max) = 0;

  // At most `bytes_max` bytes of a file from `offset` on: fewer where it ends, none behind its end. Somebody else may add to the
  // file meanwhile. Fails not_found when there is none.
  [[nodiscard]] virtual Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) = 0;

  // Adds bytes to the end of a file; makes it, and its folder, when they are missing. On success the bytes are on stable storage.
  // On failure the file is as it was; where the disk does not even allow that, any beginning of the bytes may stand at its end.
  [[nodiscard]] virtual Status append(const std::string& path, std::string_view bytes) = 0;

  // Gives the file these bytes and no others; a crash leaves the old or the new contents, never a part.
  [[nodiscard]] virtual Status replace(const std::string& path, std::string_view bytes) = 0;

  // The bytes of a file in place, see MappedBytes; they may be read on any thread. Fails not_found when there is none.
  [[nodiscard]] virtual Result<MappedBytes> map(const std::string& path) = 0;

  // Gives a file another name in its folder; one that has that name already is gone then. On success the names are on stable
  // storage; a crash leaves the old or the new names.
  [[nodiscard]] virtual Status rename(const std::string& path, const std::string& new_path) = 0;

  // Removes a file. One that does not exist is no failure. On success no crash brings it back.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
};

}  // namespace watchbill::ports
