// DATA/urls: where the controller of a data directory is served, for the verbs of this host. Its admin.token is sent there and
// nowhere else.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace watchbill::app {

// Writes them, one a line, readable by its owner only; whole or not at all. Fails as writing does. Holds: the caller has the lock
// of the data directory.
[[nodiscard]] Status write_served_urls(const std::string& data_directory, const std::vector<std::string>& urls);

// Takes them away: before the first address is listened at, for a controller that was killed left its own, and at the end.
void remove_served_urls(const std::string& data_directory);

// Those of the controller that holds the directory now; none when no controller does, or they cannot be read.
[[nodiscard]] std::vector<std::string> served_urls(const std::string& data_directory);

}  // namespace watchbill::app
