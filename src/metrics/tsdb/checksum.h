// CRC-32C (Castagnoli), the checksum of the parts of a block file.
#pragma once

#include <cstdint>
#include <string_view>

namespace watchbill::metrics::tsdb {

// Of these bytes; with `before`, of what `before` is the checksum of, followed by these bytes. Finds every flipped bit and every
// burst of up to 32. Costs about 0.6 ns a byte. Source: RFC 3720 §B.4.
[[nodiscard]] std::uint32_t checksum(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace watchbill::metrics::tsdb
