// Figures of our own process, as client libraries report them.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace watchbill::drivers::system {

struct ProcessFigures {
  double cpu_seconds{0};    // user and system time
  double start_seconds{0};  // since 1970
  std::uint64_t resident_bytes{0}, virtual_bytes{0};
  std::uint64_t open_fds{0}, open_fds_max{0};
};

// Reads /proc/self; about 50 µs. Fails when /proc is not there. Any thread.
[[nodiscard]] Result<ProcessFigures> read_process_figures();

}  // namespace watchbill::drivers::system
