// Which files a pattern of `rule_files` means. Internal to the folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "config/paths.h"

namespace watchbill::ruletest {

// The files that are there, by name. A pattern may stand in any part; `*` finds no hidden names. Folders that cannot be listed
// hold nothing, as in Go's Glob. Fails where a file is there and cannot be read, and (exhausted) beyond
// `paths_max`. Holds: `pattern` is absolute.
[[nodiscard]] Result<std::vector<std::string>> paths_of(std::string_view pattern, const config::FileReader& files,
                                                        std::size_t paths_max);

}  // namespace watchbill::ruletest
