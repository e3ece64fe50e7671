// gzip (RFC 1952) of response bodies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill::drivers::net {

// Compresses at the fastest level: about 100 MB/s, a quarter of the size for JSON. Nothing when memory is short.
[[nodiscard]] std::optional<std::string> gzip(std::string_view bytes);

// What was compressed, of at most `bytes_max`: one member or several, one after the other. Fails (invalid) on what is no gzip or
// ends early, (exhausted) beyond the bound: a few KB may stand for gigabytes.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

// Whether an Accept-Encoding header (RFC 9110 §12.5.3) allows gzip: named with a quality above 0, or covered by `*`.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

}  // namespace watchbill::drivers::net
