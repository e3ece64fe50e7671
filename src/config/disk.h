// Files of a real disk for load_bill().
#pragma once

#include "config/load.h"

namespace watchbill::config {

// Reads regular files of at most `bytes_max`, and lists folders. Fails (not_found, denied, exhausted, …) as the system says.
[[nodiscard]] FileReader disk_files(std::size_t bytes_max = TreeLimits{}.bytes_max);

}  // namespace watchbill::config
