// The Authorization header of a call. Its value is a secret: it goes into the call and nowhere else.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/configuration_scrape.h"

namespace watchbill::drivers::scrape {

// The header's value; none where the configuration has none. Reads the environment, or a file of at most 64 KiB, whose blanks at
// both ends do not count; so a renewed secret holds from the next call on. Fails as reading does, and (not_found) where the
// environment has no such name; errors name the place and never the secret. Blocks for as long as a local file does.
[[nodiscard]] Result<std::optional<std::string>> authorization_of(const HttpClientConfiguration& client);

}  // namespace watchbill::drivers::scrape
