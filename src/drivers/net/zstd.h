// zstd (RFC 8878) of response bodies that we asked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill::drivers::net {

// What was compressed, of at most `bytes_max`: one frame or several, one after the other; skippable frames are passed over, and
// formats of before the RFC are no zstd. Memory beside the answer is bounded by the window, of at most 8 MiB as RFC 8878
// §3.1.1.1.2 advises decoders. Fails (invalid) on what is no zstd, has a wrong checksum, needs a dictionary or ends early,
// (exhausted) beyond either bound: a few bytes may stand for gigabytes.
[[nodiscard]] Result<std::string> unzstd(std::string_view bytes, std::size_t bytes_max);

}  // namespace watchbill::drivers::net
