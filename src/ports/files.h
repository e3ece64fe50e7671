// Files in the data directory, for what is not the journal: samples, logs, exports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchbill::ports {

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
  // On failure any beginning of them may have been written.
  [[nodiscard]] virtual Status append(const std::string& path, std::string_view bytes) = 0;

  // Gives the file these bytes and no others; a crash leaves the old or the new contents, never a part.
  [[nodiscard]] virtual Status replace(const std::string& path, std::string_view bytes) = 0;

  // Removes a file. One that does not exist is no failure.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
};

}  // namespace watchbill::ports
