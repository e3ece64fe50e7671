// The token of the first start: DATA/admin.token, readable by its owner only (design/http.md §2).
#pragma once

#include <string>

#include "base/result.h"
#include "ports/effects.h"

namespace watchbill::app {

// The token in `data_directory`: 64 lower-case hex digits, made of 32 random bytes when there is none yet. On stable storage when
// this returns. Fails invalid when the file holds something else, denied when others than its owner may read it.
[[nodiscard]] Result<std::string> admin_token(const std::string& data_directory, ports::EntropyPort& entropy);

}  // namespace watchbill::app
