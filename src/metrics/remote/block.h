// Snappy's block format, in which the bodies of remote write and remote read travel.
// Pure; any thread. Source: google/snappy, format_description.txt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill::metrics::remote {

// What `bytes` are when compressed; never longer than 32 + 7/6 of them. About 1 GB/s.
[[nodiscard]] std::string compress(std::string_view bytes);

// The bytes again. Nothing is allocated before the length that the block claims is known to be at most `bytes_max` and possible
// for a block of this size. Fails: exhausted when it claims more than `bytes_max`, invalid when it is no such block.
[[nodiscard]] Result<std::string> decompress(std::string_view block, std::size_t bytes_max);

}  // namespace watchbill::metrics::remote
