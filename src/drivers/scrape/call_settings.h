// What a configuration says of calls, put into a call. The values of secrets go into the call and nowhere else.
#pragma once

#include <string>

#include "base/result.h"
#include "model/configuration_client.h"
#include "ports/http_client.h"

namespace watchbill::drivers::scrape {

// Sets redirects, TLS and proxy of `call`, and adds the Authorization header where there is one. Reads the environment, or a file
// of at most 64 KiB, whose blanks at both ends do not count; so a renewed secret holds from the next call on. Fails as reading
// does, and (not_found) where the environment has no such name; errors name the place and never the secret. Blocks for as long as
// a local file does. Any thread.
[[nodiscard]] Status settle_call(const HttpClientConfiguration& client, ports::HttpCall& call);
// The same with a secret that is known already; null: it is read.
[[nodiscard]] Status settle_call_with(const std::string* secret, const HttpClientConfiguration& client, ports::HttpCall& call);
// The text of such a file.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);

}  // namespace watchbill::drivers::scrape
