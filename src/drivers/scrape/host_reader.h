// Reads /proc, statvfs and uname of this host: the thin part below host_metrics.h.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "drivers/scrape/host_metrics.h"

namespace watchbill::drivers::scrape {

// Keeps the files of /proc open and reads each from its beginning at every call. One object, one thread at a time.
// Blocks for as long as the kernel takes: microseconds for /proc, and a look at the disk for statvfs of a local file system.
class HostReader {
 public:
  // `folder` is where proc is mounted. Never fails: what cannot be opened is reported by each read() and tried again there.
  explicit HostReader(std::string folder = "/proc");
  ~HostReader();
  HostReader(const HostReader&) = delete;
  HostReader& operator=(const HostReader&) = delete;

  // Adds what can be read now to `out`; gives the failures, one for each file that could not be read. A file system that does not
  // answer is no failure: it is in `out` with node_filesystem_device_error.
  [[nodiscard]] std::vector<Error> read(Instant now, HostMetrics& out);

 private:
  static constexpr std::size_t file_count = 7;

  [[nodiscard]] Result<std::string_view> contents(std::size_t file);

  std::string folder_;
  std::array<int, file_count> descriptors_{};
  std::string buffer_;
};

}  // namespace watchbill::drivers::scrape
